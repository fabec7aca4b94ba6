"""RETR (RFC 1939 section 5)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import Refusal, ok, stuffed
from refmail.store.api import NoSuchMessage

__all__ = ["RetrCommand"]


class RetrCommand(SessionBase):
    """Sends a message."""

    def do_retr(self, argument: bytes | None) -> Steps[bytes]:
        item = self.maildrop.find(arguments.number(argument))
        octets = yield from self.read(item)
        return ok(f"{item.size} octets") + self.message(octets)

    def read(self, item: Item) -> Steps[bytes]:
        """Return the octets of a message.

        Raises:
            Refusal: another program has removed it.
        """
        try:
            return (yield from self.call(self.maildrop.mailbox.read, item.meta.uid))
        except NoSuchMessage as error:
            text = f"message {item.number} was removed by another program"
            raise Refusal(text) from error

    def message(self, octets: bytes) -> bytes:
        """Return a message, or the top of one, as the rest of a multi-line reply."""
        return stuffed(octets) + b".\r\n"
