"""SEARCH and UID SEARCH (RFC 3501 sections 6.4.4 and 6.4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import wire
from refmail.imap.commands.base import Command
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.search.candidate import Candidate, Scope
from refmail.imap.search.keys import Key, Test
from refmail.imap.search.parse import CODECS, search_program
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import NoSuchMessage

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Search", "UidSearch"]


@dataclass(frozen=True, slots=True)
class Search(Command):
    """Show the numbers of the messages that match."""

    may_expunge: ClassVar[bool] = False
    looks_first: ClassVar[bool] = True

    #: None where the client named a charset that we do not know.
    key: Key | None

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)."""
        return cls(search_program(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        if self.key is None:
            supported = b" ".join(map(wire.astring, CODECS))
            raise Refused(no(b"That charset is not supported", b"BADCHARSET (%s)" % supported))
        view = session.view
        found = yield from session.call(search, view, self.key.compile(Scope.of(view)))
        session.send(b"* SEARCH%s\r\n" % b"".join(b" %d" % number for number in self.results(view, found)))
        return ok(b"SEARCH completed")

    def results(self, view: View, found: Sequence[int]) -> Sequence[int]:
        """Return what the response lists for the UIDs that were found."""
        return [view.number(uid) for uid in found]


@dataclass(frozen=True, slots=True)
class UidSearch(Search):
    """Show the UIDs of the messages that match."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True

    def results(self, view: View, found: Sequence[int]) -> Sequence[int]:
        del view
        return found


def search(view: View, test: Test) -> list[int]:
    """Return the UIDs that match, ascending; blocks where messages must be read."""
    return [uid for number, uid in enumerate(view.uids, 1) if _matches(view, number, uid, test)]


def _matches(view: View, number: int, uid: int, test: Test) -> bool:
    try:
        return test(Candidate(number, view.metas[uid], view.mailbox, recent=uid in view.recent))
    except NoSuchMessage:
        return False
