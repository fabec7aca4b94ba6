"""SEARCH: keys as values that compile to tests of a message (RFC 3501 section 6.4.4)."""
