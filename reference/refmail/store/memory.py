"""A store in memory: fast, gone with the process, and the model that Maildir is compared with."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from refmail.store.api import (
    Changes,
    ConditionalChange,
    FlagAction,
    Mailbox,
    MailboxExists,
    MailboxInfo,
    MaildropBusy,
    MessageMeta,
    NewMessage,
    NoSuchMailbox,
    NoSuchMessage,
    Quota,
    QuotaLimits,
    QuotaUsage,
    StoreError,
)
from refmail.store.flags import canonical_flags, plan_flags
from refmail.store.index import Added, Claimed, Index, Removed
from refmail.store.lineends import normalised
from refmail.store.names import INBOX, above, canonical_name, check_user, listing, plan_rename
from refmail.store.notes import MemoryKeeper, Note, Recipe
from refmail.store.noting import Notes
from refmail.store.quota import QuotaOf, require_room, unlimited
from refmail.store.uses import UseTable
from refmail.store.watchers import Watchers

__all__ = ["MemoryMailbox", "MemoryStore"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryMailbox:
    """One mailbox of a MemoryStore."""

    def __init__(self, store: MemoryStore, user: str, name: str, uid_validity: int) -> None:
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
        self._store.require_room(self._user, QuotaUsage(sum(len(octets) for octets, _, _ in messages), len(messages)))
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

    def noted_containing(self, recipe: Recipe, uids: Collection[int], part: int, text: bytes) -> set[int]:
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


@dataclass(slots=True)
class _Account:
    mailboxes: dict[str, MemoryMailbox]
    subscriptions: set[str] = field(default_factory=set[str])
    uses: UseTable = field(default_factory=UseTable)
    #: Limits that were set in place of the configured ones.
    limits: QuotaLimits | None = None
    locked: bool = False
    #: How often a mailbox was made, renamed or deleted.
    moves: int = 0
    #: The highest UIDVALIDITY that each name has had and lost.
    past: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def generation(self) -> tuple[int, int]:
        return self.moves, sum(box.index.modseq for box in self.mailboxes.values())

    def put(self, name: str, mailbox: MemoryMailbox) -> None:
        self.moves += 1
        self.mailboxes[name] = mailbox

    def take(self, name: str) -> MemoryMailbox:
        self.moves += 1
        mailbox = self.mailboxes.pop(name)
        self.past[name] = mailbox.uid_validity
        return mailbox


class _Transaction:
    """Holds a store for a while; a class, as it is entered several times for each message."""

    __slots__ = ("_began", "_store", "_user")

    def __init__(self, store: MemoryStore, user: str) -> None:
        self._store = store
        self._user = user

    def __enter__(self) -> _Account:
        self._began = self._store.take(self._user)
        return self._began[0]

    def __exit__(self, *_error: object) -> None:
        self._store.let_go(self._user, *self._began)


class _MailboxTransaction:
    """The same, and gives the index of a mailbox."""

    __slots__ = ("_mailbox", "_transaction")

    def __init__(self, transaction: _Transaction, mailbox: MemoryMailbox) -> None:
        self._transaction = transaction
        self._mailbox = mailbox

    def __enter__(self) -> Index:
        self._transaction.__enter__()
        if self._mailbox.deleted:
            self._transaction.__exit__()
            msg = f"mailbox {self._mailbox.name!r} was deleted"
            raise NoSuchMailbox(msg)
        return self._mailbox.index

    def __exit__(self, *_error: object) -> None:
        self._transaction.__exit__()


class MemoryStore:
    """All mail in memory, under one lock.

    Args:
        now: the clock for internal dates and the first UIDVALIDITY.
        quota: what each user's mail may take together, in octets on the wire.
        defaults: special use -> name of the mailbox that each user is given for it.
    """

    blocking = False

    def __init__(
        self,
        now: Callable[[], datetime] = _utc_now,
        quota: QuotaOf = unlimited,
        defaults: Mapping[bytes, str] | None = None,
    ) -> None:
        self.now = now
        self._quota = quota
        self._defaults = dict(defaults or {})
        self._lock = threading.RLock()
        self._accounts: dict[str, _Account] = {}
        self._validities = itertools.count(max(1, int(now().timestamp()) & 0x7FFFFFFF))
        self._watchers = Watchers()
        self._depth = 0

    def transaction(self, user: str) -> _Transaction:
        """Hold the store; when the outermost is done, tell the user's watchers if something changed."""
        return _Transaction(self, user)

    def take(self, user: str) -> tuple[_Account, tuple[int, int] | None]:
        """Begin a transaction; return the account and, of an outermost one, what the account was at."""
        self._lock.acquire()
        try:
            account = self._account(user)
            before = None if self._depth else account.generation
        except BaseException:
            self._lock.release()
            raise
        self._depth += 1
        return account, before

    def let_go(self, user: str, account: _Account, before: tuple[int, int] | None) -> None:
        """End a transaction, given what its beginning returned."""
        self._depth -= 1
        changed = before is not None and account.generation != before
        self._lock.release()
        if changed:
            self._watchers.notify(user)

    def _account(self, user: str) -> _Account:
        account = self._accounts.get(user)
        if account is None:
            inbox = MemoryMailbox(self, check_user(user), INBOX, next(self._validities))
            account = self._accounts[user] = _Account({INBOX: inbox})
            for use, name in self._defaults.items():
                self._make(account, user, [*above(name), name])
                account.uses.put(name, {use, *account.uses.by_name.get(name, ())})
        return account

    def require_room(self, user: str, more: QuotaUsage) -> None:
        """Raise OverQuota if so much more exceeds the user's quota; the caller holds the store."""
        if not self._limits(self._account(user), user).unlimited:
            quota = self.quota(user)
            require_room(user, quota.limits, quota.usage, more)

    def _limits(self, account: _Account, user: str) -> QuotaLimits:
        return account.limits if account.limits is not None else self._quota(user)

    def quota(self, user: str) -> Quota:
        with self.transaction(user) as account:
            limits = self._limits(account, user)
            indexes = [box.index for box in account.mailboxes.values()]
            usage = QuotaUsage(sum(index.octets for index in indexes), sum(len(index.entries) for index in indexes))
            return Quota(limits, usage)

    def set_quota(self, user: str, limits: QuotaLimits) -> None:
        with self.transaction(user) as account:
            account.limits = limits

    def deliver(self, user: str, octets: bytes) -> None:
        with self.transaction(user) as account:
            account.mailboxes[INBOX].add(octets)

    def open(self, user: str, name: str) -> MemoryMailbox:
        with self.transaction(user) as account:
            return self._mailbox(account, canonical_name(name))

    def _mailbox(self, account: _Account, name: str) -> MemoryMailbox:
        if name not in account.mailboxes:
            msg = f"there is no mailbox {name!r}"
            raise NoSuchMailbox(msg)
        return account.mailboxes[name]

    def list(self, user: str) -> Sequence[MailboxInfo]:
        with self.transaction(user) as account:
            return listing(account.mailboxes, account.subscriptions, account.uses.by_name)

    def create(self, user: str, name: str, uses: Collection[bytes] = ()) -> None:
        name = canonical_name(name)
        with self.transaction(user) as account:
            if name in account.mailboxes:
                msg = f"there is already a mailbox {name!r}"
                raise MailboxExists(msg)
            account.uses.check(uses, account.mailboxes)
            account.uses.put(name, uses)
            self._make(account, user, [*above(name), name])

    def _make(self, account: _Account, user: str, names: Iterable[str]) -> None:
        for name in names:
            if name not in account.mailboxes:
                account.put(name, MemoryMailbox(self, user, name, next(self._validities)))

    def delete(self, user: str, name: str) -> None:
        name = canonical_name(name)
        if name == INBOX:
            msg = "INBOX cannot be deleted"
            raise StoreError(msg)
        with self.transaction(user) as account:
            self._mailbox(account, name).deleted = True
            account.take(name)
            account.uses.put(name, ())

    def rename(self, user: str, old: str, new: str) -> None:
        old, new = canonical_name(old), canonical_name(new)
        with self.transaction(user) as account:
            if old == INBOX:
                self.create(user, new)
                inbox = account.mailboxes[INBOX]
                uids = list(inbox.index.entries)
                inbox.move_to(account.mailboxes[new], uids)
                return
            plan = plan_rename(account.mailboxes, old, new)
            for box, target in [(account.take(source), target) for source, target in plan]:
                box.name = target
                if account.past.get(target, 0) > box.uid_validity:
                    # A name must not come back with a lower UIDVALIDITY (RFC 3501 section 2.3.1.1).
                    box.index.uid_validity = next(self._validities)
                account.put(target, box)
            for source, target in plan:
                account.uses.move(source, target)
            self._make(account, user, above(new))

    def subscribe(self, user: str, name: str) -> None:
        with self.transaction(user) as account:
            account.subscriptions.add(canonical_name(name))

    def unsubscribe(self, user: str, name: str) -> None:
        with self.transaction(user) as account:
            account.subscriptions.discard(canonical_name(name))

    def subscriptions(self, user: str) -> Sequence[str]:
        with self.transaction(user) as account:
            return sorted(account.subscriptions)

    def lock_maildrop(self, user: str) -> None:
        with self.transaction(user) as account:
            if account.locked:
                msg = f"the maildrop of {user!r} is in use"
                raise MaildropBusy(msg)
            account.locked = True

    def unlock_maildrop(self, user: str) -> None:
        with self.transaction(user) as account:
            account.locked = False

    def watch(self, user: str, callback: Callable[[], None]) -> Callable[[], None]:
        return self._watchers.add(user, callback)

    def close(self) -> None:
        with self._lock:
            for account in self._accounts.values():
                account.locked = False
