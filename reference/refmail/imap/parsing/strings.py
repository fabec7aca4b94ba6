"""Atoms, strings and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

from refmail.imap import names
from refmail.imap.parsing.cursor import Cursor

__all__ = [
    "astring",
    "atom",
    "keyword",
    "list_mailbox",
    "mailbox",
    "number",
    "number64",
    "nz_number",
    "quoted",
    "string",
    "tag",
]

# ATOM-CHAR = <any CHAR except atom-specials>
# atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
_ATOM = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
# ASTRING-CHAR = ATOM-CHAR / resp-specials
_ASTRING = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
# tag = 1*<any ASTRING-CHAR except "+">
_TAG = re.compile(rb"[!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
# list-char = ATOM-CHAR / list-wildcards / resp-specials
_LIST = re.compile(rb"[!#$%&'*+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
# Names of commands, of data items and of search keys are atoms without the brackets that may follow them.
_KEYWORD = re.compile(rb"[A-Za-z][A-Za-z0-9.\-]*")
# quoted = DQUOTE *QUOTED-CHAR DQUOTE,
# where QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
_QUOTED = re.compile(rb'"((?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f]|\\["\\])*)"')
# QUOTED-CHAR of RFC 9051: UTF8-2 / UTF8-3 / UTF8-4 besides
_QUOTED_UTF8 = re.compile(rb'"((?:[\x01-\x09\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f\x80-\xff]|\\["\\])*)"')
_ESCAPE = re.compile(rb'\\(["\\])')
# number = 1*DIGIT, unsigned and of 32 bits
_NUMBER = re.compile(rb"[0-9]{1,20}")

_LARGEST = 0xFFFF_FFFF
_LARGEST_64 = 0x7FFF_FFFF_FFFF_FFFF


def tag(cursor: Cursor) -> bytes:
    """ABNF: tag = 1*<any ASTRING-CHAR except "+">."""
    return cursor.match(_TAG, "tag")[0]


def atom(cursor: Cursor) -> bytes:
    """ABNF: atom = 1*ATOM-CHAR."""
    return cursor.match(_ATOM, "atom")[0]


def keyword(cursor: Cursor, production: str) -> bytes:
    """A word of the grammar itself, returned in upper case: ASCII case does not matter in ABNF."""
    return cursor.match(_KEYWORD, production)[0].upper()


def quoted(cursor: Cursor) -> bytes:
    """ABNF: quoted = DQUOTE *QUOTED-CHAR DQUOTE."""
    if not cursor.utf8:
        return _ESCAPE.sub(rb"\1", cursor.match(_QUOTED, "quoted")[1])
    start = cursor.position
    octets = _ESCAPE.sub(rb"\1", cursor.match(_QUOTED_UTF8, "quoted")[1])
    _utf8(cursor, octets, start)
    return octets


def _utf8(cursor: Cursor, octets: bytes, start: int) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        cursor.position = start
        cursor.fail("QUOTED-CHAR", "not UTF-8")


def mailbox(cursor: Cursor) -> bytes:
    """ABNF: mailbox = "INBOX" / astring; in modified UTF-7, whichever way the client writes it."""
    return _name(cursor, astring)


def _name(cursor: Cursor, read: Callable[[Cursor], bytes]) -> bytes:
    start = cursor.position
    octets = read(cursor)
    return names.encode(_utf8(cursor, octets, start)) if cursor.utf8 else octets


def string(cursor: Cursor) -> bytes:
    """ABNF: string = quoted / literal."""
    return cursor.literal() if cursor.peek() == b"{" else quoted(cursor)


def astring(cursor: Cursor) -> bytes:
    """ABNF: astring = 1*ASTRING-CHAR / string."""
    if cursor.peek() in (b'"', b"{"):
        return string(cursor)
    return cursor.match(_ASTRING, "astring")[0]


def list_mailbox(cursor: Cursor) -> bytes:
    """ABNF: list-mailbox = 1*list-char / string; in modified UTF-7, whichever way the client writes it."""
    return _name(cursor, _list_mailbox)


def _list_mailbox(cursor: Cursor) -> bytes:
    if cursor.peek() in (b'"', b"{"):
        return string(cursor)
    return cursor.match(_LIST, "list-mailbox")[0]


def number(cursor: Cursor) -> int:
    """ABNF: number = 1*DIGIT, below 2 to the 32nd."""
    value = int(cursor.match(_NUMBER, "number")[0])
    if value > _LARGEST:
        cursor.fail("number", "more than 32 bits")
    return value


def number64(cursor: Cursor) -> int:
    """ABNF: number64 = 1*DIGIT, below 2 to the 63rd."""
    value = int(cursor.match(_NUMBER, "number64")[0])
    if value > _LARGEST_64:
        cursor.fail("number64", "more than 63 bits")
    return value


def nz_number(cursor: Cursor) -> int:
    """ABNF: nz-number = digit-nz *DIGIT, below 2 to the 32nd."""
    if cursor.peek() == b"0":
        cursor.fail("nz-number", "begins with 0")
    return number(cursor)
