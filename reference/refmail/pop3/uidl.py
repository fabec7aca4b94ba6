"""UIDL (RFC 1939 section 7)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import multi_line, ok

__all__ = ["UidlCommand"]


class UidlCommand(SessionBase):
    """Gives the unique-id of one message or of each."""

    def do_uidl(self, argument: bytes | None) -> bytes:
        number = arguments.optional_number(argument)
        if number is not None:
            return ok(self.unique_id_listing(self.maildrop.find(number)))
        return multi_line("unique-ids follow", [self.unique_id_listing(item) for item in self.maildrop.items])

    def unique_id_listing(self, item: Item) -> str:
        """Return a message's number and unique-id, and nothing else."""
        return f"{item.number} {item.unique_id}"
