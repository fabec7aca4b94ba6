"""RETR (RFC 1939 section 5)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import Refusal, ok, stuffed
from refmail.pop3.utf8 import is_internationalized
from refmail.store.api import NoSuchMessage

__all__ = ["RetrCommand"]


class RetrCommand(SessionBase):
    """Sends a message."""

    def do_retr(self, argument: bytes | None) -> Steps[bytes]:
        item = self.maildrop.find(arguments.number(argument))
        octets = yield from self.read(item)
        self.maildrop.fetched(item)
        self.services.journal.note("pop3.retrieved", user=self.user, message=item.number, uid=item.meta.uid)
        return ok(f"{item.size} octets") + self.message(octets)

    def read(self, item: Item) -> Steps[bytes]:
        """Return the octets of a message.

        Raises:
            Refusal: another program has removed it, or it needs UTF-8 mode (RFC 6856 section 5).
        """
        try:
            octets = yield from self.call(self.maildrop.mailbox.read, item.meta.uid)
        except NoSuchMessage as error:
            text = f"message {item.number} was removed by another program"
            raise Refusal(text) from error
        if not self.utf8 and is_internationalized(octets):
            text = f"message {item.number} has UTF-8 in its header: say UTF8 before you log in"
            raise Refusal(text, "UTF8")
        return octets

    def message(self, octets: bytes) -> bytes:
        """Return a message, or the top of one, as the rest of a multi-line reply."""
        return stuffed(octets) + b".\r\n"
