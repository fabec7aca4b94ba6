"""Special uses of one user's mailboxes (RFC 6154): which mailbox has which, and the defaults a user gets once."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from refmail.store.api import Flags, UseTaken
from refmail.store.files import replace_file

__all__ = ["SPECIAL_USES", "UseTable", "UsesFile", "give_defaults"]

#: What a mailbox may be for. \All and \Flagged would be views of other mailboxes, which no store here has.
SPECIAL_USES: Flags = frozenset({rb"\Archive", rb"\Drafts", rb"\Junk", rb"\Sent", rb"\Trash"})


@dataclass(slots=True)
class UseTable:
    """Uses by the name of the mailbox; a use is that of one mailbox."""

    by_name: dict[str, Flags] = field(default_factory=dict[str, Flags])
    #: Uses that the user was given a default mailbox for: one who deletes it does not get it again.
    given: set[bytes] = field(default_factory=set[bytes])

    def check(self, uses: Collection[bytes], existing: Collection[str]) -> None:
        """Raise UseTaken where one of the uses is that of an existing mailbox."""
        taken = frozenset(use for name, known in self.by_name.items() if name in existing for use in known)
        if both := taken.intersection(uses):
            msg = f"there is already a mailbox for {b', '.join(sorted(both)).decode()}"
            raise UseTaken(msg)

    def put(self, name: str, uses: Collection[bytes]) -> None:
        """Let a mailbox have these uses and no others."""
        self.by_name.pop(name, None)
        if uses:
            self.by_name[name] = frozenset(uses)

    def move(self, old: str, new: str) -> None:
        """Let a mailbox keep its uses under a new name."""
        self.put(new, self.by_name.pop(old, frozenset()))


class UsesFile:
    """A user's table in a file.

    Args:
        path: the file, which need not exist.
        sync: whether changes are forced to the disk.
    """

    def __init__(self, path: Path, *, sync: bool) -> None:
        self._path = path
        self._sync = sync

    def load(self) -> UseTable:
        """Return the table; an empty one where the file is missing or damaged."""
        try:
            stored = json.loads(self._path.read_bytes())
            by_name = {str(name): frozenset(use.encode() for use in uses) for name, uses in stored["uses"].items()}
            return UseTable(by_name, {use.encode() for use in stored["given"]})
        except FileNotFoundError:
            return UseTable()
        except (ValueError, KeyError, TypeError, AttributeError):
            return UseTable()

    def save(self, table: UseTable) -> None:
        """Put a table into the file, whole and at once."""
        uses = {name: sorted(use.decode() for use in known) for name, known in table.by_name.items()}
        stored = {"uses": uses, "given": sorted(use.decode() for use in table.given)}
        replace_file(self._path, json.dumps(stored).encode("utf-8"), sync=self._sync)


class _Mailboxes(Protocol):
    """What giving defaults does to a user's mailboxes."""

    def exists(self, name: str) -> bool: ...
    def make(self, name: str) -> None: ...


def give_defaults(table: UseTable, defaults: Mapping[bytes, str], mailboxes: _Mailboxes) -> bool:
    """Make the default mailboxes that the user was never given, and say whether the table changed.

    Args:
        table: the user's uses.
        defaults: use -> name of the mailbox.
        mailboxes: where to make them.
    """
    missing = [use for use in defaults if use not in table.given]
    for use in missing:
        table.given.add(use)
        if any(use in known and mailboxes.exists(name) for name, known in table.by_name.items()):
            continue
        name = defaults[use]
        if not mailboxes.exists(name):
            mailboxes.make(name)
        table.put(name, {use, *table.by_name.get(name, ())})
    return bool(missing)
