"""One mailbox of a Maildir store.

Everything that decides happens under one lock per mailbox, which holds against
threads and processes. Programs that know nothing of it may deliver into new/,
rename in cur/ and delete; the next look notices.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from refmail.store.api import FlagAction, Mailbox, MessageMeta, NoSuchMailbox, NoSuchMessage, StoreError
from refmail.store.delivery import Staged, stage, stage_copy, uncover
from refmail.store.disk_mailbox import DiskMailbox
from refmail.store.filenames import Namer
from refmail.store.files import disk_errors, sync_folder
from refmail.store.flags import canonical_flags, combine
from refmail.store.index import Added, Claimed, Flagged, Removed
from refmail.store.lineends import to_wire
from refmail.store.mirror import Mirror
from refmail.store.scan import read_file
from refmail.store.validity import Validity

__all__ = ["MaildirMailbox", "Surroundings"]

#: How often a file that others rename under our hands is opened.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all mailboxes of one user share."""

    now: Callable[[], datetime]
    namer: Namer
    validity: Validity
    sync: bool
    #: Raises StoreFull if the user may not have so many more octets; called without the mailbox's lock.
    check_room: Callable[[int], None]
    #: Tells watchers; called without the mailbox's lock.
    changed: Callable[[], None]


class MaildirMailbox(DiskMailbox):
    """One mailbox; the store makes exactly one object for each.

    Args:
        folder: where it is.
        name: its decoded name.
        around: what it shares with the user's other mailboxes.
        mirror: makes what keeps the index and the folder alike.
    """

    def __init__(
        self, folder: Path, name: str, around: Surroundings, *, mirror: Callable[..., Mirror] = Mirror
    ) -> None:
        super().__init__(name, folder / "refmail-lock", around.changed)
        self._around = around
        self._mirror = mirror(folder, around.validity.fresh, sync=around.sync)

    def _source(self) -> Mirror:
        return self._mirror

    def claim_recent(self) -> frozenset[int]:
        with self._transaction(look=True) as index:
            recent = index.recent()
            if recent:
                self._mirror.record(index, [Claimed(index.uid_next)], durable=False)
            for uid in recent:
                with suppress(NoSuchMessage):
                    self._mirror.show(index, uid, index.entries[uid].flags, seen_by_reader=True)
            return recent

    def read(self, uid: int) -> bytes:
        for attempt in range(_ATTEMPTS):
            with self._transaction() as index:
                path = self._mirror.path(index, uid, again=attempt > 0)
            with disk_errors(f"mailbox {self.name!r}"), suppress(FileNotFoundError):
                return to_wire(read_file(path))
        msg = f"the file of UID {uid} in mailbox {self.name!r} is renamed faster than it can be opened"
        raise NoSuchMessage(msg)

    # Changes.

    def add(self, octets: bytes, flags: Collection[bytes] = (), internal_date: datetime | None = None) -> int:
        date = internal_date or self._around.now()
        with disk_errors(f"delivery to mailbox {self.name!r}"):
            staged = self._stage(lambda folder: [self._staged(folder, octets, flags, date)])
            return self._commit(staged)[0]

    def _staged(self, folder: Path, octets: bytes, flags: Collection[bytes], date: datetime) -> Staged:
        return stage(folder, self._around.namer, octets, canonical_flags(flags), date, sync=self._around.sync)

    def _stage(self, prepare: Callable[[Path], list[Staged]]) -> list[Staged]:
        try:
            return prepare(self._mirror.folder)
        except FileNotFoundError as error:
            if (self._mirror.folder / "tmp").is_dir():
                raise
            msg = f"mailbox {self.name!r} was deleted"
            raise NoSuchMailbox(msg) from error

    def _commit(self, staged: Sequence[Staged]) -> list[int]:
        """Give staged messages their UIDs and bring them into sight, all or none."""
        uncovered: list[Path] = []
        try:
            self._around.check_room(sum(message.size for message in staged))
            with self._transaction() as index:
                modseq = index.modseq + 1
                records = [
                    Added(modseq, uid, m.size, m.flags, m.internal_date, m.base, m.ends_in_crlf)
                    for uid, m in enumerate(staged, index.uid_next)
                ]
                try:
                    for message in staged:
                        target = self._mirror.folder / message.place.sub / message.place.name
                        uncover(message, target)
                        uncovered.append(target)
                    self._sync_folders({target.parent for target in uncovered})
                    self._mirror.record(index, records, durable=True)
                except BaseException:
                    for target in uncovered:
                        target.unlink(missing_ok=True)
                    raise
                self._mirror.places.update((message.base, message.place) for message in staged)
                return [record.uid for record in records]
        finally:
            for message in staged:
                message.discard()

    def _sync_folders(self, folders: Iterable[Path]) -> None:
        if self._around.sync:
            for folder in folders:
                sync_folder(folder)

    def copy_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        if not isinstance(target, MaildirMailbox):
            msg = "messages can only be copied within one store"
            raise StoreError(msg)
        with disk_errors(f"copy to mailbox {target.name!r}"):
            return target._commit(target._stage(lambda folder: self._stage_copies(folder, uids)))  # noqa: SLF001 - another object of this class

    def _stage_copies(self, folder: Path, uids: Iterable[int]) -> list[Staged]:
        staged: list[Staged] = []
        try:
            with self._transaction() as index:
                for uid in uids:

                    def copy(path: Path, uid: int = uid) -> None:
                        meta = index.entries[uid]
                        staged.append(stage_copy(folder, self._around.namer, path, meta, sync=self._around.sync))

                    self._mirror.with_path(index, uid, copy)
        except BaseException:
            for message in staged:
                message.discard()
            raise
        return staged

    def change_flags(self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes]) -> Sequence[MessageMeta]:
        wanted = canonical_flags(flags)
        with self._transaction(look=True) as index:
            modseq = index.modseq + 1
            changed: list[Flagged] = []
            chosen = sorted(set(uids))
            try:
                for uid in chosen:
                    entry = index.entries.get(uid)
                    after = combine(entry.flags, action, wanted) if entry else frozenset[bytes]()
                    if entry is not None and after != entry.flags:
                        with suppress(NoSuchMessage):
                            self._mirror.show(index, uid, after)
                            changed.append(Flagged(modseq, uid, after))
            finally:
                self._mirror.record(index, changed, durable=False)
            if changed:
                self._mirror.changed_by_us()
            return [index.entries[uid] for uid in chosen if uid in index.entries]

    def expunge(self, uids: Iterable[int]) -> Sequence[int]:
        with self._transaction(look=True) as index:
            modseq = index.modseq + 1
            removed: list[Removed] = []
            try:
                for uid in sorted(set(uids)):
                    with suppress(NoSuchMessage):
                        self._mirror.unlink(index, uid)
                        removed.append(Removed(modseq, uid))
            finally:
                self._mirror.record(index, removed, durable=False)
            if removed:
                self._mirror.changed_by_us()
                self._sync_folders({self._mirror.folder / "cur", self._mirror.folder / "new"})
            return [record.uid for record in removed]

    # What the store does with a whole mailbox.

    def move(self, folder: Path, name: str) -> int:
        with self._transaction() as index:
            before = index.uid_validity
            self._mirror.folder.rename(folder)
            self.name = name
            self._lock.path = folder / self._lock.path.name
            self._mirror.move(folder)
            if not self._around.validity.suits(name, before):
                # A name must not come back with a lower UIDVALIDITY (RFC 3501 section 2.3.1.1).
                index.uid_validity = self._around.validity.fresh()
                self._mirror.uid_list.rewrite(index)
            return before
