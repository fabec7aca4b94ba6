"""IMAP4rev2 (RFC 9051) as something to enable; what it changes then stands in `refmail.imap.rev2`."""

from __future__ import annotations

from refmail.imap.extensions.base import Extension
from refmail.imap.states import ANY

__all__ = ["IMAP4REV2"]

IMAP4REV2 = Extension(b"IMAP4rev2", offered=ANY, enables=frozenset({b"IMAP4REV2"}))
