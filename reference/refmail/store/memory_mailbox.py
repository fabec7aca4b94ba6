"""One mailbox of a store in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from refmail.store.api import (
    Changes,
    ConditionalChange,
    FlagAction,
    Mailbox,
    MessageMeta,
    NewMessage,
    NoSuchMailbox,
    NoSuchMessage,
    QuotaUsage,
    StoreError,
)
from refmail.store.flags import canonical_flags, plan_flags
from refmail.store.index import Added, Claimed, Index, Removed
from refmail.store.lineends import normalised
from refmail.store.notes import MemoryKeeper, Note, Recipe, Suspects
from refmail.store.noting import Notes

__all__ = ["MemoryAccounts", "MemoryMailbox"]


class MemoryAccounts(Protocol):
    """The store as its mailboxes need it."""

    def now(self) -> datetime:
        """Return the present time, for internal dates."""
        ...

    def transaction(self, user: str) -> AbstractContextManager[object]:
        """Hold the store; when the outermost is done, the user's watchers are told if something changed."""
        ...

    def require_room(self, user: str, more: QuotaUsage) -> None:
        """Raise OverQuota if so much more exceeds the user's quota; the caller holds the store."""
        ...


class _MailboxTransaction:
    """Holds the store, and gives the index of a mailbox; a class, as it is entered several times for each message."""

    __slots__ = ("_mailbox", "_transaction")

    def __init__(self, transaction: AbstractContextManager[object], mailbox: MemoryMailbox) -> None:
        self._transaction = transaction
        self._mailbox = mailbox

    def __enter__(self) -> Index:
        self._transaction.__enter__()
        if self._mailbox.deleted:
            self._transaction.__exit__(None, None, None)
            msg = f"mailbox {self._mailbox.name!r} was deleted"
            raise NoSuchMailbox(msg)
        return self._mailbox.index

    def __exit__(self, *_error: object) -> None:
        self._transaction.__exit__(None, None, None)


class MemoryMailbox:
    """One mailbox of a MemoryStore."""

    def __init__(self, store: MemoryAccounts, user: str, name: str, uid_validity: int) -> None:
        self._store = store
        self._user = user
        self.name = name
        self.deleted = False
        self.index = Index(uid_validity)
        self.octets: dict[int, bytes] = {}
        self._notes = Notes(lambda recipe: MemoryKeeper(recipe.parts), self._transaction, self.read_many)

    @property
    def uid_validity(self) -> int:
        return self.index.uid_validity

    @property
    def uid_next(self) -> int:
        return self.index.uid_next

    @property
    def modseq(self) -> int:
        return self.index.modseq

    def _transaction(self) -> _MailboxTransaction:
        return _MailboxTransaction(self._store.transaction(self._user), self)

    def messages(self) -> Sequence[MessageMeta]:
        with self._transaction() as index:
            return index.messages()

    def total_size(self) -> int:
        with self._transaction() as index:
            return index.octets

    def claim_recent(self) -> frozenset[int]:
        with self._transaction() as index:
            recent = index.recent()
            index.apply([Claimed(index.uid_next)])
            return recent

    def recent_count(self) -> int:
        with self._transaction() as index:
            return len(index.recent())

    def add(self, octets: bytes, flags: Collection[bytes] = (), internal_date: datetime | None = None) -> int:
        return self.add_all([NewMessage(octets, flags, internal_date)])[0]

    def add_all(self, messages: Sequence[NewMessage]) -> Sequence[int]:
        now = self._store.now()
        with self._transaction():
            return self._add(
                [(normalised(m.octets), canonical_flags(m.flags), m.internal_date or now) for m in messages]
            )

    def _add(self, messages: Sequence[tuple[bytes, frozenset[bytes], datetime]]) -> list[int]:
        self._store.require_room(self._user, QuotaUsage(sum([len(octets) for octets, _, _ in messages]), len(messages)))
        return self._put(messages)

    def _put(self, messages: Sequence[tuple[bytes, frozenset[bytes], datetime]]) -> list[int]:
        index = self.index
        modseq = index.modseq + 1
        uids: list[int] = []
        for octets, flags, date in messages:
            uid = index.uid_next
            self.octets[uid] = octets
            whole = not octets or octets.endswith(b"\r\n")
            index.apply([Added(modseq, uid, len(octets), flags, date.replace(microsecond=0), str(uid), whole)])
            uids.append(uid)
        return uids

    def copy_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        other = self._of_one_store(target)
        with self._transaction(), other._transaction():  # noqa: SLF001 - another object of this class
            return other._add(self._copies(uids))  # noqa: SLF001 - same

    def move_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        other = self._of_one_store(target)
        chosen = list(uids)
        with self._transaction(), other._transaction():  # noqa: SLF001 - another object of this class
            moved = other._put(self._copies(chosen))  # noqa: SLF001 - same
            self.expunge(chosen)
            return moved

    @staticmethod
    def _of_one_store(target: Mailbox) -> MemoryMailbox:
        if not isinstance(target, MemoryMailbox):
            msg = "messages can only be copied within one store"
            raise StoreError(msg)
        return target

    def _copies(self, uids: Iterable[int]) -> list[tuple[bytes, frozenset[bytes], datetime]]:
        found = [(self._octets(uid), self.index.entries[uid]) for uid in uids]
        return [(octets, meta.flags, meta.internal_date) for octets, meta in found]

    def _octets(self, uid: int) -> bytes:
        try:
            return self.octets[uid]
        except KeyError:
            msg = f"mailbox {self.name!r} has no message with UID {uid}"
            raise NoSuchMessage(msg) from None

    def read(self, uid: int) -> bytes:
        with self._transaction():
            return self._octets(uid)

    def read_many(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for uid in uids:
            with self._transaction():
                octets = self.octets.get(uid)
            if octets is not None:
                yield uid, octets

    def noted(self, recipe: Recipe, uids: Collection[int]) -> Mapping[int, Note]:
        return self._notes.noted(recipe, uids)

    def noted_containing(self, recipe: Recipe, uids: Collection[int], part: int, text: bytes) -> Suspects:
        return self._notes.noted_containing(recipe, uids, part, text)

    def change_flags(self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes]) -> Sequence[MessageMeta]:
        return self._change_flags(uids, action, flags, None).messages

    def change_flags_unless_modified(
        self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], modseq: int
    ) -> ConditionalChange:
        return self._change_flags(uids, action, flags, modseq)

    def _change_flags(
        self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], since: int | None
    ) -> ConditionalChange:
        with self._transaction() as index:
            plan = plan_flags(index, uids, action, flags, since)
            index.apply(plan.records)
            return plan.outcome(index)

    def expunge(self, uids: Iterable[int]) -> Sequence[int]:
        with self._transaction() as index:
            present = [uid for uid in sorted(set(uids)) if uid in index.entries]
            modseq = index.modseq + 1
            index.apply([Removed(modseq, uid) for uid in present])
            for uid in present:
                del self.octets[uid]
            return present

    def changes_since(self, modseq: int) -> Changes:
        with self._transaction() as index:
            return index.changes_since(modseq)
