"""Atoms, strings, numbers, flags, dates and generic data (RFC 3501 section 9, RFC 4466 section 2.1)."""

from __future__ import annotations

import re

from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.values import Data

__all__ = [
    "astring",
    "at_string",
    "atom",
    "crlf",
    "data",
    "data_list",
    "date_time",
    "flag_list",
    "literal8",
    "mailbox",
    "nil",
    "nstring",
    "number",
    "number64",
    "nz_number",
    "quoted",
    "sp",
    "string",
]

NUMBER = "3501/9/number"
STRING = "3501/9/string"

# ATOM-CHAR     = <any CHAR except atom-specials>
# atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
# list-wildcards = "%" / "*"    quoted-specials = DQUOTE / "\"    resp-specials = "]"
ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
# ASTRING-CHAR = ATOM-CHAR / resp-specials
ASTRING_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\]+')
DIGITS = re.compile(rb"[0-9]+")

# QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
QUOTED = re.compile(rb'"([^\x00\r\n"\\\x80-\xff]*(?:\\["\\][^\x00\r\n"\\\x80-\xff]*)*)"')
# RFC 6855 section 3 and RFC 9051 section 9 add UTF-8 to it.
QUOTED_UTF8 = re.compile(rb'"([^\x00\r\n"\\]*(?:\\["\\][^\x00\r\n"\\]*)*)"')
ESCAPED = re.compile(rb"\\(.)")

# literal = "{" number "}" CRLF *CHAR8; literal8 of RFC 3516 begins with "~" and may hold NUL.
LITERAL = re.compile(rb"(~?)\{([0-9]+)\}\r\n")

# flag = "\Answered" / ... / flag-keyword / flag-extension; flag-extension = "\" atom; flag-keyword = atom
FLAG = re.compile(rb"\\?" + ATOM.pattern)

# date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
DATE_TIME = re.compile(
    rb'"((?: [0-9]|[0-9]{2})-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{4}'
    rb' [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4})"',
    re.IGNORECASE,
)

# What extensions send outside strings: atoms, flags, sets, "*", section names.
GENERIC_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){"]+')

#: One more than the largest number (RFC 3501 section 9), and than the largest number64 (RFC 9051 section 9).
NUMBER_END, NUMBER64_END = 2**32, 2**63


def sp(cursor: Cursor) -> None:
    """Parse SP: exactly one space."""
    if not cursor.accept(b" "):
        cursor.fail("SP", "expected one space")


def crlf(cursor: Cursor) -> None:
    """Parse CRLF at the end of the response."""
    if not cursor.accept(b"\r\n") or cursor.position != len(cursor.octets):
        cursor.fail("CRLF", "expected the end of the response")


def atom(cursor: Cursor) -> bytes:
    """Parse atom = 1*ATOM-CHAR."""
    found = cursor.match(ATOM)
    if found is None:
        cursor.fail("atom", "expected an atom")
    return found


def number(cursor: Cursor) -> int:
    """Parse number = 1*DIGIT, unsigned with 32 bits."""
    return _digits(cursor, "number", NUMBER_END)


def number64(cursor: Cursor) -> int:
    """Parse number64 = 1*DIGIT, unsigned with 63 bits (RFC 9051 section 9; mod-sequences of RFC 7162)."""
    return _digits(cursor, "number64", NUMBER64_END)


def nz_number(cursor: Cursor) -> int:
    """Parse nz-number = digit-nz *DIGIT."""
    if cursor.looking_at(b"0"):
        with cursor.charging(NUMBER):
            cursor.fail("nz-number", "expected a number that begins with 1 to 9")
    return _digits(cursor, "nz-number", NUMBER_END)


def _digits(cursor: Cursor, production: str, end: int) -> int:
    start = cursor.position
    found = cursor.match(DIGITS)
    if found is None:
        cursor.fail(production, "expected a number")
    with cursor.charging(NUMBER):
        # The length first: turning millions of digits into an integer takes long, and Python refuses it.
        if len(found.lstrip(b"0")) > 19 or int(found.lstrip(b"0") or b"0") >= end:
            cursor.position = start
            cursor.fail(production, f"expected a number below {end}")
    return int(found.lstrip(b"0") or b"0")


def at_string(cursor: Cursor) -> bool:
    """Whether a string begins here."""
    return cursor.looking_at(b'"') or cursor.looking_at(b"{") or cursor.looking_at(b"~{")


def string(cursor: Cursor) -> bytes:
    """Parse string = quoted / literal."""
    if not at_string(cursor):
        cursor.fail("string", "expected a string")
    with cursor.charging(STRING):
        if cursor.looking_at(b"~"):
            cursor.fail("string", "a literal8 stands only where RFC 3516 allows it")
        return quoted(cursor) if cursor.looking_at(b'"') else _literal(cursor)


def literal8(cursor: Cursor) -> bytes:
    """Parse literal8 = "~{" number "}" CRLF *OCTET (RFC 3516 section 7)."""
    with cursor.charging(STRING):
        if not cursor.looking_at(b"~{"):
            cursor.fail("literal8", "expected a literal8")
        return _literal(cursor)


def quoted(cursor: Cursor) -> bytes:
    """Parse quoted = DQUOTE *QUOTED-CHAR DQUOTE; without its quotes."""
    pattern = QUOTED_UTF8 if cursor.dialect.utf8 else QUOTED
    found = pattern.match(cursor.octets, cursor.position)
    if found is None:
        cursor.fail("quoted", "expected a quoted string of 7-bit characters without NUL, CR and LF")
    cursor.position = found.end()
    return ESCAPED.sub(rb"\1", found[1]) if b"\\" in found[1] else found[1]


def _literal(cursor: Cursor) -> bytes:
    found = LITERAL.match(cursor.octets, cursor.position)
    if found is None or len(found[2]) > 10 or int(found[2]) >= NUMBER_END:
        cursor.fail("literal", "expected the length of a literal, below 2^32, and CRLF")
    start, end = found.end(), found.end() + int(found[2])
    if end > len(cursor.octets):
        cursor.fail("literal", "the literal is shorter than it says")
    octets = cursor.octets[start:end]
    if not found[1] and (nul := octets.find(b"\0")) >= 0:
        cursor.position = start + nul
        cursor.fail("CHAR8", "a literal must not hold NUL")
    cursor.position = end
    return octets


def nil(cursor: Cursor) -> bool:
    """Step over NIL if it stands here, as a whole word."""
    following = cursor.octets[cursor.position + 3 : cursor.position + 4]
    return not ATOM.match(following) and cursor.accept(b"NIL")


def nstring(cursor: Cursor) -> bytes | None:
    """Parse nstring = string / nil."""
    if nil(cursor):
        return None
    if not at_string(cursor):
        cursor.fail("nstring", "expected a string or NIL")
    return string(cursor)


def astring(cursor: Cursor) -> bytes:
    """Parse astring = 1*ASTRING-CHAR / string."""
    if at_string(cursor):
        return string(cursor)
    found = cursor.match(ASTRING_ATOM)
    if found is None:
        cursor.fail("astring", "expected an atom or a string")
    return found


def mailbox(cursor: Cursor) -> bytes:
    """Parse mailbox = "INBOX" / astring."""
    name = astring(cursor)
    return b"INBOX" if name.upper() == b"INBOX" else name


def flag_list(cursor: Cursor, *, recent: bool = False, any_keyword: bool = False) -> tuple[bytes, ...]:
    r"""Parse flag-list = "(" [flag *(SP flag)] ")".

    Args:
        cursor: before the parenthesis.
        recent: whether \Recent may stand in it (flag-fetch).
        any_keyword: whether \* may stand in it (flag-perm).
    """
    cursor.expect(b"(", "flag-list")
    flags: list[bytes] = []
    while not cursor.accept(b")"):
        if flags:
            sp(cursor)
        if any_keyword and cursor.accept(rb"\*"):
            flags.append(rb"\*")
            continue
        start = cursor.position
        found = cursor.match(FLAG)
        if found is None:
            cursor.fail("flag", "expected a flag or a closing parenthesis")
        if not recent and found.upper() == rb"\RECENT":
            cursor.position = start
            cursor.fail("flag", r"\Recent stands only in FETCH data")
        flags.append(found)
    return tuple(flags)


@charged_to("3501/9/date-time")
def date_time(cursor: Cursor) -> bytes:
    """Parse date-time in its quotes; the octets between them are returned."""
    found = cursor.match(DATE_TIME)
    if found is None:
        cursor.fail("date-time", 'expected a date-time such as "17-Jul-1996 02:44:25 -0700"')
    return found[1:-1]


def data(cursor: Cursor) -> Data:
    """One generic value: atom, number, string, NIL or a list of them."""
    if cursor.looking_at(b"("):
        return data_list(cursor)
    if cursor.looking_at(b"~{"):
        return literal8(cursor)
    if at_string(cursor):
        return string(cursor)
    if nil(cursor):
        return None
    found = cursor.match(GENERIC_ATOM)
    if found is None:
        cursor.fail("tagged-ext-val", "expected an atom, a string, a number or a list")
    if found.isdigit() and len(found) <= 19:
        return int(found)
    return found


def data_list(cursor: Cursor) -> tuple[Data, ...]:
    """A generic list in parentheses; adjacent lists need no space, as in NAMESPACE and THREAD data."""
    cursor.expect(b"(", "tagged-ext-comp")
    values: list[Data] = []
    with cursor.nested("tagged-ext-comp"):
        while not cursor.accept(b")"):
            if values and not cursor.accept(b" ") and not cursor.looking_at(b"("):
                cursor.fail("tagged-ext-comp", "expected a space or a closing parenthesis")
            values.append(data(cursor))
    return tuple(values)
