"""The IMAP4rev1 side of the server (RFC 3501)."""

from __future__ import annotations

from refmail.imap.session import ImapSession

__all__ = ["ImapSession"]
