"""What a server has announced that changes the grammar of its responses."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Dialect"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Announcements that loosen RFC 3501.

    Args:
        rev2: IMAP4rev2 is spoken: text may be empty and sizes may have 63 bits (RFC 9051 section 9).
        utf8: UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings and text may hold UTF-8 (RFC 6855 section 3).
    """

    rev2: bool = False
    utf8: bool = False
