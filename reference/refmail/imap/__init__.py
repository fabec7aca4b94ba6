"""The IMAP4rev1 side of the server (RFC 3501); the session is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["ImapSession"]


def __getattr__(name: str) -> object:
    if name != "ImapSession":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from refmail.imap.session import ImapSession

    return ImapSession
