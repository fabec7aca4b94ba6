"""What is on disk in one mailbox folder, mirrored: the index, where each file is, and how both are kept true.

Nothing here takes a lock: the mailbox holds it around every call.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from refmail.store.api import Flags, NoSuchMailbox, NoSuchMessage
from refmail.store.filenames import IN_NAME, file_name, flags_of, letters_of, size_hint, split_name
from refmail.store.index import Added, Flagged, Index, Record, Removed
from refmail.store.places import Place, Places
from refmail.store.scan import Sighting, measure, scan, sweep, timestamps
from refmail.store.uidlist import Damaged, UidList

__all__ = ["Mirror"]

#: Nanoseconds within which a folder can change twice without its time showing it: a few ticks of the kernel.
_BLUR = 50_000_000
#: Nanoseconds for which, at the most, a change of somebody else's that was hidden by one of ours stays unseen.
_PATIENCE = 1_000_000_000
#: Records written at once; where one of several writes fails, the index begins from the journal again.
_STEP = 8192
#: Messages found in one look after which memory is put in order.
_VERY_MANY = 10_000
#: How often a file that others rename under our hands is looked for.
_ATTEMPTS = 5


class Mirror:
    """The index of a folder, brought up to date by its journal and by looking.

    Args:
        folder: the mailbox.
        fresh_validity: gives the UIDVALIDITY of a mailbox that has no journal yet.
        sync: whether what must last is forced to the disk.
    """

    def __init__(self, folder: Path, fresh_validity: Callable[[], int], *, sync: bool) -> None:
        self.folder = folder
        self._fresh_validity = fresh_validity
        self.uid_list = UidList(folder / "refmail-uidlist", sync=sync)
        self._index: Index | None = None
        self.places = Places()
        #: Modification times of new/ and cur/ at the last scan, or after changes of our own.
        self._looked_at = (0, 0)
        #: Whether another change of either is sure to show in its time.
        self._settled = False
        #: Until when (monotonic nanoseconds) changes of our own are taken for the only ones.
        self._trusted_until = 0
        #: Nanoseconds that the last scan took.
        self._cost = 0

    def move(self, folder: Path) -> None:
        """Go on in the folder's new place."""
        self.folder = folder
        self.uid_list.path = folder / "refmail-uidlist"

    def forget(self) -> None:
        """Begin from the journal again: a write went wrong half-way."""
        self._index = None
        self.places = Places()
        self._settled = False

    def refresh(self) -> Index:
        """Return the index as the journal has it, after what other processes recorded.

        Raises:
            NoSuchMailbox: another mailbox has taken the place of this one.
        """
        before = self._index
        try:
            index = self.uid_list.refresh(before)
        except FileNotFoundError:
            index = self._begin()
        except Damaged:
            self.uid_list.path.replace(self.uid_list.path.with_name("refmail-uidlist.damaged"))
            index = self._begin()
        if before is None:
            sweep(self.folder)
        elif before.uid_validity != index.uid_validity:
            msg = f"the mailbox in {self.folder} was replaced by another"
            raise NoSuchMailbox(msg)
        self._index = index
        return index

    def _begin(self) -> Index:
        index = Index(self._fresh_validity())
        self.uid_list.rewrite(index)
        return index

    def record(self, index: Index, records: Sequence[Record], *, durable: bool) -> None:
        """Write what happened to the journal, then let it happen in the index."""
        if not records:
            return
        try:
            # Some at a time: the text of very many takes much memory. What is durable is so at the end.
            for start in range(0, len(records), _STEP):
                some = records[start : start + _STEP]
                self.uid_list.append(some, durable=durable and start + _STEP >= len(records))
                index.apply(some)
        except BaseException:
            self.forget()
            raise

    # Looking.

    def look(self, index: Index) -> bool:
        """Notice what other programs did, at the cost of two stats where they did nothing.

        What was found of very many messages lies between what else the look needed, so that much of that memory
        could not be given back: the index is read from the journal again then, and this says so.
        """
        before = index.uid_next
        known = self._settled or time.monotonic_ns() < self._trusted_until
        if not (known and timestamps(self.folder) == self._looked_at):
            self.rescan(index)
        if self.uid_list.wants_compaction(index):
            self.uid_list.rewrite(index)
        if index.uid_next - before <= _VERY_MANY:
            return False
        self.forget()
        return True

    @property
    def wants_look(self) -> bool:
        """Whether the time has come for a scan that was put off."""
        return 0 < self._trusted_until < time.monotonic_ns()

    @contextmanager
    def changing(self) -> Generator[None]:
        """Change new/ or cur/, and spare the next look a scan if so far nobody else has.

        Somebody else's change within the same tick of the clock would not show, so that a scan is put off for a
        moment only: the longer, the dearer it is.
        """
        undisturbed = timestamps(self.folder) == self._looked_at
        yield
        if undisturbed:
            if self._settled or self._trusted_until == 0:
                self._trusted_until = time.monotonic_ns() + max(_BLUR, min(_PATIENCE, 10 * self._cost))
            self._looked_at = timestamps(self.folder)
            self._settled = False

    def rescan(self, index: Index) -> None:
        """Read the folders and record how they differ from the index."""
        started, began = time.time_ns(), time.monotonic_ns()
        looked_at = timestamps(self.folder)
        places = scan(self.folder, self.places)
        if any(base not in places for base in index.uids):
            # A scan that races with renames can miss names: only what two scans miss is gone.
            places.merge(scan(self.folder, self.places))
        arrived = self._measured({base: places[base] for base in places if base not in index.uids})
        self.record(index, self._differences(index, places, arrived), durable=bool(arrived))
        self.places = places.of(index.uids)
        self._looked_at = looked_at
        self._settled = len(self.places) == len(places) and max(looked_at) < started - _BLUR
        self._trusted_until = 0
        self._cost = time.monotonic_ns() - began

    def _measured(self, places: Mapping[str, Place]) -> dict[str, Sighting]:
        seen: dict[str, Sighting] = {}
        for base, place in places.items():
            try:
                seen[base] = measure(self.folder / place.sub / place.name)
            except (FileNotFoundError, PermissionError):
                # Moved since, and the next look finds it where it is then; or not ours to read.
                continue
        return dict(sorted(seen.items(), key=lambda item: (item[1].age, item[0])))

    def _differences(self, index: Index, places: Places, arrived: Mapping[str, Sighting]) -> list[Record]:
        """Return what turns the index into what the folders show; what is where it was is as it was."""
        modseq = index.modseq + 1
        records: list[Record] = []
        for base in places.differing(self.places, index.uids):
            uid = index.uids[base]
            place = places.get(base)
            if place is None:
                records.append(Removed(modseq, uid))
                continue
            old = index.entries[uid].flags
            new = (old - IN_NAME) | flags_of(split_name(place.name)[1])
            if new != old:
                records.append(Flagged(modseq, uid, new))
        for uid, (base, sight) in enumerate(arrived.items(), index.uid_next):
            flags = flags_of(split_name(places[base].name)[1])
            records.append(Added(modseq, uid, sight.size, flags, sight.date, base, sight.ends_in_crlf))
        return records

    # Files.

    def files(self, index: Index, uids: Iterable[int]) -> list[str | None]:
        """Return the paths of messages, None for those that are gone."""
        bases = [index.names.get(uid) for uid in uids]
        if any(base is not None and base not in self.places for base in bases):
            self.rescan(index)
        found = [None if base is None else self.places.file(base) for base in bases]
        return [None if file is None else f"{self.folder}/{file}" for file in found]

    def file(self, index: Index, uid: int, *, again: bool = False) -> str:
        """Return the path of a message's file.

        Args:
            index: the index.
            uid: the message.
            again: it was not where it should be: look first.

        Raises:
            NoSuchMessage: it is gone.
        """
        base = index.names.get(uid, "")
        if again or (base and base not in self.places):
            self.rescan(index)
        file = self.places.file(base) if uid in index.names else None
        if file is None:
            msg = f"the mailbox in {self.folder} has no message with UID {uid}"
            raise NoSuchMessage(msg)
        return f"{self.folder}/{file}"

    def with_file(self, index: Index, uid: int, act: Callable[[str], None]) -> None:
        """Do something with a message's file, wherever other programs rename it to meanwhile.

        Raises:
            NoSuchMessage: it is gone.
        """
        for attempt in range(_ATTEMPTS):
            file = self.file(index, uid, again=attempt > 0)
            try:
                return act(file)
            except FileNotFoundError:
                continue
        msg = f"the file of UID {uid} in {self.folder} is renamed faster than it can be opened"
        raise NoSuchMessage(msg)

    def show(self, index: Index, uid: int, flags: Flags, *, seen_by_reader: bool = False) -> None:
        """Let the file's name show these flags; a message in new/ without any stays there until a reader saw it.

        Raises:
            NoSuchMessage: it is gone.
        """

        def rename(file: str) -> None:
            folder, _, name = file.rpartition("/")
            base, letters = split_name(name)
            wanted = letters_of(flags, letters)
            is_new = folder.endswith("/new")
            if is_new and not wanted and not seen_by_reader:
                return
            shown = file_name(base, wanted)
            if is_new or name != shown:
                os.rename(file, f"{self.folder}/cur/{shown}")  # noqa: PTH104 - a Path for each of many is dear
                self.places[base] = Place("cur", shown)

        self.with_file(index, uid, rename)

    def unlink(self, index: Index, uid: int) -> int:
        """Remove a message's file and return how many octets it took, as its name says or else the disk.

        Raises:
            NoSuchMessage: somebody else did.
        """
        size = 0

        def remove(file: str) -> None:
            nonlocal size
            hint = size_hint(file.rpartition("/")[2])
            size = os.stat(file).st_size if hint is None else hint  # noqa: PTH116 - a Path for each of many is dear
            os.unlink(file)  # noqa: PTH108 - the same

        self.with_file(index, uid, remove)
        del self.places[index.names[uid]]
        return size
