"""A maildrop without messages: RFC 1939 sections 5 and 7."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Blocked, Violation
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client


def emptied(session: Pop3Client) -> Pop3Client:
    """Mark whatever there is as deleted: to this session the maildrop is empty then."""
    for number in range(1, session.stat()[0] + 1):
        session.dele(number).require(OK)
    return session


@requirement("1939/5/stat-empty")
def test_stat(maildrop: Pop3Client) -> None:
    """STAT of an empty maildrop is no error: 0 messages, 0 octets."""
    reply = emptied(maildrop).command(b"STAT").expect(OK)
    require_refusals(maildrop)
    if reply.text.split()[:2] != [b"0", b"0"]:
        raise Violation(["+OK 0 0"], repr(reply.text))


@requirement("1939/5/list-empty")
def test_list(maildrop: Pop3Client) -> None:
    """LIST of an empty maildrop gets +OK and a list without lines."""
    if lines := emptied(maildrop).multi(b"LIST").expect(OK).lines:
        raise Violation(["no lines"], repr(lines))


@requirement("1939/7/uidl-empty", needs=("pop3 UIDL",))
def test_uidl(maildrop: Pop3Client) -> None:
    """UIDL of an empty maildrop gets +OK and a list without lines."""
    if lines := emptied(maildrop).multi(b"UIDL").expect(OK).lines:
        raise Violation(["no lines"], repr(lines))


@requirement("1939/5/no-such-message")
def test_first_message(maildrop: Pop3Client) -> None:
    """In an empty maildrop message 1 does not exist."""
    if maildrop.stat()[0]:
        msg = "the maildrop is not empty"
        raise Blocked(msg)
    for command in (b"LIST 1", b"RETR 1", b"DELE 1"):
        maildrop.command(command).expect(ERR)


@requirement("1939/6/quit-removes")
def test_quit(maildrop: Pop3Client) -> None:
    """QUIT of a session that has marked nothing gets +OK."""
    maildrop.quit().expect(OK)
    maildrop.command(b"XNOBODYS").require(ERR, CLOSED)
