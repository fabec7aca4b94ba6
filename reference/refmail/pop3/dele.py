"""DELE (RFC 1939 section 5)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import ok

__all__ = ["DeleCommand"]


class DeleCommand(SessionBase):
    """Marks a message; only QUIT removes it."""

    def do_dele(self, argument: bytes | None) -> bytes:
        item = self.maildrop.find(arguments.number(argument))
        self.maildrop.mark(item)
        return ok(f"message {item.number} marked as deleted")
