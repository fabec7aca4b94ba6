"""A store of Maildirs: <root>/<user>/Maildir for each user, folders as Maildir++ has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from refmail.store.disk_store import Account, DiskStore, utc_now
from refmail.store.filenames import Namer
from refmail.store.layout import Layout
from refmail.store.locks import FileLock
from refmail.store.maildir_mailbox import MaildirMailbox, Surroundings
from refmail.store.maildirsize import MaildirSize
from refmail.store.names import INBOX
from refmail.store.quota import QuotaOf, unlimited
from refmail.store.validity import Validity

__all__ = ["MaildirStore"]


_MakeMailbox = Callable[[Path, str, Surroundings], MaildirMailbox]


class MaildirStore(DiskStore[MaildirMailbox]):
    """Mail on disk, shared with other processes.

    Args:
        root: the folder that holds a folder for each user; made if it is not there.
        now: the clock for internal dates and file names.
        host: the host part of file names; this host's name by default.
        sync: whether deliveries are forced to the disk; only tests may do without.
        quota: what each user's mail may take together, in octets of the files.
        defaults: special use -> name of the mailbox that each user is given for it.
        poll: seconds between two looks for what other programs did, while somebody watches.
        mailbox: makes the object for a mailbox of its folder, its name and what surrounds it.
    """

    def __init__(
        self,
        root: Path,
        now: Callable[[], datetime] = utc_now,
        *,
        host: str | None = None,
        sync: bool = True,
        quota: QuotaOf = unlimited,
        defaults: Mapping[bytes, str] | None = None,
        poll: float = 1.0,
        mailbox: _MakeMailbox = MaildirMailbox,
    ) -> None:
        super().__init__(root, now, sync=sync, quota=quota, defaults=defaults or {}, poll=poll)
        self._namer = Namer(now, host)
        self._make_mailbox = mailbox

    def _make_account(self, user: str) -> Account[MaildirMailbox]:
        layout = Layout(self.root, user, sync=self._sync)
        layout.make(INBOX)
        books = MaildirSize(
            layout.file("maildirsize"), lambda: [layout.folder(name) for name in layout.names()], sync=self._sync
        )
        gate = self._gate(user, layout, books)
        around = Surroundings(
            now=self._now,
            namer=self._namer,
            validity=Validity(layout.file("refmail-validity"), self._now, sync=self._sync),
            sync=self._sync,
            moving=FileLock(layout.file("refmail-move-lock")),
            gate=gate,
            changed=lambda: self._watchers.notify(user),
        )
        return Account(
            layout,
            around.validity,
            gate,
            self._uses(layout),
            lambda folder, name: self._make_mailbox(folder, name, around),
        )

    def _signature(self, user: str) -> Hashable:
        maildir = self._account(user).layout.folder(INBOX)
        times: list[tuple[str, int, int]] = []
        with suppress(OSError), os.scandir(maildir) as entries:
            folders = [maildir, *(Path(e.path) for e in entries if e.name.startswith(".") and e.is_dir())]
            for folder in sorted(folders):
                for part in ("new", "cur", "refmail-uidlist"):
                    with suppress(FileNotFoundError):
                        status = (folder / part).stat()
                        times.append((f"{folder.name}/{part}", status.st_mtime_ns, status.st_size))
        account = self._account(user)
        with account.guard:
            due = [name for name, mailbox in account.mailboxes.items() if mailbox.wants_look]
        times.extend((name, 0, 0) for name in due)
        return tuple(times)
