"""When the UPDATE state is entered, and when it is not: RFC 1939 sections 3, 4 and 6."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.pop3.conftest import Filler, Stock
from mailspec.suite.pop3.steps import unique_ids
from mailspec.suite.steps import require_refusals
from mailspec.target.target import Target
from mailspec.verdict import NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import ERR, OK, Pop3Client

Opener = Callable[[], Pop3Client]

#: More than sockets buffer, so that RETR is under way when the connection is lost.
LARGE = b"0123456789abcdef" * 4 + b"\r\n"
LINES = 40_000


def _reset(session: Pop3Client) -> None:
    session.drop()


def _half_closed(session: Pop3Client) -> None:
    session.vanish()


def _in_quit(session: Pop3Client) -> None:
    session.send(b"QUIT")
    session.vanish()


def _after_error(session: Pop3Client) -> None:
    session.command(b"XNOBODYS").require(ERR)
    session.close()


#: Ways for a session to end without QUIT.
LOSSES = {"reset": _reset, "half-closed": _half_closed, "in-quit": _in_quit, "after-error": _after_error}


@pytest.mark.parametrize("name", LOSSES)
@requirement("1939/6/no-quit-no-removal")
def test_lost_session(stocked: Pop3Client, open_again: Opener, name: str) -> None:
    """A session that ends without QUIT, whichever way, removes nothing that it has marked."""
    before = stocked.stat()[0]
    stocked.dele(1).require(OK)
    stocked.dele(3).require(OK)
    LOSSES[name](stocked)
    after = open_again().stat()[0]
    if after != before:
        raise Violation([f"{before} messages"], f"{after} messages after a session without QUIT")


@requirement("1939/6/no-quit-no-removal")
def test_lost_in_retr(fill: Filler, open_maildrop: Opener, open_again: Opener) -> None:
    """A connection that is lost while RETR sends removes nothing."""
    fill(LARGE * LINES, b"small\r\n")
    session = open_maildrop()
    before = session.stat()[0]
    session.dele(2).require(OK)
    session.send(b"RETR 1\r\n")
    session.stream.waiting(session.recorder.deadline)
    session.drop()
    after = open_again().stat()[0]
    if after != before:
        raise Violation([f"{before} messages"], f"{after} messages")


@requirement("1939/4/none-marked-at-start")
def test_marks_end_with_the_session(stocked: Pop3Client, open_again: Opener) -> None:
    """A message that a lost session had marked can be had in the next one."""
    stocked.dele(1).require(OK)
    stocked.close()
    session = open_again()
    session.retr(1).expect(OK)
    require_refusals(session)


@requirement("1939/5/dele-waits-for-update")
def test_dele_removes_nothing_yet(stocked: Pop3Client, stock: Stock, target: Target, inbox: Inbox) -> None:
    """Messages that are marked are seen by others until QUIT."""
    if target.profile.store is None and not target.has("imap"):
        msg = "the profile has no [store] or [imap]: nobody else can see the maildrop"
        raise NotRun(msg)
    for number in (1, 2, 3):
        stocked.dele(number).require(OK)
    left = [message for message in stock.messages if inbox.holds(message)]
    if len(left) < len(stock.messages):
        raise Violation([f"{len(stock.messages)} messages before QUIT"], f"{len(left)}")
    require_refusals(stocked)


@requirement("1939/5/dele-waits-for-update")
def test_dele_can_be_taken_back(stocked: Pop3Client) -> None:
    """After DELE and RSET a message is given as it was."""
    before = stocked.retr(2).require(OK).body
    stocked.dele(2).require(OK)
    stocked.command(b"RSET").require(OK)
    after = stocked.retr(2).require(OK, ERR)
    if not after.ok or after.body != before:
        raise Violation([repr(body_of(before))], repr(after.octets[:80]))
    require_refusals(stocked)


@requirement("1939/6/quit-removes")
def test_quit_after_rset_removes_nothing(stocked: Pop3Client, open_maildrop: Opener) -> None:
    """Marks that RSET has taken back mean nothing to QUIT."""
    before = stocked.stat()[0]
    stocked.dele(1).require(OK)
    stocked.command(b"RSET").require(OK)
    stocked.quit().expect(OK)
    after = open_maildrop().stat()[0]
    if after != before:
        raise Violation([f"{before} messages"], f"{after} messages")


@requirement("1939/6/quit-removes")
def test_quit_removes_all_that_is_marked(stocked: Pop3Client, open_maildrop: Opener) -> None:
    """After DELE of all messages and QUIT the next session finds none."""
    for number in range(1, stocked.stat()[0] + 1):
        stocked.dele(number).require(OK)
    stocked.quit().expect(OK)
    if left := open_maildrop().stat()[0]:
        raise Violation(["no messages"], f"{left} messages")


@requirement("1939/6/lock-freed")
def test_next_login_follows_at_once(stocked: Pop3Client, pop3: Pop3Client, account: Login) -> None:
    """As soon as QUIT is answered another session can open the maildrop."""
    stocked.dele(1).require(OK)
    stocked.quit().require(OK)
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + account.secret).expect(OK)
    require_refusals(pop3)


@requirement("1939/5/one-response")
def test_each_command_gets_one_reply(stocked: Pop3Client) -> None:
    """The reply to STAT is a drop listing, whatever was asked before."""
    counted = stocked.stat()
    for command in (b"RSET", b"XNOBODYS", b"RETR 9999", b"DELE 1", b"DELE 1", b"RSET"):
        stocked.command(command).require(OK, ERR)
        reply = stocked.command(b"STAT").expect(OK)
        if len(reply.text.split()) < 2:
            raise Violation([f"a drop listing after {command.decode()}"], repr(reply.octets))
    if stocked.stat() != counted:
        raise Violation([repr(counted)], repr(stocked.stat()))


@requirement("1939/5/commands-repeatable")
def test_commands_can_be_repeated(stocked: Pop3Client) -> None:
    """STAT, LIST, RETR, NOOP, DELE and RSET get +OK in the same session three times."""
    for _ in range(3):
        for command in (b"RSET", b"STAT", b"LIST 1", b"NOOP", b"DELE 1", b"RSET"):
            stocked.command(command).expect(OK)
        stocked.retr(1).expect(OK)
        stocked.multi(b"LIST").expect(OK)
    require_refusals(stocked)


@requirement("1939/7/uidl-persists", needs=("pop3 UIDL",))
def test_unique_ids_stay_when_others_go(stocked: Pop3Client, open_maildrop: Opener) -> None:
    """After DELE 1 and QUIT the other messages have the unique-ids that they had."""
    before = unique_ids(stocked)
    stocked.dele(1).require(OK)
    stocked.quit().require(OK)
    after = set(unique_ids(open_maildrop()).values())
    wanted = {unique_id for number, unique_id in before.items() if number != 1}
    if after != wanted:
        raise Violation([repr(wanted)], repr(after))


@requirement("1939/7/uidl-not-reused", needs=("pop3 UIDL",))
def test_unique_id_of_a_removed_message(stocked: Pop3Client, fill: Filler, open_maildrop: Opener) -> None:
    """A message that comes after others were removed has a unique-id that none of them had."""
    before = set(unique_ids(stocked).values())
    for number in (1, 2, 3):
        stocked.dele(number).require(OK)
    stocked.quit().require(OK)
    fill(b"after them\r\n")
    after = set(unique_ids(open_maildrop()).values())
    if not after or after & before:
        raise Violation(["a unique-id that is new"], repr(after & before))


@requirement("1939/7/uidl-without-deleted", needs=("pop3 UIDL",))
def test_unique_ids_of_marked_messages(stocked: Pop3Client) -> None:
    """After DELE 2 the list of UIDL has the others, with their unique-ids, and not the second."""
    before = unique_ids(stocked)
    stocked.dele(2).require(OK)
    after = unique_ids(stocked)
    if after != {number: unique_id for number, unique_id in before.items() if number != 2}:
        raise Violation([f"{before!r} without the second"], repr(after))


@requirement("1939/7/uidl", needs=("pop3 UIDL",))
def test_unique_ids_after_rset(stocked: Pop3Client) -> None:
    """After DELE and RSET the list of UIDL is what it was."""
    before = stocked.multi(b"UIDL").require(OK).lines
    if len(before) != 3:
        raise Violation(["three lines"], repr(before))
    stocked.dele(2).require(OK)
    stocked.command(b"RSET").require(OK)
    after = stocked.multi(b"UIDL").expect(OK).lines
    if after != before:
        raise Violation([repr(before)], repr(after))
