"""The locks that other programs know: fcntl on the mbox, and the file beside it whose name ends in ".lock".

Both are taken, in this order, or none: a program that takes them in the other order
is given the one it waits for. Who is not let in before the time is over is told so.
Closing any descriptor of a file gives back all fcntl locks that the process has on
it, so whoever comes here holds the mailbox's own lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from refmail.store.api import StoreError
from refmail.store.files import write_all

__all__ = ["Held", "hold"]

#: Seconds between two attempts.
_PAUSE = 0.02
#: Seconds after which a lock file that nobody touched is a leftover.
_STALE = 15 * 60.0
#: What the system says where we may read but not write, and where we may not make files beside the mbox.
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True, slots=True)
class Held:
    """An mbox that is locked."""

    descriptor: int
    #: Whether it may be changed; a file that nobody may write is only read, under a shared lock.
    writable: bool
    #: The lock file that we made; none where we may make no files.
    lock_file: Path | None = None


@contextmanager
def hold(path: Path, seconds: float, *, shared: bool = False) -> Generator[Held]:
    """Open and lock an mbox.

    Args:
        path: the mbox; a symbolic link is refused.
        seconds: how long to wait for other programs.
        shared: only keep others from writing, by the lock on the mbox itself.

    Raises:
        StoreError: another program holds it all the time.
        FileNotFoundError: there is none.
    """
    deadline = time.monotonic() + seconds
    while (held := _attempt(path, shared=shared)) is None:
        if time.monotonic() >= deadline:
            msg = (
                f"{path} is locked by another program for more than {seconds:g} seconds; if none is running, "
                f"remove {_dot_lock(path).name}"
            )
            raise StoreError(msg)
        time.sleep(_PAUSE)
    try:
        yield held
    finally:
        if held.lock_file is not None:
            with suppress(OSError):
                held.lock_file.unlink()
        os.close(held.descriptor)


def _dot_lock(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _attempt(path: Path, *, shared: bool) -> Held | None:
    """Take all locks, or none."""
    descriptor, writable = _open(path, shared=shared)
    try:
        fcntl.lockf(descriptor, (fcntl.LOCK_EX if writable else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        if _is_current(descriptor, path):
            if not writable:
                return Held(descriptor, writable)
            with suppress(FileExistsError):
                return Held(descriptor, writable, _take_dot_lock(_dot_lock(path)))
    except OSError as error:
        # The file may have been replaced by another while we waited, or belong to a program right now.
        if error.errno not in {errno.EACCES, errno.EAGAIN, errno.ENOENT}:
            os.close(descriptor)
            raise
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _open(path: Path, *, shared: bool) -> tuple[int, bool]:
    flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    # The superuser could write what nobody is meant to.
    if path.stat(follow_symlinks=False).st_mode & 0o222 and not shared:
        with suppress(PermissionError):
            return os.open(path, os.O_RDWR | flags), True
    return os.open(path, os.O_RDONLY | flags), False


def _is_current(descriptor: int, path: Path) -> bool:
    mine, there = os.fstat(descriptor), path.stat(follow_symlinks=False)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _take_dot_lock(lock: Path) -> Path | None:
    """Make the lock file and return its path, or None where we may make no files.

    Raises:
        FileExistsError: another program has it.
    """
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        if _is_leftover(lock):
            lock.unlink(missing_ok=True)
        raise
    except OSError as error:
        if error.errno in _FORBIDDEN:
            # The lock on the mbox itself has to do.
            return None
        raise
    try:
        write_all(descriptor, f"{os.getpid()}:{socket.gethostname()}\n".encode())
    except BaseException:
        lock.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return lock


def _is_leftover(lock: Path) -> bool:
    """Whether a lock file is one of ours whose process has died, or was forgotten long ago."""
    try:
        status = lock.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            return False
        owner, _, host = lock.read_text("ascii", "replace").strip().partition(":")
    except OSError:
        return False
    if owner.isdecimal() and host == socket.gethostname():
        try:
            os.kill(int(owner), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except PermissionError:
            return False
    return time.time() - status.st_mtime > _STALE
