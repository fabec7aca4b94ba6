"""RETR and TOP: RFC 1939 sections 3, 5 and 7."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.inbox import body_of
from mailspec.suite.pop3.conftest import Bodies, Stock
from mailspec.suite.pop3.steps import judge_dots
from mailspec.suite.steps import MessageMaker, Sender
from mailspec.verdict import Violation
from mailspec.wire.pop3 import OK, Pop3Client


@requirement("1939/5/retr")
def test_retr_gives_each_message(stocked: Pop3Client, stock: Stock) -> None:
    """Among what RETR 1 to 3 give are the two messages sent that have no dots to stuff."""
    bodies = [body_of(stocked.retr(number).expect(OK).body) for number in (1, 2, 3)]
    for index in (0, 2):
        if not stock.bodies[index] & set(bodies):
            raise Violation([repr(body_of(stock.messages[index]))], repr(bodies))


@requirement("1939/3/byte-stuffing")
def test_lines_that_begin_with_a_dot_are_stuffed(stocked: Pop3Client, stock: Stock) -> None:
    """A message with such lines comes back whole: of each leading dot on the wire one was put there."""
    bodies = [body_of(stocked.retr(number).require(OK).body) for number in (1, 2, 3)]
    judge_dots(bodies, stock.bodies[1])


@requirement("1939/3/byte-stuffing")
def test_line_of_a_single_dot_does_not_end_the_message(
    make_message: MessageMaker, send: Sender, right_bodies: Bodies, open_maildrop: Callable[[], Pop3Client]
) -> None:
    """A message with a line that is one dot comes back with the lines behind it."""
    message = make_message(body=b"before\r\n.\r\nafter\r\n")
    send(message)
    wanted = right_bodies(message)
    body = body_of(open_maildrop().retr(1).require(OK).body)
    if body == b"before\r\n":
        raise Violation([repr(body_of(message))], "a message that ends before the line")
    judge_dots([body], wanted)


@requirement("1939/7/top", needs=("pop3 TOP",))
def test_top_gives_header_and_lines(stocked: Pop3Client) -> None:
    """TOP with 2 gives the header section, the empty line and two lines of each body that has more."""
    for number in (1, 2, 3):
        header, _, body = stocked.retr(number).require(OK).body.partition(b"\r\n\r\n")
        lines = body.splitlines(keepends=True)
        if len(lines) > 2:
            wanted = header + b"\r\n\r\n" + b"".join(lines[:2])
            got = stocked.top(number, 2).expect(OK).body
            if got != wanted:
                raise Violation([repr(wanted[-60:])], repr(got[-60:]))


@requirement("1939/7/top-zero-lines", needs=("pop3 TOP",))
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
