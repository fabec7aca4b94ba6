"""Wrong mail stores: Maildir delivery, and readers of a Maildir that other programs use, too."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import structs

from refmail import mutants
from refmail.config import Config
from refmail.store.api import Flags, NoSuchMessage
from refmail.store.filenames import IN_NAME, file_name, split_name
from refmail.store.index import Added, Flagged, Index, Record, Removed
from refmail.store.maildir import MaildirStore
from refmail.store.maildir_mailbox import MaildirMailbox, Surroundings
from refmail.store.mirror import Mirror
from refmail.store.places import Place, Places
from refmail.store.scan import Sighting

# Delivery.


class _Delivery(MaildirStore):
    """Does something with each file that was delivered."""

    def __init__(self, config: Config) -> None:
        super().__init__(Path(config.store.path or ""))

    def deliver(self, user: str, octets: bytes) -> None:
        new = self.root / user / "Maildir" / "new"
        before = {path.name for path in new.iterdir()} if new.is_dir() else set[str]()
        super().deliver(user, octets)
        for path in new.iterdir():
            if path.name not in before:
                self.delivered(path)

    def delivered(self, path: Path) -> None:
        """Do it."""
        raise NotImplementedError


@mutants.part("store", "maildir/delivery/into-new")
class StoreDeliversIntoCur(_Delivery):
    """Messages are delivered into cur."""

    def delivered(self, path: Path) -> None:
        path.rename(path.parent.with_name("cur") / file_name(path.name, ""))


@mutants.part("store", "maildir/delivery/no-info")
class StoreDeliversWithInfo(_Delivery):
    """Messages in new have info in their names."""

    def delivered(self, path: Path) -> None:
        path.rename(path.with_name(file_name(path.name, "")))


@mutants.part("store", "maildir/delivery/name")
class StoreDeliversWithColon(_Delivery):
    """Names of messages in new have a colon."""

    def delivered(self, path: Path) -> None:
        path.rename(path.with_name(f"{path.name}:x"))


@mutants.part("store", "maildir/delivery/nothing-in-tmp")
class StoreLeavesInTmp(_Delivery):
    """A copy of each delivered message stays in tmp."""

    def delivered(self, path: Path) -> None:
        os.link(path, path.parent.with_name("tmp") / path.name)


# Reading.


def _reading(
    config: Config, mirror: type[Mirror], mailbox: Callable[..., MaildirMailbox] = MaildirMailbox
) -> MaildirStore:
    """Return a store whose mailboxes look at their folders in a way of their own."""
    return MaildirStore(Path(config.store.path or ""), mailbox=functools.partial(mailbox, mirror=mirror))


class _BlindToForeign(Mirror):
    """Looks at files that have our hints in their names."""

    def _measured(self, places: Mapping[str, Place]) -> dict[str, Sighting]:
        return super()._measured({base: place for base, place in places.items() if ",S=" in base})


@mutants.part("store", "maildir/reader/finds-new")
def store_overlooks_foreign_mail(config: Config) -> MaildirStore:
    """What other programs deliver is not found."""
    return _reading(config, _BlindToForeign)


class _SlowToForget(Mirror):
    """Notices that files are gone when there are new ones."""

    _next_known = 0

    def look(self, index: Index) -> bool:
        # What came by this server counts, too, and at once.
        self.rescan(index)
        return False

    def _differences(self, index: Index, places: Places, arrived: Mapping[str, Sighting]) -> list[Record]:
        records = super()._differences(index, places, arrived)
        grown = bool(arrived) or index.uid_next != self._next_known
        self._next_known = index.uid_next + len(arrived)
        return records if grown else [record for record in records if not isinstance(record, Removed)]


class _Remembering(MaildirMailbox):
    """Still has what it has read once."""

    def __init__(
        self, folder: Path, name: str, around: Surroundings, *, mirror: Callable[..., Mirror] = Mirror
    ) -> None:
        super().__init__(folder, name, around, mirror=mirror)
        self._memory: dict[int, bytes] = {}

    def read(self, uid: int) -> bytes:
        try:
            self._memory[uid] = super().read(uid)
        except NoSuchMessage:
            if uid not in self._memory:
                raise
        return self._memory[uid]

    def read_many(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for uid in uids:
            with suppress(NoSuchMessage):
                yield uid, self.read(uid)


@mutants.part("store", "maildir/reader/notices-removal")
def store_remembers_removed_mail(config: Config) -> MaildirStore:
    """A message whose file is gone is still shown until another arrives."""
    return _reading(config, _SlowToForget, _Remembering)


class _FlagsElsewhere(Mirror):
    """Takes names without letters for names that say nothing of flags."""

    def show(self, index: Index, uid: int, flags: Flags, *, seen_by_reader: bool = False) -> None:
        super().show(index, uid, flags - IN_NAME, seen_by_reader=seen_by_reader or bool(flags))

    def _differences(self, index: Index, places: Places, arrived: Mapping[str, Sighting]) -> list[Record]:
        silent = {uid for base, uid in index.uids.items() if base in places and not split_name(places[base].name)[1]}
        records = super()._differences(index, places, arrived)
        return [record for record in records if not (isinstance(record, Flagged) and record.uid in silent)]


@mutants.part("store", "maildir/info/flags")
def store_keeps_flags_elsewhere(config: Config) -> MaildirStore:
    """Flags are kept in a file of the server's own, and names show none."""
    return _reading(config, _FlagsElsewhere)


class _Backwards(Mirror):
    """Writes the letters of flags from the last to the first."""

    def show(self, index: Index, uid: int, flags: Flags, *, seen_by_reader: bool = False) -> None:
        super().show(index, uid, flags, seen_by_reader=seen_by_reader)
        place = self.places[index.names[uid]]
        base, letters = split_name(place.name)
        if letters:
            backwards = Place(place.sub, file_name(base, letters[::-1]))
            (self.folder / place.sub / place.name).rename(self.folder / backwards.sub / backwards.name)
            self.places[base] = backwards


@mutants.part("store", "maildir/info/order")
def store_writes_flags_backwards(config: Config) -> MaildirStore:
    """The letters of flags stand in the wrong order."""
    return _reading(config, _Backwards)


class _BlindToFlags(Mirror):
    """Knows only the flags that were set through it."""

    def _differences(self, index: Index, places: Places, arrived: Mapping[str, Sighting]) -> list[Record]:
        records = super()._differences(index, places, arrived)
        plain = (structs.replace(each, flags=frozenset()) if isinstance(each, Added) else each for each in records)
        return [record for record in plain if not isinstance(record, Flagged)]


@mutants.part("store", "maildir/reader/reads-flags")
def store_ignores_foreign_flags(config: Config) -> MaildirStore:
    """Flags that other programs write into names are ignored."""
    return _reading(config, _BlindToFlags)
