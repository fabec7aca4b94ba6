"""Reading many messages of a mailbox at once, and what is noted of them, where a store can do better than one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from refmail.store.api import Mailbox, NoSuchMessage
from refmail.store.index import Index
from refmail.store.notes import PAGE, Keeper, Note, NoteBook, Recipe, Suspects

__all__ = ["BulkMailbox", "Notes", "noted", "read_many"]


@runtime_checkable
class BulkMailbox(Protocol):
    """What a mailbox may offer beside the Protocol `Mailbox`. All methods block."""

    def read_many(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield UID and octets of messages, in the order given; those that are gone are passed over."""
        ...

    def noted(self, recipe: Recipe, uids: Collection[int]) -> Mapping[int, Note]:
        """Return the notes of messages by UID; what is not noted yet is noted now, if there is room for it."""
        ...

    def noted_containing(self, recipe: Recipe, uids: Collection[int], part: int, text: bytes) -> Suspects:
        """Return those UIDs in whose part of the notes a text is, as far as the messages are there, and perhaps others."""
        ...


def read_many(mailbox: Mailbox, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield UID and octets of messages of any mailbox, in the order given; those that are gone are passed over; blocks."""
    if isinstance(mailbox, BulkMailbox):
        yield from mailbox.read_many(uids)
        return
    for uid in uids:
        try:
            octets = mailbox.read(uid)
        except NoSuchMessage:
            continue
        yield uid, octets


def noted(mailbox: Mailbox, recipe: Recipe, uids: Collection[int]) -> Mapping[int, Note]:
    """Return the notes of messages by UID, none where the mailbox keeps no notes; blocks."""
    return mailbox.noted(recipe, uids) if isinstance(mailbox, BulkMailbox) else {}


class Notes:
    """The notes of one mailbox, by any recipe.

    Args:
        keeper: makes what keeps those of one recipe.
        transaction: holds the mailbox's lock.
        read: reads messages, without the lock.
    """

    def __init__(
        self,
        keeper: Callable[[Recipe], Keeper],
        transaction: Callable[[], AbstractContextManager[Index]],
        read: Callable[[Sequence[int]], Iterator[tuple[int, bytes]]],
    ) -> None:
        self._keeper = keeper
        self._transaction = transaction
        self._read = read
        self._books: dict[str, NoteBook] = {}

    def noted(self, recipe: Recipe, uids: Collection[int]) -> Mapping[int, Note]:
        return self._complete(recipe, uids)[0].lookup(uids)

    def noted_containing(self, recipe: Recipe, uids: Collection[int], part: int, text: bytes) -> Suspects:
        book, missing = self._complete(recipe, uids)
        found = book.containing(part, text)
        # What could not be kept may have the text as well.
        return Suspects(found.surely, found.perhaps.union(missing))

    def _complete(self, recipe: Recipe, uids: Collection[int]) -> tuple[NoteBook, Sequence[int]]:
        """Return the notes, complete if they can be kept, and the UIDs of which there are none all the same."""
        with self._transaction() as index:
            book = self._books.get(recipe.name)
            if book is None:
                book = self._books[recipe.name] = NoteBook(self._keeper(recipe))
            book.keeper.refresh(index.uid_validity)
            missing = book.missing(uids)
            wanted = [uid for uid in missing if uid in index.entries]
        for start in range(0, len(wanted), PAGE):
            self._note(recipe, book, wanted[start : start + PAGE])
        return book, book.missing(missing) if wanted else missing

    def _note(self, recipe: Recipe, book: NoteBook, uids: Sequence[int]) -> None:
        # The dear part is done without the lock.
        made = {uid: recipe.make(octets) for uid, octets in self._read(uids)}
        with self._transaction() as index:
            book.keeper.refresh(index.uid_validity)
            kept = {uid: made[uid] for uid in book.missing(made) if uid in index.entries}
            if kept:
                book.keeper.keep(kept, index.entries.__contains__)
