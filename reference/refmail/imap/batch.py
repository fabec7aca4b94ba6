"""Messages of a mailbox, some at a time: what is asked of many is read, and looked up in the notes, together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from refmail.imap.mime.message import Message
from refmail.imap.mime.notes import RECIPE
from refmail.store.api import Mailbox
from refmail.store.notes import Note
from refmail.store.noting import noted, read_many

__all__ = ["Batch"]


class Batch:
    """Some messages, each read only if it must be, their notes looked up at the first need. Everything blocks.

    Args:
        mailbox: where they are.
        uids: which; those that are gone raise NoSuchMessage when they are read.
    """

    def __init__(self, mailbox: Mailbox, uids: Sequence[int]) -> None:
        self._mailbox = mailbox
        self._uids = uids
        self._notes: Mapping[int, Note] | None = None

    def message(self, uid: int) -> Message:
        """Return one of the messages, which reads itself."""
        return Message(partial(self._mailbox.read, uid), partial(self._note, uid))

    def whole(self) -> Iterator[tuple[int, Message]]:
        """Yield the messages that are there, with their octets."""
        for uid, octets in read_many(self._mailbox, self._uids):
            yield uid, Message(partial(_itself, octets), partial(self._note, uid))

    def _note(self, uid: int) -> Note | None:
        if self._notes is None:
            self._notes = noted(self._mailbox, RECIPE, self._uids)
        return self._notes.get(uid)


def _itself(octets: bytes) -> bytes:
    return octets
