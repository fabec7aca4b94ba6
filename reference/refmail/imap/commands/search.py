"""SEARCH and UID SEARCH (RFC 3501 sections 6.4.4 and 6.4.8).

`SearchBase` is what SEARCH, SORT and THREAD have in common: keys, a charset, and
what is gathered of each message that matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, Self, TypeVar

from refmail.imap import wire
from refmail.imap.batch import Batch
from refmail.imap.commands.base import Command
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.notes import RECIPE, SEARCHED, needle
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.search.candidate import Candidate, Scope
from refmail.imap.search.keys import Key, Test
from refmail.imap.search.modseq import asks_modseq, names_numbers
from refmail.imap.search.parse import CODECS, search_program
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import NoSuchMessage
from refmail.store.noting import BulkMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Hunt", "Search", "SearchBase", "UidSearch"]

T = TypeVar("T")

#: A mailbox with fewer messages is searched in the event loop, if the store does not block.
_FEW = 64
#: Messages whose notes are looked up together.
_MANY = 512


@dataclass(frozen=True, slots=True)
class SearchBase(Command):
    """A command that looks for messages."""

    may_expunge: ClassVar[bool] = False
    looks_first: ClassVar[bool] = True

    #: None where the client named a charset that we do not know.
    key: Key | None

    def find(self, session: ImapSession, pick: Callable[[Candidate], T]) -> Steps[list[T]]:
        """Return what `pick` makes of each message that matches, in the order of the mailbox.

        Raises:
            Refused: the charset is unknown, or a message number beyond the mailbox.
        """
        if self.key is None:
            supported = b" ".join(map(wire.astring, CODECS))
            raise Refused(no(b"That charset is not supported", b"BADCHARSET (%s)" % supported))
        if asks_modseq(self.key):
            session.make_aware()
        view = session.view
        test = self.key.compile(Scope.of(view, session.services.now()))
        blocking = session.services.store.blocking or len(view.uids) > _FEW
        hunt = Hunt(view, self.key, test, pick, blocking=blocking)
        return (yield from session.call(hunt.run))

    def results(self, view: View, found: Sequence[int]) -> Sequence[int]:
        """Return what the response lists for the UIDs that were found."""
        return found if self.by_uid else [view.number(uid) for uid in found]

    def modseq(self, view: View, found: Sequence[int]) -> int | None:
        """Return the mod-sequence that the response ends with, where the keys ask for one (RFC 7162 section 3.1.6)."""
        if not found or self.key is None or not asks_modseq(self.key):
            return None
        return max(view.metas[uid].modseq for uid in found)

    def lets_expunge(self) -> bool:
        return self.may_expunge and (self.key is None or not names_numbers(self.key))


@dataclass(frozen=True, slots=True)
class Search(SearchBase):
    """Show the numbers of the messages that match."""

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)."""
        return cls(search_program(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        found = yield from self.find(session, uid_of)
        self.respond(session, found)
        return ok(b"SEARCH completed")

    def respond(self, session: ImapSession, found: Sequence[int]) -> None:
        """Send what was found.

        Args:
            session: whose command this is.
            found: UIDs, ascending.
        """
        view = session.view
        modseq = self.modseq(view, found)
        end = b"" if modseq is None or not found else b" (MODSEQ %d)" % modseq
        numbers = b"".join(b" %d" % number for number in self.results(view, found))
        session.send(b"* SEARCH%s%s\r\n" % (numbers, end))


@dataclass(frozen=True, slots=True)
class UidSearch(Search):
    """Show the UIDs of the messages that match."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True


def uid_of(candidate: Candidate) -> int:
    """Return the UID of a message."""
    return candidate.meta.uid


class Hunt(Generic[T]):
    """A search on its way.

    Each message is read and its header parsed at most once, however many keys and `pick` ask for it.

    Args:
        view: where to search.
        key: for what.
        test: the key, compiled.
        pick: what to make of each message that matches.
        blocking: whether it may take long.
    """

    def __init__(self, view: View, key: Key, test: Test, pick: Callable[[Candidate], T], *, blocking: bool) -> None:
        #: A call of `run` is run as calls of a store that has this.
        self.blocking = blocking
        self._view = view
        self._key = key
        self._test = test
        self._pick = pick
        self._noted: dict[tuple[bytes, str], set[int]] = {}

    def run(self) -> list[T]:
        """Return what `pick` makes of each message that matches, in the order of the mailbox."""
        view = self._view
        suspects = self._key.suspects(self)
        uids = view.uids if suspects is None else [uid for uid in view.uids if uid in suspects]
        found: list[T] = []
        for start in range(0, len(uids), _MANY):
            for uid, message in self._messages(uids[start : start + _MANY]):
                recent = uid in view.recent
                candidate = Candidate(view.number(uid), view.metas[uid], message, recent=recent, noted=self._noted)
                try:
                    if self._test(candidate):
                        found.append(self._pick(candidate))
                except NoSuchMessage:
                    continue
        return found

    def _messages(self, uids: Sequence[int]) -> Iterator[tuple[int, Callable[[int], Entity]]]:
        """Yield UIDs and what returns their messages, which are read at once if each must be read in any case."""
        batch = Batch(self._view.mailbox, uids)
        if not self._key.reads_each:
            yield from ((uid, batch.message) for uid in uids)
            return
        for uid, message in batch.whole():
            yield uid, partial(_same, message)

    def containing(self, name: bytes, text: str) -> set[int] | None:
        """Return the UIDs of the messages in whose field a text may be, None where that is not noted."""
        part, mailbox = SEARCHED.get(name), self._view.mailbox
        if part is None or not isinstance(mailbox, BulkMailbox):
            return None
        suspects = mailbox.noted_containing(RECIPE, self._view.uids, part, needle(text))
        # The values are noted one a line: a text with a line end may be found where it is in none of them.
        if "\n" not in text:
            self._noted[name, text] = suspects.surely
        return suspects.surely | suspects.perhaps


def _same(message: Entity, _uid: int) -> Entity:
    return message
