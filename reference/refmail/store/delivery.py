"""Putting messages into a Maildir: complete in tmp/ first, then in sight by a link."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from refmail.store.api import Flags, MessageMeta
from refmail.store.filenames import Namer, file_name, letters_of, size_hint
from refmail.store.files import write_all
from refmail.store.lineends import ends_in_crlf, to_disk, wire_size
from refmail.store.places import Place
from refmail.store.scan import read_file

__all__ = ["NO_LINKS", "Staged", "borrow", "stage", "stage_copy", "uncover"]

#: What a file system says that cannot make this hard link.
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS}


@dataclass(frozen=True, slots=True)
class Staged:
    """A complete message, durable but not in sight: in tmp/, or in another mailbox."""

    path: str
    base: str
    place: Place
    #: Octets on the wire, and of the file.
    size: int
    disk_size: int
    ends_in_crlf: bool
    flags: Flags
    internal_date: datetime
    #: Whether `path` is the file of another message, to be linked and left where it is.
    borrowed: bool = False

    def discard(self) -> None:
        """Remove it from tmp/."""
        if self.borrowed:
            return
        with suppress(FileNotFoundError):
            os.unlink(self.path)  # noqa: PTH108 - a Path for each of many is dear


def _place(base: str, flags: Flags) -> Place:
    """Return where a message will be seen: new/ unless it has flags, which only names in cur/ can hold."""
    letters = letters_of(flags)
    return Place("cur", file_name(base, letters)) if letters else Place("new", base)


def _hinted(unique: str, disk: int, wire: int) -> str:
    return f"{unique},S={disk},W={wire}"


def stage(folder: Path, namer: Namer, octets: bytes, flags: Flags, date: datetime, *, sync: bool) -> Staged:
    """Write a message to tmp/; on failure nothing is left there."""
    text = to_disk(octets)
    unique = namer.unique()
    path = f"{folder}/tmp/{unique}"  # noqa: S108 - the mailbox's own
    size = wire_size(text)
    base = _hinted(unique, len(text), size)
    place = _place(base, flags)
    staged = Staged(path, base, place, size, len(text), ends_in_crlf(text), flags, date.replace(microsecond=0))
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


def stage_copy(folder: Path, namer: Namer, source: str, meta: MessageMeta, *, sync: bool) -> Staged:
    """Put a message of another folder into tmp/ by a hard link, or by copying where links are not possible.

    Raises:
        FileNotFoundError: the source has moved; nothing is left in tmp/.
    """
    unique = namer.unique()
    path = f"{folder}/tmp/{unique}"  # noqa: S108 - the mailbox's own
    try:
        os.link(source, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return stage(folder, namer, read_file(source), meta.flags, meta.internal_date, sync=sync)
    disk_size = os.stat(path).st_size  # noqa: PTH116 - a Path for each of many is dear
    base = _hinted(unique, disk_size, meta.size)
    place = _place(base, meta.flags)
    return Staged(path, base, place, meta.size, disk_size, meta.ends_in_crlf, meta.flags, meta.internal_date)


def borrow(namer: Namer, source: str, meta: MessageMeta) -> Staged:
    """Prepare the copy of a message that needs no more than a hard link, if its file stays where it is until then.

    Raises:
        FileNotFoundError: the source has moved.
    """
    hint = size_hint(source.rpartition("/")[2])
    disk_size = os.stat(source).st_size if hint is None else hint  # noqa: PTH116 - a Path for each of many is dear
    base = _hinted(namer.unique(), disk_size, meta.size)
    place = _place(base, meta.flags)
    return Staged(
        source, base, place, meta.size, disk_size, meta.ends_in_crlf, meta.flags, meta.internal_date, borrowed=True
    )


def uncover(staged: Staged, target: str) -> None:
    """Bring a staged message into sight; an existing file is never overwritten.

    Raises:
        OSError: it cannot be; where the message was borrowed, perhaps a copy in tmp/ can.
    """
    try:
        os.link(staged.path, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_LINKS or staged.borrowed:
            raise
        if Path(target).exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from error
        Path(staged.path).rename(target)
    staged.discard()
