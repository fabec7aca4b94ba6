"""STAT (RFC 1939 section 5)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import ok

__all__ = ["StatCommand"]


class StatCommand(SessionBase):
    """Counts the messages that are not marked."""

    def do_stat(self, argument: bytes | None) -> bytes:
        arguments.none(argument)
        return ok(self.drop_listing())

    def drop_listing(self) -> str:
        """Return the number of messages and their octets, and nothing else."""
        return f"{len(self.maildrop.items)} {self.maildrop.octets}"
