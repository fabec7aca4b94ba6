"""One mailbox of an mbox store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from refmail.store.api import ConditionalChange, FlagAction, Mailbox, NewMessage, QuotaUsage, StoreError
from refmail.store.disk_mailbox import DiskMailbox
from refmail.store.files import disk_errors
from refmail.store.flags import canonical_flags, plan_flags
from refmail.store.index import Claimed, Index
from refmail.store.locks import FileLock
from refmail.store.mbox_layout import LOCK_SUFFIX
from refmail.store.mbox_mirror import MboxMirror
from refmail.store.mbox_parcel import Parcel, parcel
from refmail.store.names import INBOX
from refmail.store.quota import Gate
from refmail.store.validity import Validity

__all__ = ["MboxMailbox", "MboxSurroundings"]


@dataclass(frozen=True, slots=True)
class MboxSurroundings:
    """What all mailboxes of one user share."""

    now: Callable[[], datetime]
    validity: Validity
    sync: bool
    #: Seconds to wait for other programs that have locked an mbox.
    lock_seconds: float
    #: Held by whoever holds two mailboxes at once, so that nobody else does.
    moving: FileLock
    #: Keeps the quota; entered without the mailbox's lock.
    gate: Gate
    #: Tells watchers; called without the mailbox's lock.
    changed: Callable[[], None]


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + LOCK_SUFFIX)


class MboxMailbox(DiskMailbox):
    """One mailbox; the store makes exactly one object for each.

    Args:
        path: the mbox.
        name: its decoded name.
        around: what it shares with the user's other mailboxes.
    """

    def __init__(self, path: Path, name: str, around: MboxSurroundings) -> None:
        super().__init__(name, _lock_path(path), around.changed)
        self._around = around
        self._mirror = MboxMirror(
            path, around.validity.fresh, sync=around.sync, lock_seconds=around.lock_seconds, keep=name == INBOX
        )

    def _source(self) -> MboxMirror:
        return self._mirror

    def claim_recent(self) -> frozenset[int]:
        with self._transaction() as index:
            recent = index.recent()
            if recent:
                self._mirror.record([Claimed(index.uid_next)], durable=False)
            return recent

    def read(self, uid: int) -> bytes:
        with self._transaction():
            return self._mirror.read(uid)

    # Changes.

    def add(self, octets: bytes, flags: Collection[bytes] = (), internal_date: datetime | None = None) -> int:
        return self.add_all([NewMessage(octets, flags, internal_date)])[0]

    def add_all(self, messages: Sequence[NewMessage]) -> Sequence[int]:
        now = self._around.now()
        return self._commit([parcel(m.octets, canonical_flags(m.flags), m.internal_date or now) for m in messages])

    def _commit(self, parcels: Sequence[Parcel]) -> list[int]:
        with disk_errors(f"delivery to mailbox {self.name!r}"):
            size = QuotaUsage(sum(each.size for each in parcels), len(parcels))
            with self._around.gate.admit(size), self._transaction():
                return self._mirror.append(parcels)

    def copy_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        other = self._of_one_store(target)
        # Never two mailboxes' locks at once: another copy may go the other way.
        with self._transaction() as index:
            parcels = self._parcels(index, uids)
        return other._commit(parcels)  # noqa: SLF001 - another object of this class

    @staticmethod
    def _of_one_store(target: Mailbox) -> MboxMailbox:
        if not isinstance(target, MboxMailbox):
            msg = "messages can only be copied within one store"
            raise StoreError(msg)
        return target

    def _parcels(self, index: Index, uids: Iterable[int]) -> list[Parcel]:
        parcels: list[Parcel] = []
        for uid in uids:
            octets = self._mirror.read(uid)
            meta = index.entries[uid]
            parcels.append(parcel(octets, meta.flags, meta.internal_date))
        return parcels

    def move_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        other = self._of_one_store(target)
        chosen = list(uids)
        with (
            disk_errors(f"move to mailbox {other.name!r}"),
            self._around.moving,
            self._transaction() as index,
            nullcontext() if other is self else other._transaction(),  # noqa: SLF001 - another object of this class
        ):
            moved = other._mirror.append(self._parcels(index, chosen))  # noqa: SLF001 - same
            try:
                self._mirror.remove(frozenset(chosen))
            except BaseException:
                other._mirror.remove(frozenset(moved))  # noqa: SLF001 - same
                raise
            return moved

    def _change_flags(
        self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], since: int | None
    ) -> ConditionalChange:
        with self._transaction() as index:
            plan = plan_flags(index, uids, action, flags, since)
            self._mirror.record(plan.records, durable=False)
            return plan.outcome(index)

    def expunge(self, uids: Iterable[int]) -> Sequence[int]:
        with self._transaction():
            return self._mirror.remove(frozenset(uids))

    def move(self, folder: Path, name: str) -> int:
        with self._transaction() as index:
            before = index.uid_validity
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._mirror.move(folder)
            self._lock.path = self._lock.path.rename(_lock_path(folder))
            self.name = name
            if not self._around.validity.suits(name, before):
                # A name must not come back with a lower UIDVALIDITY (RFC 3501 section 2.3.1.1).
                index.uid_validity = self._around.validity.fresh()
                self._mirror.uid_list.rewrite(index)
            return before
