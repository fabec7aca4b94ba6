"""A lock against the threads of this process and against other processes, as one."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType

__all__ = ["FileLock", "try_lock"]


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the path still names the file that is open: its folder may have been removed meanwhile."""
    mine = os.fstat(descriptor)
    there = path.stat(follow_symlinks=False)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


class FileLock:
    """Held with `with`; reentrant in one thread.

    The kernel lets go of the file's lock when a process dies, so nothing stale is left.

    Raises:
        FileNotFoundError: on entering, when the folder of the lock file is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._descriptor = self._take()
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise

    def _take(self) -> int:
        while True:
            descriptor = _open(self.path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if _is_current(descriptor, self.path):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            os.close(self._descriptor)
        self._threads.release()


def try_lock(path: Path) -> int | None:
    """Lock a file without waiting and return its descriptor, which holds the lock until closed; None if it is taken."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor
