"""SORT (RFC 5256) and ESORT (RFC 5267 section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.search import SearchBase
from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.esearch import RESULT_OPTIONS, esearch, return_options
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import keyword
from refmail.imap.search.parse import search_criteria
from refmail.imap.search.sorting import SORT_KEYS, Criterion, ordered, sortable
from refmail.imap.states import SELECTED_ONLY
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["ESORT", "SORT", "Sort", "UidSort"]


@dataclass(frozen=True, slots=True)
class Sort(SearchBase):
    """Show the numbers of the messages that match, in an order."""

    criteria: tuple[Criterion, ...]
    #: Result options; None asks for the response of RFC 5256.
    returns: frozenset[bytes] | None

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: extended-sort = "SORT" [search-return-opts] SP sort-criteria SP search-criteria."""
        returns = return_options(cursor, RESULT_OPTIONS)
        cursor.space("sort")
        criteria = sort_criteria(cursor)
        cursor.space("sort")
        return cls(search_criteria(cursor), criteria, returns)

    def run(self, session: ImapSession) -> Steps[Status]:
        found = yield from self.find(session, sortable(self.criteria))
        self.respond(session, ordered(found, self.criteria))
        return ok(b"SORT completed")

    def respond(self, session: ImapSession, found: Sequence[int]) -> None:
        """Send what was found: UIDs, in order."""
        view = session.view
        numbers, modseq = self.results(view, found), self.modseq(view, found)
        if self.returns is not None:
            session.send(esearch(session.tag, self.returns, numbers, modseq, by_uid=self.by_uid))
            return
        end = b"" if modseq is None or not found else b" (MODSEQ %d)" % modseq
        session.send(b"* SORT%s%s\r\n" % (b"".join(b" %d" % number for number in numbers), end))


@dataclass(frozen=True, slots=True)
class UidSort(Sort):
    """Show the UIDs of the messages that match, in an order."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True


def sort_criteria(cursor: Cursor) -> tuple[Criterion, ...]:
    """ABNF: sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"."""
    cursor.expect(b"(", "sort-criteria")
    first = sort_criterion(cursor)
    criteria = {first.key: first}
    while cursor.skip(b" "):
        # A key that was sorted by before can change nothing.
        criterion = sort_criterion(cursor)
        criteria.setdefault(criterion.key, criterion)
    cursor.expect(b")", "sort-criteria")
    return tuple(criteria.values())


def sort_criterion(cursor: Cursor) -> Criterion:
    """ABNF: sort-criterion = ["REVERSE" SP] sort-key."""
    reverse = cursor.skip(b"REVERSE ")
    key = keyword(cursor, "sort-key")
    if key not in SORT_KEYS:
        cursor.fail("sort-key", "no such key")
    return Criterion(key, reverse)


SORT = Extension(b"SORT", {b"SORT": Sort, b"UID SORT": UidSort}, {b"SORT": SELECTED_ONLY, b"UID SORT": SELECTED_ONLY})

#: Result options of SORT, which `Sort` knows.
ESORT = Extension(b"ESORT")
