"""Checks of IMAP: RFC 3501 and its extensions."""
