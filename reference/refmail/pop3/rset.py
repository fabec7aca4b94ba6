"""RSET (RFC 1939 section 5)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import ok

__all__ = ["RsetCommand"]


class RsetCommand(SessionBase):
    """Takes back all deletion marks."""

    def do_rset(self, argument: bytes | None) -> bytes:
        arguments.none(argument)
        self.maildrop.unmark_all()
        return ok(f"maildrop has {len(self.maildrop.items)} messages ({self.maildrop.octets} octets)")
