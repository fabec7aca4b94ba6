"""msg-att: the data items of FETCH (RFC 3501 section 9)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from mailspec.wire.grammar.imap.basic import (
    astring,
    data,
    date_time,
    flag_list,
    nstring,
    number,
    number64,
    nz_number,
    sp,
)
from mailspec.wire.grammar.imap.binary import binary
from mailspec.wire.grammar.imap.body import body
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.envelope import envelope
from mailspec.wire.grammar.imap.sync import fetch_mod_resp
from mailspec.wire.grammar.imap.values import Body, Data, Envelope, Fetch

__all__ = ["fetch"]

# The name of an item, up to its section if it has one.
NAME = re.compile(rb"[A-Za-z][A-Za-z0-9._-]*")

# section-spec, without its header list:
#   section-msgtext / (section-part ["." section-text]);   section-part = nz-number *("." nz-number)
PART = rb"[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*"
SECTION = re.compile(
    rb"(?:"
    + PART
    + rb"\.(?:HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME)|"
    + PART
    + rb"|HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT)?",
    re.IGNORECASE,
)

BINARY_ITEMS = frozenset({b"BINARY", b"BINARY.SIZE"})

Value: TypeAlias = "Envelope | Body | Data"


@charged_to("3501/9/fetch")
def fetch(cursor: Cursor, message: int) -> Fetch:
    """Parse "FETCH" SP msg-att; msg-att = "(" (msg-att-dynamic / msg-att-static) *(SP ...) ")"."""
    sp(cursor)
    cursor.expect(b"(", "msg-att")
    items: dict[bytes, Value] = {}
    while not items or not cursor.accept(b")"):
        if items:
            sp(cursor)
        name, value = _item(cursor)
        items[name] = value
    return Fetch(message, items)


def _item(cursor: Cursor) -> tuple[bytes, Value]:
    found = cursor.match(NAME)
    if found is None:
        cursor.fail("msg-att", "expected the name of a data item")
    name = found.upper()
    if cursor.looking_at(b"["):
        return _sectioned(cursor, name)
    sp(cursor)
    rule = ITEMS.get(name)
    return name, rule(cursor) if rule else data(cursor)


def _sectioned(cursor: Cursor, name: bytes) -> tuple[bytes, Value]:
    # "BODY" section ["<" number ">"] SP nstring
    if name in BINARY_ITEMS:
        return binary(cursor, name)
    name += _section(cursor)
    if cursor.accept(b"<"):
        name += b"<%d>" % number(cursor)
        cursor.expect(b">", "msg-att-static")
    sp(cursor)
    if name.startswith(b"BODY["):
        return name, nstring(cursor)
    return name, data(cursor)


def _section(cursor: Cursor) -> bytes:
    # section = "[" [section-spec] "]"
    cursor.expect(b"[", "section")
    spec = (cursor.match(SECTION) or b"").upper()
    if spec.endswith((b"FIELDS", b"FIELDS.NOT")):
        # header-list = "(" header-fld-name *(SP header-fld-name) ")"
        cursor.expect(b" (", "header-list")
        names = [astring(cursor).upper()]
        while not cursor.accept(b")"):
            sp(cursor)
            names.append(astring(cursor).upper())
        spec += b" (" + b" ".join(names) + b")"
    cursor.expect(b"]", "section")
    return b"[" + spec + b"]"


def _flags(cursor: Cursor) -> Value:
    return flag_list(cursor, recent=True)


def _body(cursor: Cursor) -> Value:
    return body(cursor, extensible=False)


def _bodystructure(cursor: Cursor) -> Value:
    return body(cursor, extensible=True)


def _size(cursor: Cursor) -> Value:
    # number64 in RFC 9051
    return number64(cursor) if cursor.dialect.rev2 else number(cursor)


ITEMS: dict[bytes, Callable[[Cursor], Value]] = {
    b"FLAGS": _flags,
    b"ENVELOPE": envelope,
    b"INTERNALDATE": date_time,
    b"RFC822": nstring,
    b"RFC822.HEADER": nstring,
    b"RFC822.TEXT": nstring,
    b"RFC822.SIZE": _size,
    b"BODY": _body,
    b"BODYSTRUCTURE": _bodystructure,
    b"UID": nz_number,
    b"MODSEQ": fetch_mod_resp,
}
