"""Notes: what was worked out of messages, kept so that a question about many of them need not read the mail.

A recipe says what is noted: a fixed number of parts, each some octets or nothing. A
message never changes under its UID, so what is noted of it stays true. Notes of many
messages stand on a page, part by part: whoever asks for one part reads that only, and
a text is looked for in all messages of a page at once.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

__all__ = ["PAGE", "Column", "Keeper", "MemoryKeeper", "Note", "NoteBook", "Page", "Recipe", "Suspects", "page_of"]

#: Most messages on one page.
PAGE = 256
#: UIDs that are looked up together.
_STEP = 16 * PAGE
#: The length of a part that was not noted.
_NOTHING = 0xFFFFFFFF

Parts = Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How notes are made."""

    #: Another one whenever `make` gives something else; ASCII without white space.
    name: str
    parts: int
    #: Makes the parts of a message from its octets, as they go over the wire.
    make: Callable[[bytes], Parts]


class Column:
    """One part of all messages on a page, one after the other."""

    __slots__ = ("_blob", "_lengths", "_starts")

    def __init__(self, lengths: array[int], blob: bytes) -> None:
        self._blob = blob
        self._lengths = lengths
        self._starts = list(accumulate((0 if n == _NOTHING else n for n in lengths), initial=0))

    def __getitem__(self, slot: int) -> bytes | None:
        if self._lengths[slot] == _NOTHING:
            return None
        return self._blob[self._starts[slot] : self._starts[slot + 1]]

    def unknown(self) -> Iterator[int]:
        """Yield the slots whose part was not noted."""
        if _NOTHING in self._lengths:
            yield from (slot for slot, length in enumerate(self._lengths) if length == _NOTHING)

    def containing(self, text: bytes) -> Iterator[int]:
        """Yield the slots whose part has a text in it."""
        if not text:
            yield from (slot for slot, length in enumerate(self._lengths) if length != _NOTHING)
            return
        place = self._blob.find(text)
        while place >= 0:
            slot = bisect_right(self._starts, place) - 1
            end = self._starts[slot + 1]
            if place + len(text) <= end:
                yield slot
                place = self._blob.find(text, end)
            else:
                # It runs over the end of a part.
                place = self._blob.find(text, place + 1)


@dataclass(frozen=True, slots=True)
class Page:
    """The notes of some messages."""

    #: Ascending.
    uids: array[int]
    #: For each part, the octets of every message.
    lengths: Sequence[array[int]]
    #: Reads all of one part; None where it cannot be read any more.
    blob: Callable[[int], bytes | None]

    def column(self, part: int) -> Column:
        """Return one part of all messages."""
        blob = self.blob(part)
        if blob is None:
            return Column(array("I", [_NOTHING]) * len(self.uids), b"")
        return Column(self.lengths[part], blob)


def page_of(notes: Mapping[int, Parts], parts: int) -> tuple[Page, list[bytes]]:
    """Return a page in memory for the notes of messages, by UID, and the octets of each part."""
    uids = sorted(notes)
    rows = [notes[uid] for uid in uids]
    columns = [[row[part] for row in rows] for part in range(parts)]
    lengths = [array("I", (_NOTHING if each is None else len(each) for each in column)) for column in columns]
    blobs = [b"".join(each or b"" for each in column) for column in columns]
    return Page(array("I", uids), lengths, blobs.__getitem__), blobs


class _Sheet:
    """A page of which every part is read once, when it is asked for."""

    __slots__ = ("_columns", "page")

    def __init__(self, page: Page) -> None:
        self.page = page
        self._columns: dict[int, Column] = {}

    def column(self, part: int) -> Column:
        found = self._columns.get(part)
        if found is None:
            found = self._columns[part] = self.page.column(part)
        return found


@dataclass(frozen=True, slots=True)
class Note:
    """The notes of one message."""

    _sheet: _Sheet
    _slot: int

    def __getitem__(self, part: int) -> bytes | None:
        """Return one part, None where nothing was noted; may read a file."""
        return self._sheet.column(part)[self._slot]


@dataclass(frozen=True, slots=True)
class Suspects:
    """The UIDs of messages in whose part of the notes a text is, and of those in which it may be."""

    surely: set[int]
    perhaps: set[int]


class Keeper(Protocol):
    """What keeps pages: in memory, or in a file. The mailbox's lock is held around every call."""

    @property
    def pages(self) -> Sequence[Page]:
        """All pages; may be looked at without the lock."""
        ...

    def refresh(self, uid_validity: int) -> None:
        """Take in what others have kept."""
        ...

    def keep(self, notes: Mapping[int, Parts], known: Callable[[int], bool]) -> None:
        """Keep notes of messages; those of UIDs that are not known any more may be dropped."""
        ...


class NoteBook:
    """All notes of a mailbox by one recipe.

    Args:
        keeper: keeps them.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper

    def missing(self, uids: Iterable[int]) -> list[int]:
        """Return those UIDs of which nothing is noted, ascending."""
        ordered = sorted(uids)
        found: list[int] = []
        # Some at a time: a set of all the UIDs of a large mailbox takes much memory.
        for start in range(0, len(ordered), _STEP):
            wanted = set(ordered[start : start + _STEP])
            for page in self._pages(wanted):
                wanted.difference_update(page.uids)
            found += sorted(wanted)
        return found

    def lookup(self, uids: Iterable[int]) -> dict[int, Note]:
        """Return the notes there are of messages, by UID."""
        wanted = set(uids)
        found: dict[int, Note] = {}
        for page in self._pages(wanted):
            sheet = _Sheet(page)
            found.update((uid, Note(sheet, slot)) for slot, uid in enumerate(page.uids) if uid in wanted)
        return found

    def containing(self, part: int, text: bytes) -> Suspects:
        """Return the UIDs of the messages in whose part a text is, and of those of which the part was not noted."""
        found, unknown = set[int](), set[int]()
        for page in self.keeper.pages:
            column = page.column(part)
            found.update(page.uids[slot] for slot in column.containing(text))
            unknown.update(page.uids[slot] for slot in column.unknown())
        # A message may stand on two pages.
        return Suspects(found, unknown - found)

    def _pages(self, wanted: set[int]) -> list[Page]:
        if not wanted:
            return []
        low, high = min(wanted), max(wanted)
        return [page for page in self.keeper.pages if page.uids[0] <= high and page.uids[-1] >= low]


class MemoryKeeper:
    """Keeps pages as long as the process lives."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self.pages: Sequence[Page] = ()

    def refresh(self, uid_validity: int) -> None:
        del uid_validity

    def keep(self, notes: Mapping[int, Parts], known: Callable[[int], bool]) -> None:
        page, _ = page_of(notes, self._parts)
        self.pages = (*(each for each in self.pages if any(map(known, each.uids))), page)
