"""The file `maildirsize` of a Maildir++ with a quota: what the mail takes, without reading every folder.

    maildirsize = definition LF 1*(octets SP count LF)
    definition  = limit *("," limit)      ; number "S": octets of all files; number "C": files

The first line says the limits; the sum of all others is what is used. Whoever
adds or removes messages appends a line, and other programs do so too, or they do
not. So the sum is believed only as long as it lets a message in. Otherwise, and
where the file is missing, damaged, long, or of another quota, everything is
counted again by the sizes in the files' names.

Here every message counts, those in a folder Trash and those flagged as deleted
too: they take room until they are removed, in each of our stores.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from refmail.store.api import QuotaLimits, QuotaUsage
from refmail.store.filenames import size_hint
from refmail.store.files import replace_file, write_all
from refmail.store.quota import fits

__all__ = ["MaildirSize"]

#: Octets from which the file is written anew rather than appended to.
_LONG = 5120
#: Seconds for which a count is not repeated although it keeps messages out.
_FRESH = 15 * 60.0
#: Octets of a line, LF included: writers pad it, so that appended lines stay aligned.
_WIDTH = 14
#: How often a count that others disturb is repeated.
_ATTEMPTS = 3

_LINE = re.compile(rb"[ \t]*(-?\d{1,19})[ \t]+(-?\d{1,19})[ \t]*")


@dataclass(frozen=True, slots=True)
class _Record:
    usage: QuotaUsage
    #: Lines beside the definition.
    lines: int
    #: Seconds since the last one was written.
    age: float


class MaildirSize:
    """The file of one user.

    Args:
        path: where it is.
        folders: returns the folders of all mailboxes.
        sync: whether a new count is forced to the disk.
        clock: seconds since the epoch, as file times are.
    """

    def __init__(
        self, path: Path, folders: Callable[[], Iterable[Path]], *, sync: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._folders = folders
        self._sync = sync
        self._clock = clock

    def used(self, limits: QuotaLimits, more: QuotaUsage) -> QuotaUsage:
        record = self._read(limits)
        if record is None:
            return self._recount(limits)
        if not fits(limits, record.usage + more) and (record.lines > 1 or record.age >= _FRESH):
            return self._recount(limits)
        return record.usage

    def exact(self, limits: QuotaLimits) -> QuotaUsage:
        if limits.unlimited:
            return self._count()
        record = self._read(limits)
        usage = self._count()
        return usage if record is not None and record.usage == usage else self._recount(limits)

    def changed(self, limits: QuotaLimits, by: QuotaUsage) -> None:
        del limits
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                write_all(descriptor, _line(by))
            finally:
                os.close(descriptor)
        except OSError:
            # The messages are in or gone already: what cannot be noted must not undo that.
            self.forget()

    def forget(self) -> None:
        with suppress(OSError):
            self._path.unlink()

    def _read(self, limits: QuotaLimits) -> _Record | None:
        """Return what the file says, or None where everything must be counted."""
        try:
            octets = self._path.read_bytes()
            age = self._clock() - self._path.stat().st_mtime
        except OSError:
            return None
        definition, *lines = octets.split(b"\n")
        if len(octets) >= _LONG or definition.strip() != _definition(limits) or not lines or lines.pop() or not lines:
            return None
        usage = QuotaUsage(0, 0)
        for line in lines:
            numbers = _LINE.fullmatch(line)
            if numbers is None:
                return None
            usage += QuotaUsage(int(numbers[1]), int(numbers[2]))
        # Less than nothing: somebody has noted a removal twice, or an addition never.
        return None if min(usage.octets, usage.messages) < 0 else _Record(usage, len(lines), age)

    def _recount(self, limits: QuotaLimits) -> QuotaUsage:
        usage = self._count()
        try:
            replace_file(self._path, _definition(limits) + b"\n" + _line(usage), sync=self._sync)
        except OSError:
            # On a full disk, say: the count is right for all that.
            self.forget()
        return usage

    def _count(self) -> QuotaUsage:
        """Count all files; again where a folder changed meanwhile."""
        usage = QuotaUsage(0, 0)
        for _ in range(_ATTEMPTS):
            folders = list(self._folders())
            before = _latest(folders)
            usage = _sum(folders)
            if _latest(folders) == before:
                break
        return usage


def _line(usage: QuotaUsage) -> bytes:
    return (b"%d %d" % (usage.octets, usage.messages)).ljust(_WIDTH - 1) + b"\n"


def _definition(limits: QuotaLimits) -> bytes:
    kinds = ((limits.octets, b"S"), (limits.messages, b"C"))
    return b",".join(b"%d%s" % (limit, kind) for limit, kind in kinds if limit is not None)


def _subfolders(folders: Iterable[Path]) -> Iterable[Path]:
    return (folder / sub for folder in folders for sub in ("new", "cur"))


def _latest(folders: Iterable[Path]) -> int:
    latest = 0
    for folder in _subfolders(folders):
        with suppress(FileNotFoundError):
            latest = max(latest, folder.stat().st_mtime_ns)
    return latest


def _sum(folders: Iterable[Path]) -> QuotaUsage:
    octets = messages = 0
    for folder in _subfolders(folders):
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                        hint = size_hint(entry.name)
                        octets += entry.stat(follow_symlinks=False).st_size if hint is None else hint
                        messages += 1
    return QuotaUsage(octets, messages)
