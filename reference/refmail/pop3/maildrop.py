"""The maildrop as one session sees it: numbered when it is opened, marks instead of removals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from refmail.pop3.replies import Refusal
from refmail.store.api import Mailbox, MessageMeta

__all__ = ["Item", "Maildrop"]


@dataclass(frozen=True, slots=True)
class Item:
    """One message of the snapshot."""

    #: Message-number, from 1 (RFC 1939 section 4).
    number: int
    meta: MessageMeta
    #: What UIDL shows: 1 to 70 octets from 0x21 to 0x7E (RFC 1939 section 7).
    unique_id: str

    @property
    def size(self) -> int:
        """Octets that RETR sends, line ends as CRLF, doubled dots counted once (RFC 1939 section 11)."""
        return self.meta.size if self.meta.ends_in_crlf else self.meta.size + 2


class Maildrop:
    """The messages there were at login, and which of them are marked as deleted."""

    def __init__(self, mailbox: Mailbox, uid_validity: int, messages: Sequence[MessageMeta]) -> None:
        self.mailbox = mailbox
        self._items = tuple(Item(number, meta, f"{uid_validity}.{meta.uid}") for number, meta in enumerate(messages, 1))
        self._deleted: set[int] = set()
        self._fetched: set[int] = set()

    @property
    def all_items(self) -> tuple[Item, ...]:
        """The messages there were at login, marked or not."""
        return self._items

    @property
    def items(self) -> list[Item]:
        """The messages that are not marked."""
        return [item for item in self._items if item.number not in self._deleted]

    @property
    def octets(self) -> int:
        """Size of the messages that are not marked."""
        return sum(item.size for item in self.items)

    @property
    def doomed(self) -> list[int]:
        """UIDs of the marked messages."""
        return [item.meta.uid for item in self._items if item.number in self._deleted]

    def find(self, number: int) -> Item:
        """Return a message by its number.

        Raises:
            Refusal: there is none, or it is marked as deleted.
        """
        if not 1 <= number <= len(self._items):
            text = f"no such message, the maildrop had {len(self._items)}"
            raise Refusal(text)
        if number in self._deleted:
            text = f"message {number} is marked as deleted"
            raise Refusal(text, because="1939/5/dele-marks")
        return self._items[number - 1]

    def mark(self, item: Item) -> None:
        """Mark a message as deleted."""
        self._deleted.add(item.number)

    def fetched(self, item: Item) -> None:
        """Remember that RETR has sent a message."""
        self._fetched.add(item.number)

    @property
    def left_behind(self) -> list[int]:
        """UIDs of the messages that RETR has sent and nobody marked."""
        return [item.meta.uid for item in self._items if item.number in self._fetched - self._deleted]

    def unmark_all(self) -> None:
        """Take back all marks."""
        self._deleted.clear()
