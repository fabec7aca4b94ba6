"""What is on disk in one mailbox folder, mirrored: the index, where each file is, and how both are kept true.

Nothing here takes a lock: the mailbox holds it around every call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from refmail.store.api import Flags, NoSuchMailbox, NoSuchMessage
from refmail.store.filenames import IN_NAME, file_name, flags_of, letters_of, split_name
from refmail.store.index import Added, Flagged, Index, Record, Removed
from refmail.store.scan import Place, Sighting, measure, scan, sweep, timestamps
from refmail.store.uidlist import Damaged, UidList

__all__ = ["Mirror"]

#: Nanoseconds within which a folder can change twice without its time showing it: a few ticks of the kernel.
_BLUR = 50_000_000
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
        self.places: dict[str, Place] = {}
        #: Modification times of new/ and cur/ at the last scan; those of cur/ also after changes of our own.
        self._looked_at = (0, 0)
        #: Whether another change of new/, of cur/ is sure to show in its time.
        self._settled = (False, False)
        #: Until when (monotonic nanoseconds) changes of our own in cur/ are taken for the only ones.
        self._trusted_until = 0

    def move(self, folder: Path) -> None:
        """Go on in the folder's new place."""
        self.folder = folder
        self.uid_list.path = folder / "refmail-uidlist"

    def forget(self) -> None:
        """Begin from the journal again: a write went wrong half-way."""
        self._index = None
        self._settled = (False, False)

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
            self.uid_list.append(records, durable=durable)
            index.apply(records)
        except BaseException:
            self.forget()
            raise

    # Looking.

    def look(self, index: Index) -> None:
        """Notice what other programs did, at the cost of two stats where they did nothing."""
        new_settled, cur_settled = self._settled
        cur_known = cur_settled or time.monotonic_ns() < self._trusted_until
        if not (new_settled and cur_known and timestamps(self.folder) == self._looked_at):
            self.rescan(index)

    def changed_by_us(self) -> None:
        """Spare the next look a scan: since the last one, only we have changed cur/.

        That can be wrong for a change within the same tick of the clock, so it holds for a moment only.
        """
        if self._trusted_until == 0:
            self._trusted_until = time.monotonic_ns() + _BLUR
        self._looked_at = (self._looked_at[0], timestamps(self.folder)[1])
        self._settled = (self._settled[0], False)

    def rescan(self, index: Index) -> None:
        """Read the folders and record how they differ from the index."""
        started = time.time_ns()
        looked_at = timestamps(self.folder)
        places = scan(self.folder)
        if any(base not in places for base in index.uids):
            # A scan that races with renames can miss names: only what two scans miss is gone.
            places |= scan(self.folder)
        arrived = self._measured({base: place for base, place in places.items() if base not in index.uids})
        self.record(index, self._differences(index, places, arrived), durable=bool(arrived))
        self.places = {base: place for base, place in places.items() if base in index.uids}
        self._looked_at = looked_at
        complete = len(self.places) == len(places)
        self._settled = (complete and looked_at[0] < started - _BLUR, complete and looked_at[1] < started - _BLUR)
        self._trusted_until = 0
        if self.uid_list.wants_compaction(index):
            self.uid_list.rewrite(index)

    def _measured(self, places: Mapping[str, Place]) -> dict[str, Sighting]:
        seen: dict[str, Sighting] = {}
        for base, place in places.items():
            try:
                seen[base] = measure(self.folder / place.sub / place.name)
            except (FileNotFoundError, PermissionError):
                # Moved since, and the next look finds it where it is then; or not ours to read.
                continue
        return dict(sorted(seen.items(), key=lambda item: (item[1].age, item[0])))

    def _differences(self, index: Index, places: Mapping[str, Place], arrived: Mapping[str, Sighting]) -> list[Record]:
        """Return what turns the index into what the folders show."""
        modseq = index.modseq + 1
        records: list[Record] = []
        for base, uid in index.uids.items():
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

    def path(self, index: Index, uid: int, *, again: bool = False) -> Path:
        """Return where a message's file is.

        Args:
            index: the index.
            uid: the message.
            again: it was not where it should be: look first.

        Raises:
            NoSuchMessage: it is gone.
        """
        if again or (uid in index.names and index.names[uid] not in self.places):
            self.rescan(index)
        place = self.places.get(index.names.get(uid, ""))
        if place is None:
            msg = f"the mailbox in {self.folder} has no message with UID {uid}"
            raise NoSuchMessage(msg)
        return self.folder / place.sub / place.name

    def with_path(self, index: Index, uid: int, act: Callable[[Path], None]) -> None:
        """Do something with a message's file, wherever other programs rename it to meanwhile.

        Raises:
            NoSuchMessage: it is gone.
        """
        for attempt in range(_ATTEMPTS):
            path = self.path(index, uid, again=attempt > 0)
            try:
                return act(path)
            except FileNotFoundError:
                continue
        msg = f"the file of UID {uid} in {self.folder} is renamed faster than it can be opened"
        raise NoSuchMessage(msg)

    def show(self, index: Index, uid: int, flags: Flags, *, seen_by_reader: bool = False) -> None:
        """Let the file's name show these flags; a message in new/ without any stays there until a reader saw it.

        Raises:
            NoSuchMessage: it is gone.
        """

        def rename(path: Path) -> None:
            base, letters = split_name(path.name)
            wanted = letters_of(flags, letters)
            if path.parent.name == "new" and not wanted and not seen_by_reader:
                return
            target = Place("cur", file_name(base, wanted))
            if Place("cur" if path.parent.name == "cur" else "new", path.name) != target:
                path.rename(self.folder / target.sub / target.name)
                self.places[base] = target

        self.with_path(index, uid, rename)

    def unlink(self, index: Index, uid: int) -> None:
        """Remove a message's file.

        Raises:
            NoSuchMessage: somebody else did.
        """
        self.with_path(index, uid, Path.unlink)
        del self.places[index.names[uid]]
