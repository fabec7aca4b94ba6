"""Looking at the folders of a Maildir."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from refmail.store.filenames import split_name
from refmail.store.lineends import ends_in_crlf, wire_size

__all__ = ["SUBFOLDERS", "Place", "Sighting", "measure", "read_file", "scan", "sweep", "timestamps"]

SUBFOLDERS = ("tmp", "new", "cur")
#: Seconds after which a file in tmp/ is a leftover of a delivery that failed: 36 hours.
_LEFTOVER = 36 * 3600.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is."""

    sub: Literal["new", "cur"]
    name: str


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


def scan(folder: Path) -> dict[str, Place]:
    """Return the messages by the unique part of their names.

    new/ is read first: a message that moves to cur/ meanwhile is then seen at least once.
    """
    places: dict[str, Place] = {}
    subs: tuple[Literal["new", "cur"], ...] = ("new", "cur")
    for sub in subs:
        with os.scandir(folder / sub) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                    places[split_name(entry.name)[0]] = Place(sub, entry.name)
    return places


def read_file(path: Path) -> bytes:
    """Read a file, but not through a symbolic link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


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
