"""Locks between processes: builders exclude each other, and nothing is removed under a running server."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Generator
from pathlib import Path

__all__ = ["claimed", "held"]


@contextlib.contextmanager
def held(path: Path, *, shared: bool = False) -> Generator[None]:
    """Hold the lock file `path`, waiting for it; the kernel frees it when this process ends, however it ends.

    Args:
        path: made where it does not exist.
        shared: other holders may share it; they all keep the exclusive ones out.
    """
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def claimed(path: Path) -> Generator[bool]:
    """Hold the lock file `path` alone if nobody holds it; the value says whether that worked."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
