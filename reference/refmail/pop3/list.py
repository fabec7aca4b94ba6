"""LIST (RFC 1939 section 5)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import multi_line, ok

__all__ = ["ListCommand"]


class ListCommand(SessionBase):
    """Gives the size of one message or of each."""

    def do_list(self, argument: bytes | None) -> bytes:
        number = arguments.optional_number(argument)
        if number is not None:
            return ok(self.scan_listing(self.maildrop.find(number)))
        items = self.maildrop.items
        text = f"{len(items)} messages ({self.maildrop.octets} octets)"
        return multi_line(text, [self.scan_listing(item) for item in items])

    def scan_listing(self, item: Item) -> str:
        """Return a message's number and octets, and nothing else."""
        return f"{item.number} {item.size}"
