"""The arguments of SEARCH (search-key in RFC 3501 section 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.dates import date
from refmail.imap.parsing.sequences import begins_sequence_set, sequence_set
from refmail.imap.parsing.strings import astring, atom, keyword, number, nz_number, quoted
from refmail.imap.search.keys import (
    All,
    And,
    Body,
    Day,
    Header,
    InternalDay,
    Key,
    Larger,
    MarkedWith,
    Not,
    Numbers,
    Older,
    Or,
    Recent,
    SentDay,
    Smaller,
    Text,
    Uids,
    Younger,
)
from refmail.imap.search.modseq import search_modsequence

__all__ = ["CODECS", "search_criteria", "search_program"]

#: Charset, upper case -> Python's codec of it. RFC 3501 requires only the first.
CODECS: Mapping[bytes, str] = {b"US-ASCII": "ascii", b"UTF-8": "utf-8"}

#: NOT, OR and parentheses within one another.
_DEEPEST = 150


@dataclass(frozen=True, slots=True)
class _Context:
    cursor: Cursor
    codec: str
    depth: int = 0

    def deeper(self) -> _Context:
        if self.depth == _DEEPEST:
            self.cursor.fail("search-key", "nested too deeply")
        return _Context(self.cursor, self.codec, self.depth + 1)


def search_program(cursor: Cursor) -> Key | None:
    """ABNF: [SP "CHARSET" SP astring] 1*(SP search-key).

    Returns:
        The keys as one, or None where the charset is unknown; the arguments are read to their end in any case.
    """
    charset = b"UTF-8" if cursor.utf8 else b"US-ASCII"
    cursor.space("search")
    if cursor.skip(b"CHARSET "):
        charset = astring(cursor)
        cursor.space("search")
    return _search_keys(cursor, charset)


def search_criteria(cursor: Cursor) -> Key | None:
    """ABNF: search-criteria = charset 1*(SP search-key); charset = atom / quoted (RFC 5256 section 5).

    Returns:
        As `search_program`.
    """
    charset = quoted(cursor) if cursor.peek() == b'"' else atom(cursor)
    cursor.space("search-criteria")
    return _search_keys(cursor, charset)


def _search_keys(cursor: Cursor, charset: bytes) -> Key | None:
    """ABNF: search-key *(SP search-key), with strings in the charset."""
    codec = CODECS.get(charset.upper())
    # Any octet is a character of latin-1, so that only the grammar can fail.
    context = _Context(cursor, codec or "latin-1")
    keys = [search_key(context)]
    while cursor.skip(b" "):
        keys.append(search_key(context))
    return None if codec is None else And(tuple(keys))


def search_key(context: _Context) -> Key:
    """ABNF: search-key = "ALL" / ... / sequence-set / "(" search-key *(SP search-key) ")"."""
    cursor = context.cursor
    if cursor.skip(b"("):
        inner = context.deeper()
        keys = [search_key(inner)]
        while cursor.skip(b" "):
            keys.append(search_key(inner))
        cursor.expect(b")", "search-key")
        return And(tuple(keys))
    if begins_sequence_set(cursor):
        return Numbers(sequence_set(cursor))
    name = keyword(cursor, "search-key")
    parse = _KEYS.get(name)
    if parse is None:
        cursor.fail("search-key", "no such key")
    return parse(context)


def _constant(key: Key) -> Callable[[_Context], Key]:
    return lambda _: key


def _text(context: _Context) -> str:
    """SP astring, in the charset of the search."""
    context.cursor.space("search-key")
    octets = astring(context.cursor)
    try:
        return octets.decode(context.codec)
    except UnicodeDecodeError:
        context.cursor.fail("search-key", "octets that are not of the charset")


def _field(name: bytes) -> Callable[[_Context], Key]:
    return lambda context: Header(name, _text(context))


def _header(context: _Context) -> Key:
    """ABNF: "HEADER" SP header-fld-name SP astring."""
    context.cursor.space("search-key")
    name = astring(context.cursor).lower()
    return Header(name, _text(context))


def _day(kind: type[InternalDay | SentDay], how: Day) -> Callable[[_Context], Key]:
    def parse(context: _Context) -> Key:
        context.cursor.space("search-key")
        return kind(how, date(context.cursor))

    return parse


def _size(kind: type[Larger | Smaller]) -> Callable[[_Context], Key]:
    def parse(context: _Context) -> Key:
        context.cursor.space("search-key")
        return kind(number(context.cursor))

    return parse


def _interval(kind: type[Older | Younger]) -> Callable[[_Context], Key]:
    """ABNF: search-key =/ ("OLDER" / "YOUNGER") SP nz-number (RFC 5032 section 4)."""

    def parse(context: _Context) -> Key:
        context.cursor.space("search-key")
        return kind(nz_number(context.cursor))

    return parse


def _keyword(context: _Context) -> Key:
    """ABNF: "KEYWORD" SP flag-keyword."""
    context.cursor.space("search-key")
    return MarkedWith(atom(context.cursor))


def _not(context: _Context) -> Key:
    """ABNF: "NOT" SP search-key."""
    context.cursor.space("search-key")
    return Not(search_key(context.deeper()))


def _or(context: _Context) -> Key:
    """ABNF: "OR" SP search-key SP search-key."""
    inner = context.deeper()
    context.cursor.space("search-key")
    left = search_key(inner)
    context.cursor.space("search-key")
    return Or(left, search_key(inner))


def _uids(context: _Context) -> Key:
    """ABNF: "UID" SP sequence-set."""
    context.cursor.space("search-key")
    return Uids(sequence_set(context.cursor))


_SEEN = MarkedWith(rb"\Seen")

_KEYS: Mapping[bytes, Callable[[_Context], Key]] = {
    b"ALL": _constant(All()),
    b"ANSWERED": _constant(MarkedWith(rb"\Answered")),
    b"BCC": _field(b"bcc"),
    b"BEFORE": _day(InternalDay, Day.BEFORE),
    b"BODY": lambda context: Body(_text(context)),
    b"CC": _field(b"cc"),
    b"DELETED": _constant(MarkedWith(rb"\Deleted")),
    b"DRAFT": _constant(MarkedWith(rb"\Draft")),
    b"FLAGGED": _constant(MarkedWith(rb"\Flagged")),
    b"FROM": _field(b"from"),
    b"HEADER": _header,
    b"KEYWORD": _keyword,
    b"LARGER": _size(Larger),
    b"MODSEQ": lambda context: search_modsequence(context.cursor),
    b"NEW": _constant(And((Recent(), Not(_SEEN)))),
    b"NOT": _not,
    b"OLD": _constant(Not(Recent())),
    b"OLDER": _interval(Older),
    b"ON": _day(InternalDay, Day.ON),
    b"OR": _or,
    b"RECENT": _constant(Recent()),
    b"SEEN": _constant(_SEEN),
    b"SENTBEFORE": _day(SentDay, Day.BEFORE),
    b"SENTON": _day(SentDay, Day.ON),
    b"SENTSINCE": _day(SentDay, Day.SINCE),
    b"SINCE": _day(InternalDay, Day.SINCE),
    b"SMALLER": _size(Smaller),
    b"SUBJECT": _field(b"subject"),
    b"TEXT": lambda context: Text(_text(context)),
    b"TO": _field(b"to"),
    b"UID": _uids,
    b"UNANSWERED": _constant(Not(MarkedWith(rb"\Answered"))),
    b"UNDELETED": _constant(Not(MarkedWith(rb"\Deleted"))),
    b"UNDRAFT": _constant(Not(MarkedWith(rb"\Draft"))),
    b"UNFLAGGED": _constant(Not(MarkedWith(rb"\Flagged"))),
    b"UNKEYWORD": lambda context: Not(_keyword(context)),
    b"UNSEEN": _constant(Not(_SEEN)),
    b"YOUNGER": _interval(Younger),
}
