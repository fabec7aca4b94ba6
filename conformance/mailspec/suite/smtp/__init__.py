"""Checks of SMTP and submission: RFC 5321 and its extensions."""
