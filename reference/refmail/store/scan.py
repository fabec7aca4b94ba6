"""Looking at the folders of a Maildir."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from refmail.store.lineends import ends_in_crlf, wire_size
from refmail.store.places import Places

__all__ = ["SUBFOLDERS", "Sighting", "measure", "read_file", "scan", "sweep", "timestamps"]

SUBFOLDERS = ("tmp", "new", "cur")
#: Seconds after which a file in tmp/ is a leftover of a delivery that failed: 36 hours.
_LEFTOVER = 36 * 3600.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What had to be read of a message that nobody had seen before."""

    #: Octets on the wire.
    size: int
    ends_in_crlf: bool
    date: datetime
    #: Nanoseconds; orders messages that are found together.
    age: int


def timestamps(folder: Path) -> tuple[int, int]:
    """Return the modification times of new/ and cur/ in nanoseconds."""
    return (folder / "new").stat().st_mtime_ns, (folder / "cur").stat().st_mtime_ns


def scan(folder: Path, known: Places) -> Places:
    """Return the messages by the unique part of their names.

    new/ is read first: a message that moves to cur/ meanwhile is then seen at least once.

    Args:
        folder: the mailbox.
        known: what an earlier look has found to be files; other names are looked at.
    """
    places = Places()
    subs: tuple[Literal["new", "cur"], ...] = ("new", "cur")
    for sub in subs:
        for name in _names(folder / sub) if known else _files(folder / sub):
            base, colon, info = name.partition(":")
            if base in known or not known or _is_file(folder / sub / name):
                places.note(sub, base, colon + info)
    return places


def _names(folder: Path) -> Iterator[str]:
    # One after the other: a list of all names of a large folder takes much memory.
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _files(folder: Path) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                yield entry.name


def _is_file(path: Path) -> bool:
    try:
        return not path.name.startswith(".") and stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def read_file(path: Path | str) -> bytes:
    """Read a file, but not through a symbolic link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # One octet more than there should be tells that this was all.
        expected = os.fstat(descriptor).st_size + 1
        octets = os.read(descriptor, expected)
        if len(octets) == expected - 1:
            return octets
        pieces = [octets]
        while octets:
            octets = os.read(descriptor, expected)
            pieces.append(octets)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def measure(path: Path) -> Sighting:
    """Read what must be known of a new message; hints in its name are not believed."""
    status = path.stat()
    octets = read_file(path)
    date = datetime.fromtimestamp(int(status.st_mtime), UTC)
    return Sighting(wire_size(octets), ends_in_crlf(octets), date, status.st_mtime_ns)


def sweep(folder: Path) -> None:
    """Remove what deliveries that failed long ago left in tmp/."""
    with os.scandir(folder / "tmp") as entries:
        for entry in entries:
            # The change time: the modification time is the message's internal date.
            if entry.is_file(follow_symlinks=False) and time.time() - entry.stat().st_ctime > _LEFTOVER:
                (folder / "tmp" / entry.name).unlink(missing_ok=True)
