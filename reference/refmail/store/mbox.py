"""A store of mboxes: <root>/<user>/mbox is a user's INBOX; see `mbox_format` for what is in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from refmail.store.api import NoSuchMailbox, QuotaLimits, QuotaUsage
from refmail.store.disk_store import Account, DiskStore, utc_now
from refmail.store.locks import FileLock
from refmail.store.mbox_layout import MboxLayout
from refmail.store.mbox_mailbox import MboxMailbox, MboxSurroundings
from refmail.store.mbox_mirror import INDEX_SUFFIX
from refmail.store.names import INBOX
from refmail.store.quota import QuotaOf, unlimited
from refmail.store.validity import Validity

__all__ = ["MboxStore"]

#: Seconds to wait for programs that have locked an mbox: within the patience of an SMTP client after its last dot.
LOCK_SECONDS = 10.0


class _Counted:
    """Books that are counted whenever they are asked for: the index of an mbox knows every size."""

    def __init__(self, count: Callable[[], QuotaUsage]) -> None:
        self._count = count

    def used(self, limits: QuotaLimits, more: QuotaUsage) -> QuotaUsage:
        del limits, more
        return self._count()

    def exact(self, limits: QuotaLimits) -> QuotaUsage:
        del limits
        return self._count()

    def changed(self, limits: QuotaLimits, by: QuotaUsage) -> None:
        """Nothing is kept."""

    def forget(self) -> None:
        """Nothing is kept."""


class MboxStore(DiskStore[MboxMailbox]):
    """Mail in one file a mailbox, shared with other processes and with programs that know the format.

    Args:
        root: the folder that holds a folder for each user; made if it is not there.
        now: the clock for internal dates.
        sync: whether deliveries are forced to the disk; only tests may do without.
        quota: what each user's mail may take together, in octets on the wire.
        defaults: special use -> name of the mailbox that each user is given for it.
        poll: seconds between two looks for what other programs did, while somebody watches.
        lock_seconds: how long to wait for other programs that have locked an mbox.
    """

    def __init__(
        self,
        root: Path,
        now: Callable[[], datetime] = utc_now,
        *,
        sync: bool = True,
        quota: QuotaOf = unlimited,
        defaults: Mapping[bytes, str] | None = None,
        poll: float = 1.0,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        super().__init__(root, now, sync=sync, quota=quota, defaults=defaults or {}, poll=poll)
        self._lock_seconds = lock_seconds

    def _make_account(self, user: str) -> Account[MboxMailbox]:
        layout = MboxLayout(self.root, user, sync=self._sync)
        if not layout.exists(INBOX):
            layout.make(INBOX)
        gate = self._gate(user, layout, _Counted(lambda: self._usage(user)))
        around = MboxSurroundings(
            now=self._now,
            validity=Validity(layout.file("refmail-validity"), self._now, sync=self._sync),
            sync=self._sync,
            lock_seconds=self._lock_seconds,
            moving=FileLock(layout.file("refmail-move-lock")),
            gate=gate,
            changed=lambda: self._watchers.notify(user),
        )
        return Account(
            layout,
            around.validity,
            gate,
            self._uses(layout),
            lambda path, name: MboxMailbox(path, name, around),
        )

    def _usage(self, user: str) -> QuotaUsage:
        usage = QuotaUsage(0, 0)
        for name in self._account(user).layout.names():
            with suppress(NoSuchMailbox):
                mailbox = self.open(user, name)
                usage += QuotaUsage(mailbox.total_size(), len(mailbox.messages()))
        return usage

    def deliver(self, user: str, octets: bytes) -> None:
        try:
            super().deliver(user, octets)
        except NoSuchMailbox:
            # Another program has put another mbox in place: the mailbox that is there now takes it.
            super().deliver(user, octets)

    def _signature(self, user: str) -> Hashable:
        layout = self._account(user).layout
        seen: list[tuple[str, int, int]] = []
        for name in sorted(layout.names()):
            path = layout.folder(name)
            for file in (path, path.with_name(path.name + INDEX_SUFFIX)):
                with suppress(FileNotFoundError):
                    status = file.stat()
                    seen.append((str(file), status.st_mtime_ns, status.st_size))
        return tuple(seen)
