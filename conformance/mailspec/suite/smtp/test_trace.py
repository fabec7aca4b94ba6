"""Trace fields of delivered mail: RFC 5321 section 4.4."""

from __future__ import annotations

import re

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, fields
from mailspec.suite.steps import Envelope, MessageMaker, Sender
from mailspec.verdict import Blocked, Violation

OLD_TRACE = (
    b"Received: from one.test (one.test [192.0.2.1])\r\n\tby two.test; Mon, 2 Jan 2006 15:04:05 +0000\r\n"
    b"Received: from zero.test (zero.test [192.0.2.2])\r\n\tby one.test; Mon, 2 Jan 2006 15:04:04 +0000\r\n"
)

# date-time = [ day-of-week "," ] date time [CFWS]     RFC 5322 section 3.3, without its obs- forms
# zone      = ( "+" / "-" ) 4DIGIT                     names of zones are a question of their own
DATE_TIME = re.compile(
    rb"\s*((Mon|Tue|Wed|Thu|Fri|Sat|Sun),\s+)?\d{1,2}\s+"
    rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+\d{4,}\s+"
    rb"\d{2}:\d{2}(:\d{2})?\s+(?P<zone>[+-]\d{4}|[A-Za-z]+)(\s*\(.*\))?\s*",
    re.DOTALL,
)

# address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / ... ) "]"     RFC 5321 section 4.1.3
LITERAL = re.compile(rb"\[[0-9A-Fa-f.:]+\]|\[IPv6:[0-9A-Fa-f.:]+\]", re.IGNORECASE)


@pytest.fixture
def trace(make_message: MessageMaker, send: Sender, inbox: Inbox) -> list[tuple[bytes, bytes]]:
    """The header fields of a message that came with two Received fields of its own."""
    message = make_message(extra=OLD_TRACE)
    send(message)
    return fields(inbox.wait(message))


def flat(value: bytes) -> bytes:
    """Return a field's value with each run of white space as one space."""
    return re.sub(rb"\s+", b" ", value).strip()


SENT = [flat(value) for value in OLD_TRACE.split(b"Received:")[1:]]


#: Fields of the message that no server adds.
SENT_NAMES = (b"from", b"to", b"subject")


def added(trace: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the values of the Received fields that the message did not come with, topmost first."""
    return [value for name, value in trace if name == b"received" and flat(value) not in SENT]


def from_clause(trace: list[tuple[bytes, bytes]]) -> bytes | None:
    """Return the FROM clause of the Received field about our session, the others being of hops inside the target."""
    new = added(trace)
    found = re.match(rb"\s*from\s+(.*?)\s+by\s", new[-1], re.IGNORECASE | re.DOTALL) if new else None
    return found[1] if found else None


@requirement("5321/4.4/received-prepended")
def test_received_is_prepended(trace: list[tuple[bytes, bytes]]) -> None:
    """A Received field was added, and the first such stands above the older ones and the fields of the message."""
    new = added(trace)
    above = trace[: trace.index((b"received", new[0]))] if new else []
    if not new or any(name in SENT_NAMES or flat(value) in SENT for name, value in above):
        raise Violation(["a new Received field at the beginning"], f"{len(new)} new ones, the first below {above}")


@requirement("5321/4.4/received-from")
def test_received_says_from_where(trace: list[tuple[bytes, bytes]]) -> None:
    """The lowest of the new Received fields, which is about our session, has a FROM clause."""
    if from_clause(trace) is None:
        raise Violation(["from ..."], repr(added(trace)))


@requirement("5321/4.4/received-from-both")
def test_received_gives_name_and_address(trace: list[tuple[bytes, bytes]]) -> None:
    """The FROM clause has the name that we gave in EHLO and an address literal, whichever comes first."""
    clause = from_clause(trace)
    if clause is None:
        msg = "the Received field has no FROM clause"
        raise Blocked(msg)
    if not re.search(rb"\bclient\.test\b", clause) or not LITERAL.search(clause):
        raise Violation(["client.test and [address]"], repr(clause))


@requirement("5321/4.4/received-date")
def test_received_ends_in_a_date(trace: list[tuple[bytes, bytes]]) -> None:
    """Each new Received field ends in a date-time of RFC 5322, its year in four digits."""
    for value in added(trace):
        if not DATE_TIME.fullmatch(value.rpartition(b";")[2]):
            raise Violation(["; date-time"], repr(value))


@requirement("5321/4.4/received-offset")
def test_received_gives_the_offset_as_a_number(trace: list[tuple[bytes, bytes]]) -> None:
    """The zone of each new Received field is a number; a name may follow in parentheses."""
    for value in added(trace):
        found = DATE_TIME.fullmatch(value.rpartition(b";")[2])
        if found is None:
            msg = f"no date-time: {value!r}"
            raise Blocked(msg)
        if found["zone"][:1] not in b"+-":
            raise Violation(["+hhmm or -hhmm"], repr(value))


@requirement("5321/4.4/received-kept")
def test_older_received_fields_are_kept(trace: list[tuple[bytes, bytes]]) -> None:
    """The Received fields that came with the message stand below the new ones, in their order."""
    kept = [flat(value) for name, value in trace if name == b"received" and flat(value) in SENT]
    if kept != SENT:
        raise Violation([repr(SENT)], repr(kept))


@requirement("5321/4.4/return-path")
def test_return_path_gives_the_reverse_path(trace: list[tuple[bytes, bytes]], envelope: Envelope) -> None:
    """The delivered message says in Return-Path what MAIL said."""
    paths = [value.strip() for name, value in trace if name == b"return-path"]
    if b"<" + envelope.sender + b">" not in paths[:1]:
        raise Violation([f"Return-Path: <{envelope.sender.decode()}>"], repr(paths))


@requirement("5321/4.4/one-return-path")
def test_return_path_is_alone(make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """A message that came with a Return-Path is delivered with only the new one."""
    message = make_message(extra=b"Return-Path: <old@client.test>\r\n")
    send(message)
    count = [name for name, _ in fields(inbox.wait(message))].count(b"return-path")
    if count != 1:
        raise Violation(["one Return-Path field"], f"{count} of them")
