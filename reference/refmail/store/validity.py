"""UIDVALIDITY values of one user: never twice the same, and never lower for a name than before."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import cast

from refmail.store.files import replace_file
from refmail.store.locks import FileLock

__all__ = ["Validity"]


class Validity:
    """A counter in a file, and the values of names that were given up (RFC 3501 section 2.3.1.1)."""

    def __init__(self, path: Path, now: Callable[[], datetime], *, sync: bool) -> None:
        self._path = path
        self._now = now
        self._sync = sync
        self._lock = FileLock(path.with_name(path.name + "-lock"))

    def fresh(self) -> int:
        """Return a value greater than any before; unsigned 32 bits, not 0."""
        with self._lock:
            last, past = self._load()
            value = max(last + 1, int(self._now().timestamp())) & 0xFFFFFFFF or 1
            self._save(value, past)
            return value

    def give_up(self, values: dict[str, int]) -> None:
        """Remember which value each of these names had when it was deleted or renamed."""
        with self._lock:
            last, past = self._load()
            self._save(last, past | {name: max(value, past.get(name, 0)) for name, value in values.items()})

    def suits(self, name: str, value: int) -> bool:
        """Whether a mailbox that gets this name may keep its value."""
        with self._lock:
            return value >= self._load()[1].get(name, 0)

    def _load(self) -> tuple[int, dict[str, int]]:
        try:
            stored = json.loads(self._path.read_bytes())
            return int(stored["last"]), cast("dict[str, int]", dict(stored["past"]))
        except FileNotFoundError:
            return 0, {}
        except (ValueError, KeyError, TypeError):
            # The clock alone then gives greater values than those of older mailboxes.
            return 0, {}

    def _save(self, last: int, past: dict[str, int]) -> None:
        octets = json.dumps({"last": last, "past": past}).encode("ascii")
        replace_file(self._path, octets, sync=self._sync)
