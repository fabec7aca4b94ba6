"""Mail stores: the seam (`api`), a store in memory, and Maildir on disk."""
