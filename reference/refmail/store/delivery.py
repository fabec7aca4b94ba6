"""Putting messages into a Maildir: complete in tmp/ first, then in sight by a link."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from refmail.store.api import Flags, MessageMeta
from refmail.store.filenames import Namer, file_name, letters_of
from refmail.store.files import write_all
from refmail.store.lineends import ends_in_crlf, to_disk, wire_size
from refmail.store.scan import Place, read_file

__all__ = ["Staged", "stage", "stage_copy", "uncover"]

#: What a file system says that cannot make this hard link.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS}


@dataclass(frozen=True, slots=True)
class Staged:
    """A complete message in tmp/, durable but not in sight."""

    path: Path
    base: str
    #: Octets on the wire.
    size: int
    ends_in_crlf: bool
    flags: Flags
    internal_date: datetime

    @property
    def place(self) -> Place:
        """Where it will be seen: new/ unless it has flags, which only names in cur/ can hold."""
        letters = letters_of(self.flags)
        return Place("cur", file_name(self.base, letters)) if letters else Place("new", self.base)

    def discard(self) -> None:
        """Remove it from tmp/."""
        with suppress(FileNotFoundError):
            self.path.unlink()


def _hinted(unique: str, disk: int, wire: int) -> str:
    return f"{unique},S={disk},W={wire}"


def stage(folder: Path, namer: Namer, octets: bytes, flags: Flags, date: datetime, *, sync: bool) -> Staged:
    """Write a message to tmp/; on failure nothing is left there."""
    text = to_disk(octets)
    unique = namer.unique()
    path = folder / "tmp" / unique
    size = wire_size(text)
    base = _hinted(unique, len(text), size)
    staged = Staged(path, base, size, ends_in_crlf(text), flags, date.replace(microsecond=0))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(descriptor, text)
            os.utime(descriptor, (date.timestamp(), date.timestamp()))
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        staged.discard()
        raise
    return staged


def stage_copy(folder: Path, namer: Namer, source: Path, meta: MessageMeta, *, sync: bool) -> Staged:
    """Put a message of another folder into tmp/ by a hard link, or by copying where links are not possible.

    Raises:
        FileNotFoundError: the source has moved; nothing is left in tmp/.
    """
    unique = namer.unique()
    path = folder / "tmp" / unique
    try:
        os.link(source, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return stage(folder, namer, read_file(source), meta.flags, meta.internal_date, sync=sync)
    base = _hinted(unique, path.stat().st_size, meta.size)
    return Staged(path, base, meta.size, meta.ends_in_crlf, meta.flags, meta.internal_date)


def uncover(staged: Staged, target: Path) -> None:
    """Bring a staged message into sight; an existing file is never overwritten."""
    try:
        os.link(staged.path, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        staged.path.rename(target)
    staged.discard()
