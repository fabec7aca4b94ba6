"""What stores on disk have in common: users, the tree of their mailboxes, subscriptions, the POP3 lock, watching."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Hashable, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from urllib.parse import quote, unquote

from refmail.store.api import (
    InvalidName,
    MailboxExists,
    MailboxInfo,
    MaildropBusy,
    NoSuchMailbox,
    Quota,
    QuotaLimits,
    StoreError,
)
from refmail.store.disk_mailbox import DiskMailbox
from refmail.store.files import disk_errors, replace_file
from refmail.store.locks import FileLock, try_lock
from refmail.store.names import INBOX, above, canonical_name, listing, plan_rename
from refmail.store.poller import Poller
from refmail.store.quota import Books, Gate, LimitsFile, QuotaOf
from refmail.store.uses import UsesFile, give_defaults
from refmail.store.validity import Validity
from refmail.store.watchers import Watchers

__all__ = ["Account", "DiskStore", "Tree", "utc_now"]

M = TypeVar("M", bound=DiskMailbox)


def utc_now() -> datetime:
    """Return the time: the clock of a store that is given no other."""
    return datetime.now(UTC)


class Tree(Protocol):
    """Names and places of one user's mailboxes."""

    def file(self, name: str) -> Path:
        """Return the path of one of our own files."""
        ...

    def folder(self, name: str) -> Path:
        """Return the folder (or file) of a mailbox, which need not exist.

        Raises:
            InvalidName: it cannot have one.
        """
        ...

    def exists(self, name: str) -> bool: ...
    def names(self) -> list[str]: ...
    def make(self, name: str) -> None: ...
    def remove(self, name: str) -> None: ...


class Account(Generic[M]):
    """One user's mailboxes, and the one object for each of them.

    Args:
        layout: where they are.
        validity: gives them their UIDVALIDITY.
        gate: keeps the quota.
        uses: where their special uses stand.
        make_mailbox: makes the object for a mailbox of its folder (or file) and its name.
    """

    def __init__(
        self, layout: Tree, validity: Validity, gate: Gate, uses: UsesFile, make_mailbox: Callable[[Path, str], M]
    ) -> None:
        self.layout = layout
        self.validity = validity
        self.gate = gate
        self.uses = uses
        self.make_mailbox = make_mailbox
        #: Held while mailboxes are made, renamed or deleted and while subscriptions change.
        self.lock = FileLock(layout.file("refmail-user-lock"))
        #: Held while mailboxes are looked up.
        self.guard = threading.RLock()
        #: Held while the POP3 lock is taken or given back: never for long.
        self.maildrop_guard = threading.Lock()
        self.mailboxes: dict[str, M] = {}
        #: Descriptor that holds the POP3 lock, or -1.
        self.maildrop = -1

    def require(self, name: str) -> M:
        """Return the object of a mailbox that exists; the caller holds the guard."""
        known = self.mailboxes.get(name)
        if known is not None:
            with suppress(NoSuchMailbox):
                known.check()
                return known
            del self.mailboxes[name]
        if name == INBOX:
            self.make(INBOX)
        if not self.layout.exists(name):
            msg = f"there is no mailbox {name!r}"
            raise NoSuchMailbox(msg)
        mailbox = self.mailboxes[name] = self.make_mailbox(self.layout.folder(name), name)
        return mailbox

    def exists(self, name: str) -> bool:
        """Whether there is such a mailbox."""
        return self.layout.exists(name)

    def may_exist(self, name: str) -> bool:
        """Whether there may be such a mailbox one day."""
        try:
            self.layout.folder(canonical_name(name))
        except InvalidName:
            return False
        return True

    def make(self, name: str) -> None:
        """Make a mailbox and the levels above it; INBOX is always there."""
        for level in [*above(name), name]:
            if not self.layout.exists(level):
                self.layout.make(level)


class DiskStore(ABC, Generic[M]):
    """Mail on disk, shared with other processes.

    Args:
        root: the folder that holds a folder for each user; made if it is not there.
        now: the clock.
        sync: whether deliveries are forced to the disk; only tests may do without.
        quota: what each user's mail may take together.
        defaults: special use -> name of the mailbox that each user is given for it.
        poll: seconds between two looks for what other programs did, while somebody watches.
    """

    blocking = True

    def __init__(
        self,
        root: Path,
        now: Callable[[], datetime],
        *,
        sync: bool,
        quota: QuotaOf,
        defaults: Mapping[bytes, str],
        poll: float,
    ) -> None:
        self.root = Path(root)
        with disk_errors(f"store in {self.root}"):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._now = now
        self._sync = sync
        self._quota = quota
        self._defaults = defaults
        self._lock = threading.RLock()
        self._accounts: dict[str, Account[M]] = {}
        self._watchers = Watchers()
        self._poller = Poller(self._watchers, self._signature, poll)

    @abstractmethod
    def _make_account(self, user: str) -> Account[M]:
        """Return a user's account, its INBOX made."""

    @abstractmethod
    def _signature(self, user: str) -> Hashable:
        """Return what changes when any mailbox of the user does."""

    # Users.

    def _account(self, user: str) -> Account[M]:
        with self._lock:
            account = self._accounts.get(user)
            if account is None:
                account = self._make_account(user)
                self._give_defaults(account)
                self._accounts[user] = account
            return account

    def _give_defaults(self, account: Account[M]) -> None:
        if not self._defaults:
            return
        with account.lock:
            table = account.uses.load()
            if give_defaults(table, self._defaults, account):
                account.uses.save(table)

    def _gate(self, user: str, tree: Tree, books: Books) -> Gate:
        """Return what keeps a user's quota."""
        limits = LimitsFile(tree.file("refmail-quota"), self._quota(user), sync=self._sync)
        return Gate(user, limits, books, FileLock(tree.file("refmail-quota-lock")))

    def _uses(self, tree: Tree) -> UsesFile:
        """Return where the special uses of a user's mailboxes stand."""
        return UsesFile(tree.file("refmail-uses"), sync=self._sync)

    def quota(self, user: str) -> Quota:
        with disk_errors(f"quota of {user!r}"):
            return self._account(user).gate.quota()

    def set_quota(self, user: str, limits: QuotaLimits) -> None:
        with disk_errors(f"quota of {user!r}"):
            self._account(user).gate.set_limits(limits)

    @contextmanager
    def _changing(self, user: str) -> Generator[Account[M]]:
        """Hold a user's tree of mailboxes; tell watchers afterwards."""
        with disk_errors(f"mail of {user!r}"):
            account = self._account(user)
            with account.lock:
                yield account
        self._watchers.notify(user)

    def deliver(self, user: str, octets: bytes) -> None:
        self.open(user, INBOX).add(octets)

    # Mailboxes.

    def open(self, user: str, name: str) -> M:
        name = canonical_name(name)
        with disk_errors(f"mail of {user!r}"):
            account = self._account(user)
            with account.guard:
                return account.require(name)

    def list(self, user: str) -> Sequence[MailboxInfo]:
        with disk_errors(f"mail of {user!r}"):
            account = self._account(user)
            names, subscribed = set(account.layout.names()), set(self._subscriptions(account))
            return listing(names, subscribed, account.uses.load().by_name, account.may_exist)

    def create(self, user: str, name: str, uses: Collection[bytes] = ()) -> None:
        name = canonical_name(name)
        with self._changing(user) as account:
            if account.layout.exists(name):
                msg = f"there is already a mailbox {name!r}"
                raise MailboxExists(msg)
            table = account.uses.load()
            if uses:
                table.check(uses, set(account.layout.names()))
            if uses or name in table.by_name:
                # First, so that no mailbox is left without the uses it was made for.
                table.put(name, uses)
                account.uses.save(table)
            account.make(name)

    def delete(self, user: str, name: str) -> None:
        name = canonical_name(name)
        if name == INBOX:
            msg = "INBOX cannot be deleted"
            raise StoreError(msg)
        with self._changing(user) as account:
            mailbox = self.open(user, name)
            value = mailbox.retire(lambda: account.layout.remove(name))
            account.validity.give_up({name: value})
            account.gate.forget()
            with account.guard:
                account.mailboxes.pop(name, None)
            table = account.uses.load()
            if table.by_name.pop(name, None) is not None:
                account.uses.save(table)

    def rename(self, user: str, old: str, new: str) -> None:
        old, new = canonical_name(old), canonical_name(new)
        with self._changing(user) as account:
            if old == INBOX:
                self._empty_inbox(user, new)
                return
            plan = plan_rename(set(account.layout.names()), old, new)
            for source, target in plan:
                mailbox = self.open(user, source)
                value = mailbox.move(account.layout.folder(target), target)
                account.validity.give_up({source: value})
                with account.guard:
                    account.mailboxes.pop(source, None)
                    account.mailboxes[target] = mailbox
            account.make(new)
            table = account.uses.load()
            for source, target in plan:
                table.move(source, target)
            if table != account.uses.load():
                account.uses.save(table)

    def _empty_inbox(self, user: str, new: str) -> None:
        self.create(user, new)
        inbox = self.open(user, INBOX)
        uids = [meta.uid for meta in inbox.messages()]
        inbox.move_to(self.open(user, new), uids)

    # Subscriptions: a file of percent-encoded names, one a line.

    def _subscriptions(self, account: Account[M]) -> Sequence[str]:
        try:
            text = account.layout.file("subscriptions").read_text("utf-8", "replace")
        except FileNotFoundError:
            return []
        return sorted({unquote(line) for line in text.splitlines() if line})

    def _subscribe(self, user: str, change: Callable[[set[str]], None]) -> None:
        with self._changing(user) as account:
            names = set(self._subscriptions(account))
            change(names)
            text = "".join(f"{quote(name, safe='/ ')}\n" for name in sorted(names))
            replace_file(account.layout.file("subscriptions"), text.encode("utf-8"), sync=self._sync)

    def subscribe(self, user: str, name: str) -> None:
        wanted = canonical_name(name)
        self._subscribe(user, lambda names: names.add(wanted))

    def unsubscribe(self, user: str, name: str) -> None:
        unwanted = canonical_name(name)
        self._subscribe(user, lambda names: names.discard(unwanted))

    def subscriptions(self, user: str) -> Sequence[str]:
        with disk_errors(f"mail of {user!r}"):
            return self._subscriptions(self._account(user))

    # The POP3 lock: the kernel gives it back if the process dies.

    def lock_maildrop(self, user: str) -> None:
        account = self._account(user)
        with disk_errors(f"maildrop of {user!r}"), account.maildrop_guard:
            descriptor = None if account.maildrop >= 0 else try_lock(account.layout.file("refmail-pop3-lock"))
            if descriptor is None:
                msg = f"the maildrop of {user!r} is in use"
                raise MaildropBusy(msg)
            account.maildrop = descriptor

    def unlock_maildrop(self, user: str) -> None:
        account = self._account(user)
        with account.maildrop_guard:
            if account.maildrop >= 0:
                os.close(account.maildrop)
                account.maildrop = -1

    # Watching.

    def watch(self, user: str, callback: Callable[[], None]) -> Callable[[], None]:
        self._account(user)
        stop = self._watchers.add(user, callback)
        self._poller.start()
        return stop

    def close(self) -> None:
        self._poller.stop()
        for user in list(self._accounts):
            self.unlock_maildrop(user)
