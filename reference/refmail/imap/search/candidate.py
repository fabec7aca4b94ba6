"""A message that may match, read only where a key needs it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from refmail.imap.mime.decode import body_texts, characters, header_text
from refmail.imap.mime.entity import Entity
from refmail.imap.view import View
from refmail.store.api import Mailbox, MessageMeta

__all__ = ["Candidate", "Scope", "within"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What "*" stands for."""

    #: Messages that the client knows of.
    count: int
    #: The last one's UID, 0 where there is none.
    last_uid: int

    @classmethod
    def of(cls, view: View) -> Scope:
        """Return the scope of a view."""
        return cls(len(view.uids), view.uids[-1] if view.uids else 0)


class Candidate:
    """One message of the view."""

    def __init__(self, number: int, meta: MessageMeta, mailbox: Mailbox, *, recent: bool) -> None:
        self.number = number
        self.meta = meta
        self.recent = recent
        self._mailbox = mailbox

    @cached_property
    def message(self) -> Entity:
        """The message itself.

        Raises:
            NoSuchMessage: it was expunged.
        """
        return Entity(self._mailbox.read(self.meta.uid))

    @cached_property
    def header(self) -> str:
        """All of the header, decoded and folded to one case, a field a line."""
        lines = (f"{field.name.decode('ascii')}: {header_text(field.value)}" for field in self.message.fields)
        return "\n".join(lines).casefold()

    @cached_property
    def body(self) -> str:
        """The body as sent and, after it, its text parts decoded; folded to one case."""
        return "\n".join([characters(self.message.body, b"ascii"), *body_texts(self.message)]).casefold()

    def values(self, name: bytes) -> list[str]:
        """Return the decoded values of a field, folded to one case."""
        return [header_text(value).casefold() for value in self.message.all(name)]


def within(number: int, ranges: list[tuple[int, int]]) -> bool:
    """Say whether a number is in ascending ranges that do not touch."""
    place = bisect_right(ranges, (number, 0xFFFF_FFFF)) - 1
    return place >= 0 and number <= ranges[place][1]
