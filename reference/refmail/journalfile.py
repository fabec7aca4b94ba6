"""The journal as a file of JSON lines, for programs that ask why a server did what it did."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from refmail.journal import Entry

__all__ = ["JournalFile"]


class JournalFile:
    """Writes each entry as one line: time, server, topic, and the facts; a context manager.

    Args:
        path: the file; what is in it is replaced.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._lock = threading.Lock()

    def write(self, server: str, entry: Entry) -> None:
        """Append one entry; callable from any thread, and without effect once closed."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": now, "at": round(entry.at, 6), "server": server, "topic": entry.topic, **entry.facts}
        octets = msgspec.json.encode(line, enc_hook=_shown) + b"\n"
        with self._lock:
            if not self._file.closed:
                self._file.write(octets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._file.close()


def _shown(value: object) -> str:
    return str(value)
