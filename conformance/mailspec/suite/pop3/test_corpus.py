"""RETR and TOP of every message of the corpus, octet by octet: RFC 1939 sections 3, 5, 7 and 11."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.pop3.conftest import Bodies
from mailspec.suite.pop3.steps import judge_dots, sizes
from mailspec.suite.steps import Envelope, Sender
from mailspec.verdict import Blocked, NotOffered, Violation
from mailspec.wire.pop3 import OK, Pop3Client
from mailspec.wire.smtp import SmtpClient
from mailspec_corpus import message, messages

Opener = Callable[[], Pop3Client]

#: The messages with lines that begin with a dot.
DOTTED = tuple(name for name in messages() if b"\r\n." in message(name))


@pytest.fixture
def wanted(
    name: str, send: Sender, inbox: Inbox, right_bodies: Bodies, request: pytest.FixtureRequest
) -> frozenset[bytes]:
    """What the body of the message may be that lies in the maildrop."""
    octets = message(name)
    if octets.isascii():
        send(octets)
    else:
        send_eight_bit(request.getfixturevalue("smtp"), request.getfixturevalue("envelope"), octets)
    inbox.wait(octets)
    return right_bodies(octets)


def send_eight_bit(smtp: SmtpClient, envelope: Envelope, octets: bytes) -> None:
    """Send a message that has octets beyond ASCII (RFC 6152)."""
    if b"8BITMIME" not in smtp.capabilities:
        msg = "smtp does not advertise 8BITMIME, without which this message cannot be sent"
        raise NotOffered(msg)
    smtp.mail(envelope.sender, b"BODY=8BITMIME").require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(octets).require(250)


def retrieved(session: Pop3Client, wanted: frozenset[bytes]) -> bytes:
    """Return what RETR 1 gives; Blocked where it is not what lies there, which is for other checks to judge."""
    whole = session.retr(1).require(OK).body
    if body_of(whole) not in wanted:
        msg = f"RETR gives another body: {body_of(whole)!r}"
        raise Blocked(msg)
    return whole


@pytest.mark.parametrize("name", DOTTED)
@requirement("1939/3/byte-stuffing")
def test_dots(wanted: frozenset[bytes], open_maildrop: Opener) -> None:
    """RETR gives all dots at the beginnings of lines, and none more."""
    judge_dots([body_of(open_maildrop().retr(1).require(OK).body)], wanted)


@pytest.mark.parametrize("name", sorted(set(messages()) - set(DOTTED)))
@requirement("1939/5/retr")
def test_retr(wanted: frozenset[bytes], open_maildrop: Opener) -> None:
    """RETR gives the body octet by octet."""
    body = body_of(open_maildrop().retr(1).expect(OK).body)
    if body not in wanted:
        raise Violation([repr(each) for each in sorted(wanted)], repr(body))


@pytest.mark.parametrize("name", messages())
@requirement("1939/11/size-is-octets")
def test_size(wanted: frozenset[bytes], open_maildrop: Opener) -> None:
    """LIST says how many octets RETR gives."""
    session = open_maildrop()
    listed, given = sizes(session), len(retrieved(session, wanted))
    if listed.get(1, given) != given:
        raise Violation([f"{given} octets"], f"{listed[1]} octets")


@pytest.mark.parametrize("name", messages())
@requirement("1939/7/top", needs=("pop3 TOP",))
def test_top(wanted: frozenset[bytes], open_maildrop: Opener) -> None:
    """TOP gives the header section, the empty line and so many lines, for every number that the body has."""
    session = open_maildrop()
    header, separator, body = retrieved(session, wanted).partition(b"\r\n\r\n")
    lines = re.findall(rb"[^\n]*\n", body)
    for count in range(1, len(lines)):
        right = header + separator + b"".join(lines[:count])
        got = session.top(1, count).expect(OK).body
        if got != right:
            raise Violation([f"{count} lines: {right[-60:]!r}"], repr(got[-60:]))


@pytest.mark.parametrize("name", messages())
@requirement("1939/7/top-beyond", needs=("pop3 TOP",))
def test_top_beyond(wanted: frozenset[bytes], open_maildrop: Opener) -> None:
    """TOP with as many lines as there are, and with more, gives what RETR gives."""
    session = open_maildrop()
    whole = retrieved(session, wanted)
    for count in (max(1, body_of(whole).count(b"\n")), 2**31 - 1):
        got = session.top(1, count).expect(OK).body
        if got != whole:
            raise Violation([f"{len(whole)} octets"], f"{len(got)} octets, ending in {got[-40:]!r}")
