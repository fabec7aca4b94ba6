"""What is known of a mailbox: a pure value that changes only by applying records.

The same records are what a Maildir's journal holds, so replaying a journal and
changing a mailbox are one code path.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from refmail.store.api import SYSTEM_FLAGS, Changes, FlagAction, Flags, MessageMeta

__all__ = ["Added", "Claimed", "Flagged", "Index", "Noted", "Record", "Removed"]

#: Removals that are remembered; the log is cut back to them when it is twice as long (RFC 7162 section 5.3).
_REMEMBERED = 10_000
#: Stands for all flags that have not changed since the message came.
_SINCE_ARRIVAL = b""


class Added(msgspec.Struct, frozen=True):
    """A message came."""

    modseq: int
    uid: int
    #: Octets on the wire.
    size: int
    flags: Flags
    internal_date: datetime
    #: What the store knows it by; for files the unique part of the file name.
    name: str
    ends_in_crlf: bool = True


@dataclass(frozen=True, slots=True)
class Flagged:
    """A message's flags are now these."""

    modseq: int
    uid: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class Removed:
    """A message went."""

    modseq: int
    uid: int


@dataclass(frozen=True, slots=True)
class Claimed:
    r"""Sessions have been told of every message below `first_recent` as \Recent."""

    first_recent: int


@dataclass(frozen=True, slots=True)
class Noted:
    """The store remembers this about what is on disk, in place of what it remembered before."""

    note: str


Record = Added | Flagged | Removed | Claimed | Noted


class Index:
    """The messages of one mailbox by UID, its counters, and the log of removals."""

    def __init__(
        self, uid_validity: int, uid_next: int = 1, modseq: int = 1, first_recent: int = 1, forgotten: int = 0
    ) -> None:
        self.uid_validity = uid_validity
        self.uid_next = uid_next
        self.modseq = modseq
        self.first_recent = first_recent
        #: What the store remembers about what is on disk.
        self.note = ""
        #: How often a message has got another name.
        self.renames = 0
        #: By ascending UID, because UIDs are only ever appended.
        self.entries: dict[int, MessageMeta] = {}
        #: What all messages take on the wire.
        self.octets = 0
        self.names: dict[int, str] = {}
        self.uids: dict[str, int] = {}
        #: (modseq, uid) of what was removed, by ascending MODSEQ; the oldest are forgotten in time.
        self.removed: list[tuple[int, int]] = []
        #: The highest MODSEQ of a removal that was forgotten.
        self.forgotten = forgotten
        #: How often a message was removed.
        self.removals = 0
        #: UID -> flag -> MODSEQ of its last change, of messages whose flags have changed.
        self._flag_changes: dict[int, dict[bytes, int]] = {}
        self._messages: tuple[MessageMeta, ...] | None = ()

    def apply(self, records: Iterable[Record]) -> None:
        """Let the records happen."""
        for record in records:
            match record:
                case Added():
                    self._add(record)
                case Flagged():
                    self._flag(record)
                case Removed():
                    self._remove(record)
                case Claimed():
                    self.first_recent = record.first_recent
                case Noted():
                    self.note = record.note
        self._messages = None
        if len(self.removed) > 2 * _REMEMBERED:
            self.forgotten = self.removed[-_REMEMBERED - 1][0]
            del self.removed[:-_REMEMBERED]

    def _flag(self, record: Flagged) -> None:
        entry = self.entries.get(record.uid)
        if entry is not None:
            changes = self._flag_changes.setdefault(record.uid, {_SINCE_ARRIVAL: entry.modseq})
            changes.update(dict.fromkeys(entry.flags ^ record.flags, record.modseq))
            self.entries[record.uid] = msgspec.structs.replace(entry, flags=record.flags, modseq=record.modseq)
        self.modseq = max(self.modseq, record.modseq)

    def _add(self, record: Added) -> None:
        before = self.entries.get(record.uid)
        self.octets += record.size - (0 if before is None else before.size)
        self.entries[record.uid] = MessageMeta(
            record.uid, record.size, record.flags, record.internal_date, record.modseq, record.ends_in_crlf
        )
        if record.uid in self.names:
            self.renames += 1
            self.uids.pop(self.names[record.uid], None)
            # Other programs' changes of flags are recorded in this way, too.
            self._flag_changes.pop(record.uid, None)
        self.names[record.uid] = record.name
        self.uids[record.name] = record.uid
        self.uid_next = max(self.uid_next, record.uid + 1)
        self.modseq = max(self.modseq, record.modseq)

    def _remove(self, record: Removed) -> None:
        entry = self.entries.pop(record.uid, None)
        if entry is not None:
            self.octets -= entry.size
            self.uids.pop(self.names.pop(record.uid), None)
            self._flag_changes.pop(record.uid, None)
        self.removed.append((record.modseq, record.uid))
        self.removals += 1
        self.modseq = max(self.modseq, record.modseq)

    def messages(self) -> tuple[MessageMeta, ...]:
        """Return all messages by ascending UID."""
        if self._messages is None:
            self._messages = tuple(self.entries.values())
        return self._messages

    def changes_since(self, modseq: int) -> Changes:
        """Return what happened after `modseq`."""
        if modseq >= self.modseq:
            return Changes(self.modseq, (), ())
        changed = tuple(entry for entry in self.messages() if entry.modseq > modseq)
        start = bisect.bisect_right(self.removed, modseq, key=lambda pair: pair[0])
        expunged = tuple(sorted(uid for _, uid in self.removed[start:]))
        return Changes(self.modseq, changed, expunged, modseq >= self.forgotten)

    def has_changed(self, uid: int, action: FlagAction, flags: Flags, since: int) -> bool:
        """Say whether what an action on these flags touches has changed after a MODSEQ (RFC 7162 section 3.1.3).

        Single flags are told apart where that is known; a keyword that the message never had does not exist.
        """
        entry = self.entries[uid]
        if entry.modseq <= since or action == "replace":
            return entry.modseq > since
        changes = self._flag_changes.get(uid, {})
        arrival = changes.get(_SINCE_ARRIVAL, entry.modseq)
        existing = (flag for flag in flags if flag in SYSTEM_FLAGS or flag in entry.flags or flag in changes)
        return any(changes.get(flag, arrival) > since for flag in existing)

    def recent(self) -> frozenset[int]:
        r"""Return the UIDs that no session was told of as \Recent."""
        return frozenset(uid for uid in self.entries if uid >= self.first_recent)

    def inherit(self, older: Index) -> None:
        """Take over the removals that a compacted journal no longer tells of."""
        known = {uid for _, uid in self.removed}
        kept = [pair for pair in older.removed if pair[1] not in known]
        lost = [uid for uid in older.entries if uid not in self.entries and uid not in known]
        self.removed = sorted([*kept, *self.removed, *((self.modseq, uid) for uid in lost)])
        if self.forgotten <= older.modseq:
            self.forgotten = min(self.forgotten, older.forgotten)
