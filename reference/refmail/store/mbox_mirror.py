"""An mbox and the index beside it, and how the index follows what other programs do to the file.

The index remembers how large the file was and when it was last changed. Where that is
no longer so, the file is looked at: from the end of the last known message, if that is
still where it was, else from the beginning. Messages are then known again by their
octets. As long as those that are known stand in the old order before those that are
new, UIDs stay; else the mailbox is another one, with a new UIDVALIDITY. A change that
leaves the size and falls into the same tick of the file system's clock is not noticed.

The index may be lost: UIDs are then new, under a new UIDVALIDITY, and flags are those
of Status and X-Status. These fields, X-UID, X-Keywords and the like are other
programs' marks: they are read, never written, and left out of what is fetched, unless
the message came through this store with them.

Nothing here takes the mailbox's own lock: the mailbox holds it around every call.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from refmail.store.api import NoSuchMailbox, NoSuchMessage, StoreError
from refmail.store.files import write_all
from refmail.store.index import Added, Index, Noted, Record, Removed
from refmail.store.lineends import to_wire
from refmail.store.mbox_extent import Places
from refmail.store.mbox_format import unmarked, unquote
from refmail.store.mbox_locks import Held, hold
from refmail.store.mbox_parcel import Parcel
from refmail.store.mbox_recognise import adopt, arrived, recognise
from refmail.store.mbox_rewrite import UNDO_SUFFIX, recover, remove_ranges, settle
from refmail.store.mbox_scan import Seen, digest_of, read_range, scan
from refmail.store.uidlist import Damaged, UidList

__all__ = ["INDEX_SUFFIX", "MboxMirror"]

INDEX_SUFFIX = ".refmail-index"


@dataclass(frozen=True, slots=True)
class _Mark:
    """How the file looked when the index was last true."""

    size: int
    changed: int
    inode: int
    #: Octets before the first message that belong to none.
    prologue: int

    @classmethod
    def of(cls, status: os.stat_result, prologue: int) -> _Mark:
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, prologue)

    @classmethod
    def from_text(cls, text: str) -> _Mark:
        """Read what the index remembers; of a new index, nothing that a file could be like."""
        return cls(*map(int, text.split("."))) if text else cls(0, -1, 0, 0)

    def to_text(self) -> str:
        return f"{self.size}.{self.changed}.{self.inode}.{self.prologue}"


class MboxMirror:
    """The index of an mbox.

    Args:
        path: the mbox.
        fresh_validity: gives the UIDVALIDITY of a mailbox that has no index yet.
        sync: whether what must last is forced to the disk.
        lock_seconds: how long to wait for programs that have locked the mbox.
        keep: make the file again where another program removed it.
    """

    def __init__(
        self, path: Path, fresh_validity: Callable[[], int], *, sync: bool, lock_seconds: float, keep: bool
    ) -> None:
        self.path = path
        self._fresh_validity = fresh_validity
        self._sync = sync
        self._lock_seconds = lock_seconds
        self._keep = keep
        self.uid_list = UidList(path.with_name(path.name + INDEX_SUFFIX), sync=sync)
        self._index: Index | None = None
        self._places = Places()
        #: Whether somebody has been told what is in the mailbox.
        self._shown = False
        self._replaced = False

    # The index.

    def refresh(self) -> Index:
        """Return the index after what other processes recorded and what other programs did.

        Raises:
            NoSuchMailbox: the file is gone, or another mailbox has taken its place.
            StoreError: another program holds the mbox, or its file is none.
        """
        status = self._status()
        before = self._index
        try:
            index = self._load(before)
            self._places.follow(index, _Mark.from_text(index.note).prologue)
        except (Damaged, ValueError):
            self.uid_list.path.replace(self.uid_list.path.with_name(self.uid_list.path.name + ".damaged"))
            index = self._begin()
            self._places.follow(index, 0)
        if self._replaced or (before is not None and before.uid_validity != index.uid_validity):
            self._replaced = True
            self._refuse()
        self._index = index
        if self._mark(index) != _Mark.of(status, self._mark(index).prologue) or self._undo_path().exists():
            with self.locked():
                pass
        self._shown = True
        return self._known()

    def look(self, index: Index) -> bool:
        """Do nothing: `refresh` has looked."""
        del index
        return False

    def _refuse(self) -> None:
        msg = f"the mailbox in {self.path} was replaced by another"
        raise NoSuchMailbox(msg)

    def _status(self) -> os.stat_result:
        try:
            status = self.path.stat(follow_symlinks=False)
        except FileNotFoundError as error:
            if not self._keep:
                msg = f"the mailbox in {self.path} was deleted"
                raise NoSuchMailbox(msg) from error
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            status = self.path.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            msg = f"{self.path} is no regular file; the store keeps mail in such files only: move it away"
            raise StoreError(msg)
        return status

    def _load(self, before: Index | None) -> Index:
        try:
            return self.uid_list.refresh(before)
        except FileNotFoundError:
            return self._begin()

    def _begin(self) -> Index:
        index = Index(self._fresh_validity())
        self.uid_list.rewrite(index)
        return index

    def _known(self) -> Index:
        assert self._index is not None, "refresh comes first"
        return self._index

    @staticmethod
    def _mark(index: Index) -> _Mark:
        return _Mark.from_text(index.note)

    def _undo_path(self) -> Path:
        return self.path.with_name(self.path.name + UNDO_SUFFIX)

    def record(self, records: Sequence[Record], *, durable: bool) -> None:
        """Write what happened to the journal, then let it happen in the index."""
        index = self._known()
        if not records:
            return
        try:
            self.uid_list.append(records, durable=durable)
            index.apply(records)
            if self.uid_list.wants_compaction(index):
                self.uid_list.rewrite(index)
        except BaseException:
            self._index = None
            raise

    def _record_file(self, held: Held, records: Sequence[Record], prologue: int) -> None:
        """Record what happened, and how the file looks now."""
        mark = _Mark.of(os.fstat(held.descriptor), prologue)
        self.record([*records, Noted(mark.to_text())], durable=bool(records))
        self._places.follow(self._known(), prologue)

    # The file.

    @contextmanager
    def locked(self) -> Generator[Held]:
        """Lock the mbox against other programs and notice what they did."""
        try:
            with hold(self.path, self._lock_seconds) as held:
                if held.writable:
                    mark = self._mark(self._known())
                    recorded = mark == _Mark.of(os.fstat(held.descriptor), mark.prologue)
                    recover(self.path, held.descriptor, recorded=recorded)
                self._notice(held)
                yield held
        except FileNotFoundError as error:
            msg = f"{self.path} was removed by another program"
            raise StoreError(msg) from error

    def _notice(self, held: Held) -> None:
        index = self._known()
        mark = self._mark(index)
        status = os.fstat(held.descriptor)
        if _Mark.of(status, mark.prologue) == mark:
            return
        if not self._notice_growth(held, index, mark, status.st_size):
            prologue, seen = scan(held.descriptor, 0, status.st_size)
            self._compare(held, index, prologue, seen)

    def _notice_growth(self, held: Held, index: Index, mark: _Mark, size: int) -> bool:
        """Record what was appended, if that seems to be all that happened."""
        end = self._places.end
        if not index.entries or size <= mark.size or not self._last_is_there(held, index):
            return False
        stray, seen = scan(held.descriptor, end, size)
        # Of our own messages we know where they end; what follows, such as half a message that somebody died over,
        # belongs to none. Another program may not have been ready with its own.
        own = self._places.extents[next(reversed(index.entries))].own
        if not own and stray and (not seen or read_range(held.descriptor, end, end + stray).strip(b"\r\n")):
            return False
        records = self._arrived(index, seen, lead=stray)
        self._record_file(held, records, mark.prologue)
        return True

    def _last_is_there(self, held: Held, index: Index) -> bool:
        uid = next(reversed(index.entries))
        return self._digest(held, uid) == self._places.extents[uid].digest

    def _digest(self, held: Held, uid: int) -> str:
        text = self._text(held, uid)
        return digest_of(text if self._places.extents[uid].own else unmarked(text))

    def _text(self, held: Held, uid: int) -> bytes:
        extent, offset = self._places.extents[uid], self._places.offsets[uid]
        start = offset + extent.lead + extent.separator
        return read_range(held.descriptor, start, start + extent.text)

    def _arrived(self, index: Index, seen: Sequence[Seen], lead: int = 0) -> list[Added]:
        return arrived(index, seen, datetime.fromtimestamp(int(self.path.stat().st_mtime), UTC), lead)

    def _compare(self, held: Held, index: Index, prologue: int, seen: Sequence[Seen]) -> None:
        """Know messages again in a file that was rewritten."""
        matches = recognise(index, self._places.extents, seen)
        kept = [uid for uid in matches if uid is not None]
        new = seen[len(kept) :]
        if index.entries and (None in matches[: len(kept)] or (seen and not kept)):
            self._replace(held, index, prologue, seen, matches)
            return
        gone_on = set(kept)
        records: list[Record] = [Removed(index.modseq + 1, uid) for uid in index.entries if uid not in gone_on]
        extents = self._places.extents
        records += [adopt(index, uid, extents[uid], each) for uid, each in zip(kept, seen, strict=False)]
        records += self._arrived(index, new)
        self._record_file(held, records, prologue)

    def _replace(
        self, held: Held, index: Index, prologue: int, seen: Sequence[Seen], matches: Sequence[int | None]
    ) -> None:
        """Begin anew, under a new UIDVALIDITY, with what can be known again of flags and dates."""
        fresh = Index(self._fresh_validity())
        records: list[Record] = []
        for record, uid in zip(self._arrived(fresh, seen), matches, strict=True):
            old = index.entries.get(uid or 0)
            records.append(
                structs.replace(record, flags=record.flags | old.flags, internal_date=old.internal_date)
                if old
                else record
            )
        fresh.apply([*records, Noted(_Mark.of(os.fstat(held.descriptor), prologue).to_text())])
        self.uid_list.rewrite(fresh)
        self._index = fresh
        self._places.follow(fresh, prologue)
        if self._shown:
            self._replaced = True
            self._refuse()

    # Messages.

    def read(self, uid: int) -> bytes:
        """Return a message as it goes over the wire.

        Raises:
            NoSuchMessage: it is gone.
        """
        if uid not in self._known().entries:
            msg = f"the mailbox in {self.path} has no message with UID {uid}"
            raise NoSuchMessage(msg)
        text = self._glance(uid)
        if text is None:
            with self.locked() as held:
                if uid not in self._known().entries:
                    msg = f"the message with UID {uid} was removed from {self.path}"
                    raise NoSuchMessage(msg)
                text = self._text(held, uid)
        return to_wire(unquote(text if self._places.extents[uid].own else unmarked(text)))

    def _glance(self, uid: int) -> bytes | None:
        """Return a message as it stands in the file, or None where the file has changed meanwhile."""
        mark = self._mark(self._known())
        with hold(self.path, self._lock_seconds, shared=True) as held:
            text = self._text(held, uid)
            return text if _Mark.of(os.fstat(held.descriptor), mark.prologue) == mark else None

    def append(self, parcels: Sequence[Parcel]) -> list[int]:
        """Append messages durably, all or none, and return their UIDs."""
        with self.locked() as held:
            self._require_writable(held)
            index = self._known()
            size = os.fstat(held.descriptor).st_size
            records: list[Record] = []
            lead = self._lead(held, size)
            # A message's entry begins where the last one ends, whatever stands between them.
            stray = size - self._places.end
            try:
                os.lseek(held.descriptor, size, os.SEEK_SET)
                for uid, each in enumerate(parcels, index.uid_next):
                    entry = each.octets(lead)
                    write_all(held.descriptor, entry)
                    records.append(each.record(index.modseq + 1, uid, stray + len(lead), stray + len(entry)))
                    lead, stray = b"", 0
                if self._sync:
                    os.fsync(held.descriptor)
                self._record_file(held, records, self._mark(index).prologue)
            except BaseException:
                with suppress(OSError):
                    os.ftruncate(held.descriptor, size)
                raise
            return [record.uid for record in records if isinstance(record, Added)]

    @staticmethod
    def _lead(held: Held, size: int) -> bytes:
        """Return what the file lacks at its end before a separator may follow."""
        last = read_range(held.descriptor, max(0, size - 3), size)
        if not size or last.endswith((b"\n\n", b"\n\r\n")) or (size <= 2 and last in {b"\n", b"\r\n"}):
            return b""
        return b"\n" if last.endswith(b"\n") else b"\n\n"

    def remove(self, uids: Collection[int]) -> list[int]:
        """Remove messages and return the UIDs that were there, ascending."""
        if not any(uid in self._known().entries for uid in uids):
            return []
        with self.locked() as held:
            self._require_writable(held)
            index = self._known()
            present = [uid for uid in index.entries if uid in uids]
            ranges: list[tuple[int, int]] = []
            for uid in present:
                start = self._places.offsets[uid]
                end = start + self._places.extents[uid].length
                if ranges and ranges[-1][1] == start:
                    start = ranges.pop()[0]
                ranges.append((start, end))
            remove_ranges(self.path, held.descriptor, ranges, sync=self._sync)
            records: list[Record] = [Removed(index.modseq + 1, uid) for uid in present]
            self._record_file(held, records, self._mark(index).prologue)
            settle(self.path)
            return present

    def _require_writable(self, held: Held) -> None:
        if not held.writable:
            msg = f"{self.path} is read-only"
            raise StoreError(msg)

    def move(self, path: Path) -> None:
        """Give the mbox and its index another name; what the name had before is gone."""
        self.path.rename(path)
        index = path.with_name(path.name + INDEX_SUFFIX)
        self.uid_list.path.replace(index)
        self.path, self.uid_list.path = path, index
