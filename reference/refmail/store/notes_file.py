"""The file that keeps notes beside a mailbox's journal; without it, nothing is lost but time.

    file      = head *page
    head      = "refmail-notes 1" SP recipe-name SP uid-validity LF
    page      = "page" count parts check directory *blob        ; numbers are 32 bits, little-endian
    directory = *uid *(*length checksum)                        ; for each part its lengths, and the CRC-32 of its blob
    check     = CRC-32 of count, parts and directory

It is appended to, and rewritten by way of a temporary file when most of it is of
messages that are gone, or in small pages. Who finds a page damaged, another recipe or
another UIDVALIDITY begins anew; a page that was cut short is overwritten. Nothing is
forced to the disk: what a power cut leaves behind, the checksums tell. The caller
holds the mailbox's lock, except while blobs are read.
"""

from __future__ import annotations

import os
import secrets
import struct
import sys
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from refmail.store.files import write_all
from refmail.store.notes import PAGE, Page, page_of

__all__ = ["FileKeeper"]

_MAGIC = b"refmail-notes 1"
_PAGE_HEAD = struct.Struct("<4sIII")
_MARK = b"page"
_NOTHING = 0xFFFFFFFF
#: No page of ours has more messages or parts: a larger number is damage.
_MOST_MESSAGES, _MOST_PARTS = 4096, 64
#: Pages and dead notes that make no rewriting worth while.
_SLACK_PAGES, _SLACK_NOTES = 64, 1000


class _File:
    """An open file; it stays readable when another has taken its name."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        self.identity = (os.fstat(self.descriptor).st_dev, os.fstat(self.descriptor).st_ino)

    def read(self, count: int, offset: int) -> bytes:
        return os.pread(self.descriptor, count, offset)

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class _Blobs:
    """The parts of one page in a file."""

    file: _File
    #: Offset, octets, checksum of each part.
    places: Sequence[tuple[int, int, int]]
    damaged: Callable[[], None]

    def __call__(self, part: int) -> bytes | None:
        offset, count, checksum = self.places[part]
        try:
            octets = self.file.read(count, offset)
        except OSError:
            octets = b""
        if len(octets) != count or zlib.crc32(octets) != checksum:
            self.damaged()
            return None
        return octets


class FileKeeper:
    """Keeps pages in a file.

    Args:
        path: where the file is, which need not exist; asked each time, for a mailbox may move.
        recipe: the name of the recipe.
        parts: how many the recipe has.
    """

    def __init__(self, path: Callable[[], Path], recipe: str, parts: int) -> None:
        self._path = path
        self._recipe = recipe.encode("ascii")
        self._parts = parts
        self._file: _File | None = None
        self._end = 0
        self._validity = 0
        self._damaged = False
        self.pages: Sequence[Page] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path()

    def refresh(self, uid_validity: int) -> None:
        """Take in pages that other processes have written; never raises OSError, the mail is still there to be read."""
        try:
            self._refresh(uid_validity)
        except OSError:
            self._forget()

    def _refresh(self, uid_validity: int) -> None:
        try:
            status = self.path.stat(follow_symlinks=False)
        except FileNotFoundError:
            self._forget()
            self._validity = uid_validity
            return
        known = self._file is not None and self._file.identity == (status.st_dev, status.st_ino)
        if self._damaged:
            self._forget()
            self.path.unlink()
            self._validity = uid_validity
            return
        if not known or uid_validity != self._validity or status.st_size < self._end:
            self._forget()
            self._validity = uid_validity
            self._open(status.st_size)
        elif status.st_size > self._end:
            self._load(status.st_size)

    def _forget(self) -> None:
        self._file, self._end, self.pages, self._damaged = None, 0, (), False

    def _head(self) -> bytes:
        return b"%s %s %d\n" % (_MAGIC, self._recipe, self._validity)

    def _open(self, size: int) -> None:
        file = _File(self.path)
        head = self._head()
        if file.read(len(head), 0) != head:
            # Of another recipe, another mailbox, or damaged: the next page begins a new file.
            self.path.unlink()
            return
        self._file, self._end = file, len(head)
        self._load(size)

    def _load(self, size: int) -> None:
        assert self._file is not None
        pages: list[Page] = []
        offset = self._end
        while (found := self._page(self._file, offset, size)) is not None:
            page, offset = found
            pages.append(page)
        self.pages, self._end = (*self.pages, *pages), offset

    def _page(self, file: _File, offset: int, size: int) -> tuple[Page, int] | None:
        """Return the page at an offset, and where it ends; None where no whole page is."""
        head = file.read(_PAGE_HEAD.size, offset)
        if len(head) < _PAGE_HEAD.size:
            return None
        mark, count, parts, check = _PAGE_HEAD.unpack(head)
        if mark != _MARK or not 0 < count <= _MOST_MESSAGES or parts != self._parts:
            return None
        directory = file.read(4 * (count + parts * (count + 1)), offset + _PAGE_HEAD.size)
        if zlib.crc32(directory, zlib.crc32(head[4:12])) != check:
            return None
        numbers = _numbers(directory)
        place = offset + len(head) + len(directory)
        lengths: list[array[int]] = []
        places: list[tuple[int, int, int]] = []
        checksums = numbers[2 * count :: count + 1].tolist()
        for start, checksum in zip(range(count, len(numbers), count + 1), checksums, strict=True):
            column = numbers[start : start + count]
            octets = sum(length for length in column if length != _NOTHING)
            lengths.append(column)
            places.append((place, octets, checksum))
            place += octets
        if place > size:
            return None
        return Page(numbers[:count], lengths, _Blobs(file, places, self._found_damage)), place

    def _found_damage(self) -> None:
        self._damaged = True

    # Writing.

    def keep(self, notes: Mapping[int, Sequence[bytes | None]], known: Callable[[int], bool]) -> None:
        """Append a page; where that fails the notes are not kept, and nothing else is wrong."""
        with suppress(OSError):
            if self._file is None:
                self._begin()
            self._append(_page_octets(notes, self._parts))
            if self._wants_rewriting(known):
                self._rewrite(known)

    def _begin(self) -> None:
        self._replace(iter((self._head(),)))

    def _append(self, octets: bytes) -> None:
        assert self._file is not None
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # What a process that died left half written.
            os.ftruncate(descriptor, self._end)
            try:
                write_all(descriptor, octets)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(descriptor, self._end)
                raise
        finally:
            os.close(descriptor)
        self._load(self._end + len(octets))

    def _wants_rewriting(self, known: Callable[[int], bool]) -> bool:
        noted = sum(len(page.uids) for page in self.pages)
        small = sum(len(page.uids) < PAGE // 2 for page in self.pages)
        if small > _SLACK_PAGES:
            return True
        # Counting the living is dear, so that it is done only now and then.
        if noted < _SLACK_NOTES or len(self.pages) % 16:
            return False
        return noted > _SLACK_NOTES + 2 * sum(known(uid) for page in self.pages for uid in page.uids)

    def _rewrite(self, known: Callable[[int], bool]) -> None:
        """Write all notes of living messages into full pages."""
        self._replace(self._rewritten(known))
        self._forget()
        self._open(self.path.stat().st_size)

    def _rewritten(self, known: Callable[[int], bool]) -> Iterator[bytes]:
        yield self._head()
        waiting: dict[int, Sequence[bytes | None]] = {}
        for page in self.pages:
            columns = [page.column(part) for part in range(self._parts)]
            waiting.update(
                (uid, [column[slot] for column in columns]) for slot, uid in enumerate(page.uids) if known(uid)
            )
            while len(waiting) >= PAGE:
                full = {uid: waiting.pop(uid) for uid in sorted(waiting)[:PAGE]}
                yield _page_octets(full, self._parts)
        if waiting:
            yield _page_octets(waiting, self._parts)

    def _replace(self, pieces: Iterator[bytes]) -> None:
        temporary = self.path.with_name(f"{self.path.name}.{secrets.token_hex(6)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                for piece in pieces:
                    write_all(descriptor, piece)
            finally:
                os.close(descriptor)
            temporary.replace(self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._file, self._end, self.pages = _File(self.path), len(self._head()), ()


def _page_octets(notes: Mapping[int, Sequence[bytes | None]], parts: int) -> bytes:
    page, blobs = page_of(notes, parts)
    numbers = array("I", page.uids)
    for lengths, blob in zip(page.lengths, blobs, strict=True):
        numbers.extend(lengths)
        numbers.append(zlib.crc32(blob))
    directory = _octets(numbers)
    start = struct.pack("<II", len(page.uids), parts)
    check = zlib.crc32(directory, zlib.crc32(start))
    return b"".join((_MARK, start, struct.pack("<I", check), directory, *blobs))


def _octets(numbers: array[int]) -> bytes:
    if sys.byteorder != "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _numbers(octets: bytes) -> array[int]:
    numbers = array("I", octets)
    if sys.byteorder != "little":
        numbers.byteswap()
    return numbers
