"""A store in memory: fast, gone with the process, and the model that Maildir is compared with."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from refmail.store.api import (
    MailboxExists,
    MailboxInfo,
    MaildropBusy,
    NoSuchMailbox,
    Quota,
    QuotaLimits,
    QuotaUsage,
    StoreError,
)
from refmail.store.memory_mailbox import MemoryMailbox
from refmail.store.names import INBOX, above, canonical_name, check_user, listing, plan_rename
from refmail.store.quota import QuotaOf, require_room, unlimited
from refmail.store.uses import UseTable
from refmail.store.watchers import Watchers

__all__ = ["MemoryStore"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


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
        return self.moves, sum([box.index.modseq for box in self.mailboxes.values()])

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
