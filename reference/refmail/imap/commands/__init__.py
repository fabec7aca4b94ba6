"""The commands of RFC 3501 section 6, one file each, and the table of them."""
