"""Envelopes, addresses, and the header fields that a mail server itself writes."""
