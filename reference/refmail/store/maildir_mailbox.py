"""One mailbox of a Maildir store.

Everything that decides happens under one lock per mailbox, which holds against
threads and processes. Programs that know nothing of it may deliver into new/,
rename in cur/ and delete; the next look notices.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from refmail.store.api import (
    ConditionalChange,
    FlagAction,
    Mailbox,
    NewMessage,
    NoSuchMailbox,
    NoSuchMessage,
    QuotaUsage,
    StoreError,
)
from refmail.store.delivery import NO_LINKS, Staged, borrow, stage, stage_copy, uncover
from refmail.store.disk_mailbox import DiskMailbox
from refmail.store.filenames import Namer
from refmail.store.files import disk_errors, store_error, sync_folder
from refmail.store.flags import canonical_flags, plan_flags
from refmail.store.index import Added, Claimed, Flagged, Index, Removed
from refmail.store.lineends import to_wire
from refmail.store.locks import FileLock
from refmail.store.mirror import Mirror
from refmail.store.notes import Note, Recipe, Suspects
from refmail.store.notes_file import FileKeeper
from refmail.store.noting import Notes
from refmail.store.quota import Gate
from refmail.store.scan import read_file
from refmail.store.validity import Validity

__all__ = ["MaildirMailbox", "Surroundings"]

#: How often a file that others rename under our hands is opened.
_ATTEMPTS = 5
#: Why a copy by a mere link fails that may yet be made otherwise.
_RENAMED_OR_NO_LINKS = {errno.ENOENT, *NO_LINKS}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all mailboxes of one user share."""

    now: Callable[[], datetime]
    namer: Namer
    validity: Validity
    sync: bool
    #: Held by whoever holds two mailboxes at once, so that nobody else does.
    moving: FileLock
    #: Keeps the quota; entered without the mailbox's lock.
    gate: Gate
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
        self._notes = Notes(self._keeper, self._transaction, self.read_many)

    def _source(self) -> Mirror:
        return self._mirror

    def claim_recent(self) -> frozenset[int]:
        with self._transaction(look=True) as index:
            recent = index.recent()
            if recent:
                self._mirror.record(index, [Claimed(index.uid_next)], durable=False)
            with self._mirror.changing():
                for uid in recent:
                    with suppress(NoSuchMessage):
                        self._mirror.show(index, uid, index.entries[uid].flags, seen_by_reader=True)
            return recent

    def read(self, uid: int) -> bytes:
        for attempt in range(_ATTEMPTS):
            with self._transaction() as index:
                file = self._mirror.file(index, uid, again=attempt > 0)
            with disk_errors(f"mailbox {self.name!r}"), suppress(FileNotFoundError):
                return to_wire(read_file(file))
        msg = f"the file of UID {uid} in mailbox {self.name!r} is renamed faster than it can be opened"
        raise NoSuchMessage(msg)

    def read_many(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        with self._transaction() as index:
            files = self._mirror.files(index, uids)
        for uid, file in zip(uids, files, strict=True):
            try:
                yield uid, self._read(uid, file)
            except NoSuchMessage:
                continue

    def _read(self, uid: int, file: str | None) -> bytes:
        if file is not None:
            try:
                return to_wire(read_file(file))
            except FileNotFoundError:
                pass
            except OSError as error:
                what = f"mailbox {self.name!r}"
                raise store_error(what, error) from error
        return self.read(uid)

    def _keeper(self, recipe: Recipe) -> FileKeeper:
        return FileKeeper(lambda: self._mirror.folder / "refmail-notes", recipe.name, recipe.parts)

    def noted(self, recipe: Recipe, uids: Collection[int]) -> Mapping[int, Note]:
        return self._notes.noted(recipe, uids)

    def noted_containing(self, recipe: Recipe, uids: Collection[int], part: int, text: bytes) -> Suspects:
        return self._notes.noted_containing(recipe, uids, part, text)

    @property
    def wants_look(self) -> bool:
        """Whether somebody else's change may be hidden by one of ours, so that it is time to look."""
        return self._mirror.wants_look

    # Changes.

    def add(self, octets: bytes, flags: Collection[bytes] = (), internal_date: datetime | None = None) -> int:
        return self.add_all([NewMessage(octets, flags, internal_date)])[0]

    def add_all(self, messages: Sequence[NewMessage]) -> Sequence[int]:
        with disk_errors(f"delivery to mailbox {self.name!r}"):
            return self._commit(self._stage(lambda folder: self._stage_new(folder, messages)))

    def _stage_new(self, folder: Path, messages: Sequence[NewMessage]) -> list[Staged]:
        now = self._around.now()
        staged: list[Staged] = []
        try:
            for m in messages:
                flags, date = canonical_flags(m.flags), m.internal_date or now
                staged.append(stage(folder, self._around.namer, m.octets, flags, date, sync=self._around.sync))
        except BaseException:
            for message in staged:
                message.discard()
            raise
        return staged

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
        try:
            size = QuotaUsage(sum(message.disk_size for message in staged), len(staged))
            with self._around.gate.admit(size), self._transaction() as index:
                return self._bring_in(index, staged)
        finally:
            for message in staged:
                message.discard()

    def _bring_in(self, index: Index, staged: Sequence[Staged]) -> list[int]:
        modseq = index.modseq + 1
        records = [
            Added(modseq, uid, m.size, m.flags, m.internal_date, m.base, m.ends_in_crlf)
            for uid, m in enumerate(staged, index.uid_next)
        ]
        uncovered: list[str] = []
        try:
            with self._mirror.changing():
                for message in staged:
                    target = f"{self._mirror.folder}/{message.place.sub}/{message.place.name}"
                    uncover(message, target)
                    uncovered.append(target)
            self._sync_folders(self._mirror.folder / sub for sub in {message.place.sub for message in staged})
            self._mirror.record(index, records, durable=True)
        except BaseException:
            for target in uncovered:
                Path(target).unlink(missing_ok=True)
            raise
        self._mirror.places.update((message.base, message.place) for message in staged)
        return [record.uid for record in records]

    def _sync_folders(self, folders: Iterable[Path]) -> None:
        if self._around.sync:
            for folder in folders:
                sync_folder(folder)

    def copy_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        other = self._of_one_store(target)
        with disk_errors(f"copy to mailbox {other.name!r}"):
            chosen = list(uids)
            try:
                return other._commit(self._borrowed(chosen))  # noqa: SLF001 - another object of this class
            except StoreError as error:
                cause = error.__cause__
                links = isinstance(cause, OSError) and cause.errno in _RENAMED_OR_NO_LINKS
                if not links or isinstance(error, NoSuchMailbox):
                    raise
            return other._commit(other._stage(lambda folder: self._stage_copies(folder, chosen)))  # noqa: SLF001 - same

    def _borrowed(self, uids: Sequence[int]) -> list[Staged]:
        with self._transaction() as index:
            files = [(self._mirror.file(index, uid), index.entries[uid]) for uid in uids]
            return [borrow(self._around.namer, file, meta) for file, meta in files]

    @staticmethod
    def _of_one_store(target: Mailbox) -> MaildirMailbox:
        if not isinstance(target, MaildirMailbox):
            msg = "messages can only be copied within one store"
            raise StoreError(msg)
        return target

    def move_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        other = self._of_one_store(target)
        chosen = list(uids)
        with (
            disk_errors(f"move to mailbox {other.name!r}"),
            self._around.moving,
            self._transaction(look=True) as index,
            nullcontext(index) if other is self else other._transaction() as there,  # noqa: SLF001 - another object of this class
        ):
            staged = other._stage(lambda folder: self._stage_copies(folder, chosen))  # noqa: SLF001 - same
            try:
                moved = other._bring_in(there, staged)  # noqa: SLF001 - same
            finally:
                for message in staged:
                    message.discard()
            try:
                self._take_away(index, chosen)
            except BaseException:
                other._remove(there, moved, [])  # noqa: SLF001 - same
                raise
            return moved

    def _take_away(self, index: Index, uids: Sequence[int]) -> None:
        """Remove messages, all or none; one that another program has removed meanwhile counts as removed."""
        aside: list[tuple[Path, Path]] = []

        def set_aside(file: str) -> None:
            path = Path(file)
            spare = self._mirror.folder / "tmp" / path.name
            path.rename(spare)
            aside.append((spare, path))

        try:
            with self._mirror.changing():
                for uid in uids:
                    with suppress(NoSuchMessage):
                        self._mirror.with_file(index, uid, set_aside)
            present = [uid for uid in uids if uid in index.entries]
            bases = [index.names[uid] for uid in present]
            self._mirror.record(index, [Removed(index.modseq + 1, uid) for uid in present], durable=True)
        except BaseException:
            for spare, path in aside:
                spare.rename(path)
            raise
        for base in bases:
            self._mirror.places.pop(base, None)
        for spare, _ in aside:
            spare.unlink(missing_ok=True)
        self._after_removal()

    def _stage_copies(self, folder: Path, uids: Iterable[int]) -> list[Staged]:
        staged: list[Staged] = []
        try:
            with self._transaction() as index:
                for uid in uids:

                    def copy(file: str, uid: int = uid) -> None:
                        meta = index.entries[uid]
                        staged.append(stage_copy(folder, self._around.namer, file, meta, sync=self._around.sync))

                    self._mirror.with_file(index, uid, copy)
        except BaseException:
            for message in staged:
                message.discard()
            raise
        return staged

    def _change_flags(
        self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], since: int | None
    ) -> ConditionalChange:
        with self._transaction(look=True) as index:
            plan = plan_flags(index, uids, action, flags, since)
            changed: list[Flagged] = []
            try:
                with self._mirror.changing():
                    for record in plan.records:
                        with suppress(NoSuchMessage):
                            self._mirror.show(index, record.uid, record.flags)
                            changed.append(record)
            finally:
                self._mirror.record(index, changed, durable=False)
            return plan.outcome(index)

    def expunge(self, uids: Iterable[int]) -> Sequence[int]:
        with self._around.gate.release() as sizes, self._transaction(look=True) as index:
            return self._remove(index, sorted(set(uids)), sizes)

    def _remove(self, index: Index, uids: Sequence[int], sizes: list[int]) -> list[int]:
        modseq = index.modseq + 1
        removed: list[Removed] = []
        try:
            with self._mirror.changing():
                for uid in uids:
                    with suppress(NoSuchMessage):
                        size = self._mirror.unlink(index, uid)
                        removed.append(Removed(modseq, uid))
                        sizes.append(size)
        finally:
            self._mirror.record(index, removed, durable=False)
        if removed:
            self._after_removal()
        return [record.uid for record in removed]

    def _after_removal(self) -> None:
        self._sync_folders({self._mirror.folder / "cur", self._mirror.folder / "new"})

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
