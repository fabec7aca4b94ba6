"""RETR and TOP: RFC 1939 sections 3, 5 and 7."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.inbox import body_of
from mailspec.suite.pop3.conftest import Stock
from mailspec.verdict import Violation
from mailspec.wire.pop3 import OK, Pop3Client


@requirement("1939/5/retr")
def test_retr_gives_each_message(stocked: Pop3Client, stock: Stock) -> None:
    """RETR of each number gives the messages that were sent, header fields and body."""
    bodies = [body_of(stocked.retr(number).expect(OK).body) for number in (1, 2, 3)]
    sent = [body_of(message) for message in stock.messages]
    if [body.replace(b".", b"") for body in sorted(bodies)] != [body.replace(b".", b"") for body in sorted(sent)]:
        raise Violation([repr(sorted(sent))], repr(sorted(bodies)))


@requirement("1939/3/byte-stuffing")
def test_lines_that_begin_with_a_dot_are_stuffed(stocked: Pop3Client, stock: Stock) -> None:
    """A message with such lines comes back whole, each dot at the start of a line doubled on the wire."""
    wanted = body_of(stock.messages[1])
    replies = [stocked.retr(number).require(OK) for number in (1, 2, 3)]
    if not any(body_of(reply.body) == wanted and b"\r\n..dot\r\n...two\r\n" in reply.octets for reply in replies):
        raise Violation(["..dot and ...two on the wire"], "no such lines")


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
