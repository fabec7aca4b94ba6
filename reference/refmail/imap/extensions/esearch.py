"""ESEARCH (RFC 4731): SEARCH says what to return, in the grammar of RFC 4466 section 2.6."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import wire
from refmail.imap.commands.search import Search
from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.uidplus import uid_set
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import keyword
from refmail.imap.search.parse import search_program

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["ESEARCH", "RESULT_OPTIONS", "ExtendedSearch", "UidExtendedSearch", "esearch", "reported", "return_options"]

ALL, COUNT, MAX, MIN = b"ALL", b"COUNT", b"MAX", b"MIN"

#: The result options of RFC 4731 section 3.1.
RESULT_OPTIONS = frozenset({ALL, COUNT, MAX, MIN})


@dataclass(frozen=True, slots=True)
class ExtendedSearch(Search):
    """SEARCH that answers with ESEARCH where the client says RETURN."""

    #: Result options that the command knows.
    known: ClassVar[frozenset[bytes]] = RESULT_OPTIONS

    #: Result options; None asks for the response of RFC 3501.
    returns: frozenset[bytes] | None = None

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: search = "SEARCH" [search-return-opts] SP search-program."""
        returns = return_options(cursor, cls.known)
        return cls(search_program(cursor), returns)

    def respond(self, session: ImapSession, found: Sequence[int]) -> None:
        if self.returns is None:
            Search.respond(self, session, found)
            return
        view = session.view
        modseq = self.modseq(view, reported(self.returns, found))
        numbers = self.results(view, found)
        session.send(esearch(session.tag, self.returns, numbers, modseq, by_uid=self.by_uid))


@dataclass(frozen=True, slots=True)
class UidExtendedSearch(ExtendedSearch):
    """UID SEARCH likewise; the response says that it shows UIDs."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True


def return_options(cursor: Cursor, known: Collection[bytes]) -> frozenset[bytes] | None:
    """ABNF: [SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"].

    Args:
        cursor: behind the name of the command.
        known: the options of this command, upper case; none of them has parameters.

    Returns:
        The options, ALL where the list is empty, or None where there is no list.
    """
    if not cursor.skip(b" RETURN "):
        return None
    cursor.expect(b"(", "search-return-opts")
    options: set[bytes] = set()
    while not cursor.skip(b")"):
        if options:
            cursor.space("search-return-opts")
        option = keyword(cursor, "search-return-opt")
        if option not in known:
            cursor.fail("search-return-opt", "no such result option")
        options.add(option)
    return frozenset(options or {ALL})


def reported(returns: Collection[bytes], found: Sequence[int]) -> Sequence[int]:
    """Return the messages that a response is about: first and last where only these are asked for, else all."""
    ends = [option for option in (MIN, MAX) if option in returns]
    if not found or not ends or ALL in returns or COUNT in returns:
        return found
    return sorted({found[0] if option == MIN else found[-1] for option in ends})


def esearch(
    tag: bytes, returns: Collection[bytes], numbers: Sequence[int], modseq: int | None = None, *, by_uid: bool
) -> bytes:
    """ABNF: esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data).

    Args:
        tag: of the command that this answers.
        returns: what to show; where nothing was found only the count can be.
        numbers: message numbers or UIDs, the least one first.
        modseq: the highest mod-sequence of the messages shown, where it was asked for.
        by_uid: whether the numbers are UIDs.
    """
    pieces = [b"* ESEARCH (TAG %s)" % wire.quoted(tag)]
    if by_uid:
        pieces.append(b"UID")
    if numbers and MIN in returns:
        pieces.append(b"MIN %d" % numbers[0])
    if numbers and MAX in returns:
        pieces.append(b"MAX %d" % numbers[-1])
    if numbers and ALL in returns:
        pieces.append(b"ALL " + uid_set(numbers))
    if COUNT in returns:
        pieces.append(b"COUNT %d" % len(numbers))
    if numbers and modseq is not None:
        pieces.append(b"MODSEQ %d" % modseq)
    return b" ".join(pieces) + b"\r\n"


ESEARCH = Extension(b"ESEARCH", {b"SEARCH": ExtendedSearch, b"UID SEARCH": UidExtendedSearch})
