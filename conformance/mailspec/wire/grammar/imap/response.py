"""greeting, response-data, continue-req and response-tagged (RFC 3501 section 9).

`parse_response` never raises: it returns a value for whatever came, and the breach to charge if there was one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailspec.wire.grammar.error import GrammarError
from mailspec.wire.grammar.imap.basic import DIGITS, atom, crlf, data, number, nz_number, sp
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.dialect import Dialect
from mailspec.wire.grammar.imap.fetch import fetch
from mailspec.wire.grammar.imap.lenient import lenient
from mailspec.wire.grammar.imap.mailbox import flags, mailbox_list, status
from mailspec.wire.grammar.imap.quota import quota, quotaroot
from mailspec.wire.grammar.imap.searching import esearch, search, sort_data, thread_data
from mailspec.wire.grammar.imap.sync import vanished
from mailspec.wire.grammar.imap.text import capability_data, resp_text
from mailspec.wire.grammar.imap.values import (
    Capability,
    Continuation,
    Data,
    Enabled,
    Exists,
    Expunge,
    Extension,
    Recent,
    Response,
    StatusResponse,
    Tagged,
    Untagged,
)

__all__ = ["Parsed", "parse_greeting", "parse_response"]

# tag = 1*<any ASTRING-CHAR except "+">
TAG = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\+]+')

# base64 = *(4base64-char) [base64-terminal]
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?(?=\r\n)")

CONDITION = re.compile(rb"(?:OK|NO|BAD|BYE|PREAUTH)(?= |\r\n)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a response says.

    Args:
        value: never missing; Unparsed where nothing could be made of the octets.
        error: the first breach, None if there was none.
        exercised: requirements whose productions were begun.
    """

    value: Response
    error: GrammarError | None
    exercised: frozenset[str]


def parse_response(octets: bytes, dialect: Dialect = Dialect()) -> Parsed:  # noqa: B008  (frozen, thus shareable)
    """Parse one whole response, strictly first and then leniently."""
    return _parse(octets, dialect, greeting=False)


def parse_greeting(octets: bytes, dialect: Dialect = Dialect()) -> Parsed:  # noqa: B008  (frozen, thus shareable)
    """Parse the first response of a connection."""
    return _parse(octets, dialect, greeting=True)


def _parse(octets: bytes, dialect: Dialect, *, greeting: bool) -> Parsed:
    cursor = Cursor(octets, dialect)
    rule = _greeting if greeting else _response
    try:
        return Parsed(rule(cursor), None, frozenset(cursor.exercised))
    except GrammarError as error:
        exercised = frozenset(cursor.exercised)
        if not octets.endswith(b"\n") or octets.endswith(b"\r\n"):
            return Parsed(lenient(octets, error), error, exercised)
        # The line's end is wrong; the rest of it may be right.
        mended = _parse(octets[:-1].rstrip(b"\r") + b"\r\n", dialect, greeting=greeting)
        return Parsed(mended.value, error, exercised | mended.exercised)


@charged_to("3501/9/greeting")
def _greeting(cursor: Cursor) -> Response:
    # greeting = "*" SP (resp-cond-auth / resp-cond-bye) CRLF
    cursor.expect(b"* ", "greeting")
    found = (cursor.match(CONDITION) or b"").upper()
    if found not in {b"OK", b"PREAUTH", b"BYE"}:
        cursor.fail("greeting", "expected OK, PREAUTH or BYE")
    sp(cursor)
    code, text = resp_text(cursor)
    crlf(cursor)
    return StatusResponse(found.decode("ascii"), code, text)


def _response(cursor: Cursor) -> Response:
    # response = *(continue-req / response-data) response-done
    if cursor.looking_at(b"+"):
        return _continue_req(cursor)
    if cursor.looking_at(b"*"):
        cursor.expect(b"* ", "response-data")
        value = _response_data(cursor)
        # More data than a response may have is a breach of the production before.
        with cursor.charging(cursor.completed):
            crlf(cursor)
        return value
    return _response_tagged(cursor)


@charged_to("3501/9/continue-req")
def _continue_req(cursor: Cursor) -> Continuation:
    # continue-req = "+" SP (resp-text / base64) CRLF
    cursor.expect(b"+ ", "continue-req")
    text = cursor.match(BASE64)
    if text is None:
        _, text = resp_text(cursor)
    crlf(cursor)
    return Continuation(text)


@charged_to("3501/9/tagged")
def _response_tagged(cursor: Cursor) -> Tagged:
    # response-tagged = tag SP resp-cond-state CRLF
    tag = cursor.match(TAG)
    if tag is None:
        cursor.fail("tag", "expected a tag, or * or + and a space")
    sp(cursor)
    found = (cursor.match(CONDITION) or b"").upper()
    if found not in {b"OK", b"NO", b"BAD"}:
        cursor.fail("resp-cond-state", "expected OK, NO or BAD")
    sp(cursor)
    code, text = resp_text(cursor)
    crlf(cursor)
    return Tagged(tag, found.decode("ascii"), code, text)


def _response_data(cursor: Cursor) -> Untagged:
    # response-data = "*" SP (resp-cond-state / resp-cond-bye / mailbox-data / message-data / capability-data) CRLF
    if DIGITS.match(cursor.octets, cursor.position):
        return _numbered(cursor)
    condition = cursor.match(CONDITION)
    if condition is not None:
        sp(cursor)
        return StatusResponse(condition.decode("ascii").upper(), *resp_text(cursor))
    start = cursor.position
    name = atom(cursor).upper()
    match name:
        case b"CAPABILITY":
            cursor.position = start
            return Capability(capability_data(cursor))
        case b"FLAGS":
            return flags(cursor)
        case b"LIST" | b"LSUB":
            return mailbox_list(cursor, name)
        case b"SEARCH":
            return search(cursor)
        case b"STATUS":
            return status(cursor)
        case _:
            return _extension_data(cursor, name)


def _extension_data(cursor: Cursor, name: bytes) -> Untagged:
    match name:
        case b"ESEARCH":
            return esearch(cursor)
        case b"SORT":
            return sort_data(cursor)
        case b"THREAD":
            return thread_data(cursor)
        case b"VANISHED":
            return vanished(cursor)
        case b"QUOTA":
            return quota(cursor)
        case b"QUOTAROOT":
            return quotaroot(cursor)
        case b"ENABLED":
            names: list[bytes] = []
            while cursor.accept(b" "):
                names.append(atom(cursor).upper())
            return Enabled(tuple(names))
        case _:
            return Extension(name, None, _values(cursor))


def _numbered(cursor: Cursor) -> Untagged:
    # number SP "EXISTS" / number SP "RECENT"; nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))
    start = cursor.position
    with cursor.charging("3501/9/number"):
        value = number(cursor)
        sp(cursor)
        name = atom(cursor).upper()
        if name in {b"EXPUNGE", b"FETCH"}:
            after = cursor.position
            cursor.position = start
            nz_number(cursor)
            cursor.position = after
    match name:
        case b"EXISTS":
            return Exists(value)
        case b"RECENT":
            return Recent(value)
        case b"EXPUNGE":
            return Expunge(value)
        case b"FETCH":
            return fetch(cursor, value)
        case _:
            return Extension(name, value, _values(cursor))


def _values(cursor: Cursor) -> tuple[Data, ...]:
    values: list[Data] = []
    while cursor.accept(b" ") or cursor.looking_at(b"("):
        # THREAD data are lists side by side; some extensions end with a space before the line end.
        if cursor.looking_at(b"\r\n"):
            break
        values.append(data(cursor))
    return tuple(values)
