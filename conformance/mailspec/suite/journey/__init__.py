"""Checks that follow one message through SMTP, the store, IMAP and POP3."""
