"""The journal file of a mailbox: UIDs, flags that file names cannot hold, MODSEQs, removals.

One record a line; the first line is the header. It is only appended to, and now
and then rewritten by way of a temporary file in the same folder, with a new
generation, by which other processes see that they must read it anew. A last
line without its line end is a write that was cut short: it counts for nothing.

    header  = "refmail-uidlist 1" SP generation SP uid-validity SP uid-next SP modseq SP first-recent
    added   = "a" SP modseq SP uid SP size ["-"] SP date SP name *(SP flag)    ; "-": the last CRLF is missing
    flagged = "f" SP modseq SP uid *(SP flag)
    removed = "x" SP modseq SP uid
    claimed = "r" SP first-recent
    noted   = "n" SP note                                                      ; what an mbox looked like

Names, notes and flags are percent-encoded, dates ISO 8601. The caller holds the mailbox's lock.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, quote_from_bytes, unquote, unquote_to_bytes

from refmail.store.api import Flags
from refmail.store.files import replace_file, write_all
from refmail.store.index import Added, Claimed, Flagged, Index, Noted, Record, Removed

__all__ = ["Damaged", "UidList"]

_MAGIC = "refmail-uidlist 1"
#: Removals that survive a compaction, for processes that fell behind.
_KEPT_REMOVALS = 1000
#: Lines beyond twice the number of messages that make a compaction worth while.
_SLACK = 1000


class Damaged(Exception):
    """The file is no journal of ours; the mailbox must get a new UIDVALIDITY."""


def _flags_text(flags: Flags) -> str:
    return "".join(" " + quote_from_bytes(flag, safe="$\\") for flag in sorted(flags))


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
        base = os.fsdecode(unquote_to_bytes(name))
        octets = int(size.removesuffix("-"))
        when = datetime.fromisoformat(date)
        return Added(int(modseq), int(uid), octets, _flags(flags), when, base, not size.endswith("-"))
    if kind == "f" and len(words) >= 2:
        return Flagged(int(words[0]), int(words[1]), _flags(words[2:]))
    if kind == "x" and len(words) == 2:
        return Removed(int(words[0]), int(words[1]))
    if kind == "r" and len(words) == 1:
        return Claimed(int(words[0]))
    if kind == "n" and len(words) == 1:
        return Noted(unquote(words[0]))
    msg = f"unknown record {line!r}"
    raise ValueError(msg)


def _flags(words: Iterable[str]) -> Flags:
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
        octets = self.path.read_bytes()
        whole = octets[: octets.rfind(b"\n") + 1]
        try:
            head, _, _ = whole.partition(b"\n")
            generation, numbers = self._header(head.decode("ascii"))
            older = index
            if index is None or generation != self._generation or len(whole) < self._offset:
                index, self._offset, self._lines = Index(*numbers), len(head) + 1, 0
            lines = whole[self._offset :].decode("ascii").splitlines()
            index.apply(_record(line) for line in lines)
            if older is not None and older is not index:
                index.inherit(older)
        except (ValueError, UnicodeDecodeError) as error:
            msg = f"{self.path}: {error}"
            raise Damaged(msg) from error
        self._generation, self._offset, self._lines = generation, len(whole), self._lines + len(lines)
        self._mark = self._stat()
        return index

    def _stat(self) -> tuple[int, int, int]:
        status = self.path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    @staticmethod
    def _header(line: str) -> tuple[str, tuple[int, int, int, int]]:
        if not line.startswith(_MAGIC + " "):
            msg = f"the first line should begin with {_MAGIC!r}"
            raise ValueError(msg)
        generation, validity, uid_next, modseq, recent = line[len(_MAGIC) + 1 :].split(" ")
        return generation, (int(validity), int(uid_next), int(modseq), int(recent))

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
        return self._lines > 2 * len(index.entries) + _SLACK

    def rewrite(self, index: Index) -> None:
        """Replace the file by one that holds just what is so now, in a new generation."""
        generation = secrets.token_hex(8)
        head = f"{_MAGIC} {generation} {index.uid_validity} {index.uid_next} {index.modseq} {index.first_recent}\n"
        records: list[Record] = [
            Added(e.modseq, uid, e.size, e.flags, e.internal_date, index.names[uid], e.ends_in_crlf)
            for uid, e in index.entries.items()
        ]
        records.extend(Removed(modseq, uid) for modseq, uid in index.removed[-_KEPT_REMOVALS:])
        if index.note:
            records.append(Noted(index.note))
        octets = (head + "".join(map(_line, records))).encode("ascii")
        replace_file(self.path, octets, sync=self._sync)
        self._generation, self._offset, self._lines = generation, len(octets), len(records)
        self._mark = self._stat()
