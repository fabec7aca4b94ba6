"""Small durable file operations, and how errors of the disk become errors of the store."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from refmail.store.api import StoreError, StoreFull

__all__ = ["disk_errors", "real_folder", "replace_file", "store_error", "sync_folder", "write_all"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_errors(what: str) -> Generator[None]:
    """Turn an OSError into StoreFull or StoreError that says what was being done."""
    try:
        yield
    except OSError as error:
        raise store_error(what, error) from error


def store_error(what: str, error: OSError) -> StoreError:
    """Return what stands for an OSError outside the store."""
    kind = StoreFull if error.errno in _FULL else StoreError
    return kind(f"{what}: {error.strerror or error} ({error.filename or 'no file name'})")


def write_all(descriptor: int, octets: bytes | bytearray) -> None:
    """Write every octet; a short write goes on until the system says why."""
    view = memoryview(octets)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, octets: bytes | bytearray, *, sync: bool) -> None:
    """Put a file in place of another at once: whoever opens `path` sees all of the old or all of the new."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(6)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            write_all(descriptor, octets)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise
    if sync:
        sync_folder(path.parent)


def real_folder(path: Path) -> bool:
    """Whether there is a folder, itself and not by way of a symbolic link."""
    return path.is_dir() and not path.is_symlink()
