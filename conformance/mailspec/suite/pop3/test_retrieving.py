"""RETR and TOP: RFC 1939 sections 3, 5 and 7."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.inbox import body_of
from mailspec.suite.pop3.conftest import Stock
from mailspec.verdict import Violation
from mailspec.wire.pop3 import OK, Pop3Client


@requirement("1939/5/retr")
def test_retr_gives_each_message(stocked: Pop3Client, stock: Stock) -> None:
    """RETR of each number gives the octets of a message that was sent, or as another protocol shows it."""
    wanted = [body_of(message) for message in stock.messages]
    shown = [body_of(stock.delivered(index)) for index in range(3)]
    bodies = sorted(body_of(stocked.retr(number).expect(OK).body) for number in (1, 2, 3))
    if bodies not in (sorted(wanted), sorted(shown)):
        raise Violation([repr(sorted(wanted))], repr(bodies))


@requirement("1939/3/byte-stuffing")
def test_lines_that_begin_with_a_dot_are_stuffed(stocked: Pop3Client, stock: Stock) -> None:
    """A message with such lines comes back whole: of each leading dot on the wire one was put there."""
    wanted = {body_of(stock.messages[1]), body_of(stock.delivered(1))}
    bodies = [body_of(stocked.retr(number).require(OK).body) for number in (1, 2, 3)]
    if not wanted & set(bodies):
        raise Violation([repr(body_of(stock.messages[1]))], repr(bodies))


@requirement("1939/7/top", needs=("pop3 TOP",))
def test_top_gives_header_and_lines(stocked: Pop3Client) -> None:
    """TOP with 2 gives the header section, the empty line and two lines of the body."""
    for number in (1, 2, 3):
        header, _, body = stocked.retr(number).require(OK).body.partition(b"\r\n\r\n")
        wanted = header + b"\r\n\r\n" + b"".join(body.splitlines(keepends=True)[:2])
        got = stocked.top(number, 2).expect(OK).body
        if got != wanted:
            raise Violation([repr(wanted[-60:])], repr(got[-60:]))


@requirement("1939/7/top", needs=("pop3 TOP",))
def test_top_of_no_lines_gives_the_header(stocked: Pop3Client) -> None:
    """TOP with 0 gives the header section and the empty line."""
    header, separator, _ = stocked.retr(3).require(OK).body.partition(b"\r\n\r\n")
    got = stocked.top(3, 0).expect(OK).body
    if got != header + separator:
        raise Violation([repr(separator)], repr(got[len(header) :]))


@requirement("1939/7/top-beyond", needs=("pop3 TOP",))
def test_top_beyond_the_end_gives_the_message(stocked: Pop3Client) -> None:
    """TOP with more lines than there are gives what RETR gives."""
    whole = stocked.retr(3).require(OK).body
    got = stocked.top(3, 100_000).expect(OK).body
    if got != whole:
        raise Violation([f"{len(whole)} octets"], f"{len(got)} octets, ending in {got[-40:]!r}")
