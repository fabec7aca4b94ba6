"""TOP beside what the corpus shows: RFC 1939 sections 3, 7 and 11."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.inbox import body_of
from mailspec.suite.pop3.conftest import Bodies, Filler
from mailspec.suite.pop3.steps import sizes
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Blocked, Violation
from mailspec.wire.pop3 import OK, Pop3Client

Opener = Callable[[], Pop3Client]

DOTS = b".\r\n..\r\n.x\r\nend\r\n"


@requirement("1939/3/byte-stuffing", needs=("pop3 TOP",))
def test_top_stuffs_dots(fill: Filler, right_bodies: Bodies, open_maildrop: Opener) -> None:
    """Three lines that begin with dots come back whole by TOP."""
    (message,) = fill(DOTS)
    wanted = {body[: -len(b"end\r\n")] for body in right_bodies(message)}
    body = body_of(open_maildrop().top(1, 3).require(OK).body)
    if body.replace(b".", b"") not in {each.replace(b".", b"") for each in wanted} and body.strip(b".\r\n"):
        msg = f"TOP gives other lines: {body!r}"
        raise Blocked(msg)
    if body not in wanted:
        raise Violation([repr(each) for each in sorted(wanted)], repr(body))


@requirement("1939/7/top", needs=("pop3 TOP",))
def test_top_deletes_nothing(stocked: Pop3Client) -> None:
    """TOP leaves what STAT counts as it is."""
    before = stocked.stat()
    stocked.top(1, 1).expect(OK)
    if stocked.stat() != before:
        raise Violation([repr(before)], repr(stocked.stat()))


@requirement("1939/7/top", needs=("pop3 TOP",))
def test_top_without_a_body(fill: Filler, open_maildrop: Opener) -> None:
    """TOP of a message whose body is empty gives the header section and the empty line."""
    fill(b"")
    session = open_maildrop()
    whole = session.retr(1).require(OK).body
    got = session.top(1, 5).expect(OK).body
    if got != whole:
        raise Violation([f"{len(whole)} octets"], f"{len(got)} octets, ending in {got[-40:]!r}")
    require_refusals(session)


@requirement("1939/11/stuffing-not-counted")
def test_stuffing_is_not_counted(fill: Filler, open_maildrop: Opener) -> None:
    """A message of many lines that begin with a dot is as large as what RETR gives, without the dots put before them."""
    fill(b".\r\n" * 50 + b"end\r\n")
    session = open_maildrop()
    listed, whole = sizes(session).get(1, 0), session.retr(1).require(OK).body
    stuffed = len(whole) + sum(line.startswith(b".") for line in whole.split(b"\r\n"))
    if not whole.endswith(b"\r\nend\r\n"):
        msg = "RETR does not give the whole message"
        raise Blocked(msg)
    if listed == stuffed:
        raise Violation([f"{len(whole)} octets"], f"{listed} octets, with the dots that stuffing adds")
    require_refusals(session)
