"""Taking messages out of an mbox, all or none, whatever happens in the middle.

The file is changed in place: other programs hold it open, wait for a lock on it, or
know it by a link, and would go on with the old one if another took its name. Before
anything is changed, all from the first removed octet on is copied to a file beside
it, the undo file. It stays until the index knows of the change: of two messages that
are alike, nothing else could tell which is gone. Who finds an undo file puts back what
is in it, unless the change is in the index or another program has rewritten the mbox.

    undo-file = "refmail-undo 1" SP start SP size *(SP from "-" to) LF old-octets

`size` is that of the whole mbox, `from` and `to` are the ranges that are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from refmail.store.files import sync_folder, write_all
from refmail.store.mbox_scan import read_range

__all__ = ["UNDO_SUFFIX", "recover", "remove_ranges", "settle"]

UNDO_SUFFIX = ".refmail-undo"
_MAGIC = b"refmail-undo 1"
#: Octets that are copied at once.
_CHUNK = 1 << 20
#: Octets that are compared at once.
_SECTOR = 512

Range = tuple[int, int]


def _kept(removed: Sequence[Range], size: int) -> list[Range]:
    """Return the ranges from the first removed octet on that stay."""
    starts = [end for _, end in removed]
    ends = [*(start for start, _ in removed[1:]), size]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def _chunks(ranges: Sequence[Range]) -> Iterator[Range]:
    for start, end in ranges:
        for at in range(start, end, _CHUNK):
            yield at, min(at + _CHUNK, end)


def remove_ranges(path: Path, descriptor: int, removed: Sequence[Range], *, sync: bool) -> None:
    """Take ranges out of a locked mbox; `settle` it once that is written down elsewhere.

    Args:
        path: the mbox; the undo file is made beside it.
        descriptor: the mbox.
        removed: ascending ranges that do not touch each other.
        sync: whether each step is forced to the disk.

    Raises:
        OSError: the mbox is as it was.
    """
    if not removed:
        return
    size = os.fstat(descriptor).st_size
    start, kept = removed[0][0], _kept(removed, size)
    undo = path.with_name(path.name + UNDO_SUFFIX)
    _prepare(undo, descriptor, start, size, kept, sync=sync)
    try:
        at = start
        for begin, end in _chunks(kept):
            _put(descriptor, at, read_range(descriptor, begin, end))
            at += end - begin
        if sync:
            os.fsync(descriptor)
        os.ftruncate(descriptor, at)
        if sync:
            os.fsync(descriptor)
    except BaseException:
        recover(path, descriptor, recorded=False)
        raise


def settle(path: Path) -> None:
    """Let a removal last: what it changed is known elsewhere."""
    path.with_name(path.name + UNDO_SUFFIX).unlink(missing_ok=True)


def _prepare(undo: Path, descriptor: int, start: int, size: int, kept: Sequence[Range], *, sync: bool) -> None:
    """Write the undo file; under its name it is complete."""
    temporary = undo.with_name(undo.name + ".tmp")
    temporary.unlink(missing_ok=True)
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            ranges = b"".join(b" %d-%d" % each for each in kept)
            write_all(file, b"%b %d %d%b\n" % (_MAGIC, start, size, ranges))
            for begin, end in _chunks([(start, size)]):
                write_all(file, read_range(descriptor, begin, end))
            if sync:
                os.fsync(file)
        finally:
            os.close(file)
        temporary.rename(undo)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    if sync:
        sync_folder(undo.parent)


def _put(descriptor: int, at: int, octets: bytes) -> None:
    view = memoryview(octets)
    while view:
        count = os.pwrite(descriptor, view, at)
        view, at = view[count:], at + count


def recover(path: Path, descriptor: int, *, recorded: bool) -> None:
    """Undo a removal that was cut short, where there was one; the mbox is locked.

    Args:
        path: the mbox.
        descriptor: the same, open.
        recorded: whether the index knows the file as it is now.
    """
    undo = path.with_name(path.name + UNDO_SUFFIX)
    try:
        file = os.open(undo, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        before = _Before(file)
        if before.is_changed(descriptor) and not recorded:
            # From here on, too, every state that a crash may leave is known.
            for begin, end in _chunks([(os.fstat(descriptor).st_size, before.size)]):
                _put(descriptor, begin, before.read(begin, end))
            os.fsync(descriptor)
        if before.is_half_changed(descriptor):
            for begin, end in _chunks([(before.start, before.size)]):
                _put(descriptor, begin, before.read(begin, end))
            os.fsync(descriptor)
    finally:
        os.close(file)
    undo.unlink()


def _is_mixed(now: bytes, old: bytes, wanted: bytes) -> bool:
    """Whether each octet is one of the two that stand in its place."""
    return len(now) == len(old) and all(map(_is_either, now, old, wanted))


def _is_either(now: int, old: int, wanted: int) -> bool:
    return now in (old, wanted)


class _Before:
    """What an undo file says of the mbox before the change.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        head = bytearray()
        while not head.endswith(b"\n") and (octets := os.read(file, 1)):
            head += octets
        self._offset = len(head)
        #: Of a file that is none of ours, nothing is believed.
        self.start, self.size = 0, 0
        self._kept: list[Range] = []
        with suppress(ValueError):
            if head.startswith(_MAGIC + b" "):
                start, size, *kept = head[len(_MAGIC) :].split()
                ranges = [word.split(b"-") for word in kept]
                self._kept = [(int(begin), int(end)) for begin, end in ranges]
                self.start, self.size = int(start), int(size)

    def read(self, begin: int, end: int) -> bytes:
        """Return the octets that the mbox had there."""
        shift = self._offset - self.start
        return read_range(self._file, begin + shift, end + shift)

    def is_changed(self, descriptor: int) -> bool:
        """Whether all is as it should become, or some of what was cut off has been put back already."""
        size = os.fstat(descriptor).st_size
        at = self.start
        for octets in self._after():
            if read_range(descriptor, at, at + len(octets)) != octets:
                return False
            at += len(octets)
        return at <= size < self.size and all(
            read_range(descriptor, begin, end) == self.read(begin, end) for begin, end in _chunks([(at, size)])
        )

    def is_half_changed(self, descriptor: int) -> bool:
        """Whether each octet is as it was or as it should become, and nothing is cut off yet."""
        if os.fstat(descriptor).st_size < self.size:
            return False
        after = self._after()
        at = self.start
        fresh = b""
        while at < self.size:
            end = min(at - at % _SECTOR + _SECTOR, self.size)
            while len(fresh) < end - at and (more := next(after, b"")):
                fresh += more
            old, now = self.read(at, end), read_range(descriptor, at, end)
            wanted, fresh = fresh[: end - at], fresh[end - at :]
            # Nothing is written behind the new end.
            wanted += old[len(wanted) :]
            if now not in (old, wanted) and not _is_mixed(now, old, wanted):
                return False
            at = end
        return True

    def _after(self) -> Iterator[bytes]:
        for begin, end in self._kept:
            for at in range(begin, end, _SECTOR):
                yield self.read(at, min(at + _SECTOR, end))
