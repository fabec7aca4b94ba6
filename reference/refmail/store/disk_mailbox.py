"""What mailboxes on disk have in common: the lock, the index behind it, and the questions that it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from refmail.store.api import Changes, ConditionalChange, FlagAction, Mailbox, MessageMeta, NewMessage, NoSuchMailbox
from refmail.store.files import disk_errors
from refmail.store.index import Index
from refmail.store.locks import FileLock

__all__ = ["DiskMailbox", "Source"]


class Source(Protocol):
    """What keeps an index and the disk alike; the mailbox's lock is held around every call."""

    def refresh(self) -> Index:
        """Return the index after what other processes recorded.

        Raises:
            NoSuchMailbox: another mailbox has taken the place of this one.
        """
        ...

    def look(self, index: Index) -> bool:
        """Notice what other programs did, and say whether the index has to be opened anew."""
        ...


class DiskMailbox(ABC):
    """One mailbox; the store makes exactly one object for each.

    Args:
        name: its decoded name.
        lock: the path of the file that locks it.
        changed: tells watchers; called without the lock.
    """

    def __init__(self, name: str, lock: Path, changed: Callable[[], None]) -> None:
        self.name = name
        self._changed = changed
        self._lock = FileLock(lock)
        #: MODSEQ that watchers know of.
        self._told: int | None = None
        self._gone = False

    @abstractmethod
    def _source(self) -> Source:
        """Return what is behind the mailbox."""

    @abstractmethod
    def add(self, octets: bytes, flags: Collection[bytes] = (), internal_date: datetime | None = None) -> int: ...

    @abstractmethod
    def add_all(self, messages: Sequence[NewMessage]) -> Sequence[int]: ...

    @abstractmethod
    def copy_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]: ...

    @abstractmethod
    def move_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]: ...

    @abstractmethod
    def claim_recent(self) -> frozenset[int]: ...

    @abstractmethod
    def read(self, uid: int) -> bytes: ...

    @abstractmethod
    def _change_flags(
        self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], since: int | None
    ) -> ConditionalChange:
        """Change flags, under the condition that nothing they touch has changed after `since`, if one is given."""

    @abstractmethod
    def expunge(self, uids: Iterable[int]) -> Sequence[int]: ...

    @abstractmethod
    def move(self, folder: Path, name: str) -> int:
        """Rename the mailbox and return the UIDVALIDITY it had."""

    @contextmanager
    def _transaction(self, *, look: bool = False) -> Generator[Index]:
        news = False
        try:
            with disk_errors(f"mailbox {self.name!r}"), self._held():
                index = self._looked(self._open()) if look else self._open()
                try:
                    yield index
                finally:
                    news = self._told not in {None, index.modseq}
                    self._told = index.modseq
        finally:
            if news:
                self._changed()

    def _looked(self, index: Index) -> Index:
        """Return the index after a look at what other programs did."""
        if not self._source().look(index):
            return index
        # The old one goes before the new one comes.
        del index
        return self._open()

    @contextmanager
    def _held(self) -> Generator[None]:
        try:
            self._lock.__enter__()
        except FileNotFoundError as error:
            self._gone = True
            msg = f"mailbox {self.name!r} was deleted"
            raise NoSuchMailbox(msg) from error
        try:
            yield
        finally:
            self._lock.__exit__(None, None, None)

    def _open(self) -> Index:
        if self._gone:
            msg = f"mailbox {self.name!r} was deleted or replaced"
            raise NoSuchMailbox(msg)
        try:
            return self._source().refresh()
        except NoSuchMailbox:
            self._gone = True
            raise

    # Questions.

    @property
    def uid_validity(self) -> int:
        with self._transaction() as index:
            return index.uid_validity

    @property
    def uid_next(self) -> int:
        with self._transaction() as index:
            return index.uid_next

    @property
    def modseq(self) -> int:
        with self._transaction() as index:
            return index.modseq

    def messages(self) -> Sequence[MessageMeta]:
        with self._transaction(look=True) as index:
            return index.messages()

    def total_size(self) -> int:
        with self._transaction(look=True) as index:
            return index.octets

    def changes_since(self, modseq: int) -> Changes:
        with self._transaction(look=True) as index:
            return index.changes_since(modseq)

    def recent_count(self) -> int:
        with self._transaction(look=True) as index:
            return len(index.recent())

    # Changes.

    def change_flags(self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes]) -> Sequence[MessageMeta]:
        return self._change_flags(uids, action, flags, None).messages

    def change_flags_unless_modified(
        self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], modseq: int
    ) -> ConditionalChange:
        return self._change_flags(uids, action, flags, modseq)

    # What the store does with a whole mailbox.

    def check(self) -> None:
        """Raise NoSuchMailbox if the mailbox is there no more."""
        with self._transaction():
            pass

    def retire(self, remove: Callable[[], None]) -> int:
        """Remove the mailbox by `remove` and return the UIDVALIDITY it had."""
        with self._transaction() as index:
            remove()
            self._gone = True
            return index.uid_validity
