"""THREAD: messages as trees (RFC 5256 section 3)."""
