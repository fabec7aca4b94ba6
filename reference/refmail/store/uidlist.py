"""The journal file of a mailbox: UIDs, flags that file names cannot hold, MODSEQs, removals.

One record a line; the first line is the header. It is only appended to, and now
and then rewritten by way of a temporary file in the same folder, with a new
generation, by which other processes see that they must read it anew. A last
line without its line end is a write that was cut short: it counts for nothing.

    header  = "refmail-uidlist 2" SP generation SP uid-validity SP uid-next SP modseq SP first-recent SP forgotten
    added   = "a" SP modseq SP uid SP size ["-"] SP date SP name *(SP flag)    ; "-": the last CRLF is missing
    flagged = "f" SP modseq SP uid *(SP flag)
    removed = "x" SP modseq SP uid
    claimed = "r" SP first-recent
    noted   = "n" SP note                                                      ; what an mbox looked like

Removals up to the MODSEQ `forgotten` may be missing. Journals that begin with "refmail-uidlist 1" do not say so: there
the header's MODSEQ is taken. Names, notes and flags are percent-encoded, dates ISO 8601. The caller holds the
mailbox's lock.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, quote_from_bytes, unquote, unquote_to_bytes

from refmail.store.api import Flags
from refmail.store.files import replace_file, write_all
from refmail.store.index import Added, Claimed, Flagged, Index, Noted, Record, Removed

__all__ = ["Damaged", "UidList"]

_MAGIC = "refmail-uidlist 2"
_OLD_MAGIC = "refmail-uidlist 1"
#: Removals that survive a compaction, for processes that fell behind and for clients that come back (RFC 7162).
_KEPT_REMOVALS = 10_000
#: Lines beyond twice those that would be left that make a compaction worth while.
_SLACK = 1000


class Damaged(Exception):
    """The file is no journal of ours; the mailbox must get a new UIDVALIDITY."""


def _flags_text(flags: Flags) -> str:
    return "".join(" " + quote_from_bytes(flag, safe="$\\") for flag in sorted(flags))


def _records(index: Index, cut: int) -> Iterator[Record]:
    """Yield what makes an index what it is, without the first removals."""
    for uid, entry in index.entries.items():
        name = index.names[uid]
        yield Added(entry.modseq, uid, entry.size, entry.flags, entry.internal_date, name, entry.ends_in_crlf)
    for modseq, uid in index.removed[cut:]:
        yield Removed(modseq, uid)
    if index.note:
        yield Noted(index.note)


def _line(record: Record) -> str:
    match record:
        case Added(modseq, uid, size, flags, date, name, ends_in_crlf):
            quoted = quote_from_bytes(os.fsencode(name), safe=",=+")
            mark = "" if ends_in_crlf else "-"
            return f"a {modseq} {uid} {size}{mark} {date.isoformat()} {quoted}{_flags_text(flags)}\n"
        case Flagged(modseq, uid, flags):
            return f"f {modseq} {uid}{_flags_text(flags)}\n"
        case Removed(modseq, uid):
            return f"x {modseq} {uid}\n"
        case Claimed(first_recent):
            return f"r {first_recent}\n"
        case Noted(note):
            return f"n {quote(note)}\n"


def _record(line: str) -> Record:
    kind, *words = line.split(" ")
    if kind == "a" and len(words) >= 5:
        modseq, uid, size, date, name, *flags = words
        base = os.fsdecode(unquote_to_bytes(name)) if "%" in name else name
        octets = int(size.removesuffix("-"))
        when = datetime.fromisoformat(date)
        return Added(_modseq(modseq), int(uid), octets, _flags(tuple(flags)), when, base, not size.endswith("-"))
    if kind == "f" and len(words) >= 2:
        return Flagged(int(words[0]), int(words[1]), _flags(tuple(words[2:])))
    if kind == "x" and len(words) == 2:
        return Removed(int(words[0]), int(words[1]))
    if kind == "r" and len(words) == 1:
        return Claimed(int(words[0]))
    if kind == "n" and len(words) == 1:
        return Noted(unquote(words[0]))
    msg = f"unknown record {line!r}"
    raise ValueError(msg)


@lru_cache(maxsize=64)
def _modseq(word: str) -> int:
    # Messages that came together share it.
    return int(word)


@lru_cache(maxsize=1024)
def _flags(words: tuple[str, ...]) -> Flags:
    # Messages that have the same flags share them.
    return frozenset(unquote_to_bytes(word) for word in words)


class UidList:
    """The journal of one mailbox, and how much of it has been read."""

    def __init__(self, path: Path, *, sync: bool) -> None:
        self.path = path
        self._sync = sync
        self._generation: str = ""
        self._offset = 0
        self._lines = 0
        self._mark = (0, 0, 0)

    def refresh(self, index: Index | None) -> Index:
        """Return the index brought up to date: the same object, or another after a compaction elsewhere.

        Raises:
            FileNotFoundError: there is no journal.
            Damaged: it cannot be understood.
        """
        if index is not None and self._mark == self._stat():
            return index
        older = index
        try:
            with self.path.open("rb") as file:
                head = file.readline()
                generation, numbers = self._header(head.decode("ascii").removesuffix("\n"))
                size = os.fstat(file.fileno()).st_size
                if index is None or generation != self._generation or size < self._offset:
                    index, self._offset, self._lines = Index(*numbers), len(head), 0
                file.seek(self._offset)
                index.apply(self._records(file))
            if older is not None and older is not index:
                index.inherit(older)
        except (ValueError, UnicodeDecodeError) as error:
            msg = f"{self.path}: {error}"
            raise Damaged(msg) from error
        self._generation = generation
        self._mark = self._stat()
        return index

    def _records(self, lines: Iterable[bytes]) -> Iterator[Record]:
        """Yield what whole lines say, and count them."""
        for line in lines:
            if not line.endswith(b"\n"):
                return
            yield _record(line[:-1].decode("ascii"))
            self._offset += len(line)
            self._lines += 1

    def _stat(self) -> tuple[int, int, int]:
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    @staticmethod
    def _header(line: str) -> tuple[str, tuple[int, int, int, int, int]]:
        magic, rest = line[: len(_MAGIC) + 1], line[len(_MAGIC) + 1 :].split(" ")
        if magic == _OLD_MAGIC + " ":
            generation, validity, uid_next, modseq, recent = rest
            forgotten = modseq
        elif magic == _MAGIC + " ":
            generation, validity, uid_next, modseq, recent, forgotten = rest
        else:
            msg = f"the first line should begin with {_MAGIC!r}"
            raise ValueError(msg)
        return generation, (int(validity), int(uid_next), int(modseq), int(recent), int(forgotten))

    def append(self, records: Sequence[Record], *, durable: bool) -> None:
        """Append records, all or none.

        Args:
            records: what happened.
            durable: whether they must survive a power cut from here on: UIDs must, flags need not.
        """
        octets = "".join(map(_line, records)).encode("ascii")
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # What another process left half written would otherwise run into our first line.
            if os.fstat(descriptor).st_size > self._offset:
                os.ftruncate(descriptor, self._offset)
            try:
                write_all(descriptor, octets)
                if durable and self._sync:
                    os.fsync(descriptor)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(descriptor, self._offset)
                raise
        finally:
            os.close(descriptor)
        self._offset += len(octets)
        self._lines += len(records)
        self._mark = self._stat()

    def wants_compaction(self, index: Index) -> bool:
        """Whether most of the file is history."""
        removals = min(len(index.removed), _KEPT_REMOVALS)
        return self._lines > 2 * (len(index.entries) + removals) + _SLACK

    def rewrite(self, index: Index) -> None:
        """Replace the file by one that holds just what is so now, in a new generation."""
        generation = secrets.token_hex(8)
        cut = max(0, len(index.removed) - _KEPT_REMOVALS)
        forgotten = index.removed[cut - 1][0] if cut else index.forgotten
        numbers = (index.uid_validity, index.uid_next, index.modseq, index.first_recent, forgotten)
        head = f"{_MAGIC} {generation} {' '.join(map(str, numbers))}\n"
        # Line by line: the records of a large mailbox take several times the memory of the file.
        octets, lines = bytearray(head.encode("ascii")), 0
        for record in _records(index, cut):
            octets += _line(record).encode("ascii")
            lines += 1
        replace_file(self.path, octets, sync=self._sync)
        self._generation, self._offset, self._lines = generation, len(octets), lines
        self._mark = self._stat()
