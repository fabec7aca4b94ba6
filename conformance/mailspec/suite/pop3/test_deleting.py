"""DELE, RSET and the UPDATE state: RFC 1939 sections 4, 5 and 6."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.pop3.conftest import Stock
from mailspec.suite.pop3.steps import messages_of, sizes
from mailspec.suite.steps import MessageMaker, Sender
from mailspec.verdict import Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client

Opener = Callable[[], Pop3Client]


@requirement("1939/5/dele-marks")
def test_deleted_message_is_gone_for_the_session(stocked: Pop3Client) -> None:
    """After DELE, RETR and LIST of that number get -ERR."""
    stocked.dele(1).expect(OK)
    stocked.command(b"RETR 1").expect(ERR)
    stocked.command(b"LIST 1").expect(ERR)


@requirement("1939/5/dele-twice")
def test_deleting_twice_gets_err(stocked: Pop3Client) -> None:
    """DELE of a message already marked gets -ERR."""
    stocked.dele(1).require(OK)
    stocked.dele(1).expect(ERR)


@requirement("1939/5/numbers-stay")
def test_numbers_stay_after_dele(stocked: Pop3Client) -> None:
    """After DELE 1, RETR 3 gives what it gave before."""
    before = stocked.retr(3).require(OK).body
    stocked.dele(1).require(OK)
    after = stocked.retr(3).expect(OK).body
    if after != before:
        raise Violation([repr(body_of(before))], repr(body_of(after)))


@requirement("1939/5/rset")
def test_rset_unmarks(stocked: Pop3Client) -> None:
    """After DELE and RSET all messages are counted and can be retrieved again."""
    everything = stocked.stat()
    stocked.dele(1).require(OK)
    stocked.dele(3).require(OK)
    stocked.command(b"RSET").expect(OK)
    if stocked.stat() != everything:
        raise Violation([repr(everything)], repr(stocked.stat()))
    stocked.retr(1).expect(OK)


@requirement("1939/5/noop")
def test_noop_does_nothing(stocked: Pop3Client) -> None:
    """NOOP gets +OK and takes back no deletion mark."""
    stocked.dele(1).require(OK)
    before = stocked.stat()
    stocked.command(b"NOOP").expect(OK)
    if stocked.stat() != before:
        raise Violation([repr(before)], repr(stocked.stat()))


@requirement("1939/6/quit-removes")
def test_quit_removes_what_is_marked(stocked: Pop3Client, stock: Stock, open_maildrop: Opener) -> None:
    """After DELE 2 and QUIT, the next session has the other two messages."""
    first, second, third = stock.retrieved(stocked)
    stocked.dele(2).require(OK)
    stocked.quit().expect(OK)
    left = messages_of(open_maildrop())
    if second in left or not {first, third} <= left:
        raise Violation(["the two messages that were not marked"], f"{len(left)} messages, {second in left = }")


@requirement("1939/6/no-quit-no-removal")
def test_lost_connection_removes_nothing(stocked: Pop3Client, open_again: Opener) -> None:
    """After DELE and a lost connection, the next session has as many messages as before."""
    before = stocked.stat()[0]
    stocked.dele(1).require(OK)
    stocked.dele(2).require(OK)
    stocked.close()
    after = open_again().stat()[0]
    if after != before:
        raise Violation([f"{before} messages"], f"{after} messages after a session without QUIT")


@requirement("1939/6/quit-closes")
def test_quit_in_transaction_closes(maildrop: Pop3Client) -> None:
    """QUIT gets +OK and the connection ends."""
    maildrop.quit().expect(OK)
    maildrop.expect_closed()


def remove_elsewhere(session: Pop3Client, account: Login) -> None:
    """Delete the first message in a second session, if the target lets it in."""
    session.recorder.transcript.secrets.add(account.secret)
    session.command(b"USER " + account.login).require(OK, ERR)
    entered = session.command(b"PASS " + account.secret).require(OK, ERR, CLOSED)
    if entered.failure is None and entered.ok:
        session.dele(1).require(OK)
        session.quit().judged = True


@requirement("1939/4/exclusive-lock")
def test_second_session_changes_nothing_in_the_first(stocked: Pop3Client, pop3: Pop3Client, account: Login) -> None:
    """A second session is refused, or its deletions leave alone what the first one sees."""
    before = stocked.stat(), stocked.retr(1).require(OK).body
    remove_elsewhere(pop3, account)
    after = stocked.stat(), stocked.retr(1).expect(OK).body
    if after != before:
        raise Violation(["the same messages"], f"{after[0]} after {before[0]}, or another first message")


@requirement("1939/4/numbers-last")
def test_second_session_moves_no_numbers(stocked: Pop3Client, pop3: Pop3Client, account: Login) -> None:
    """A second session is refused, or messages 2 and 3 have their numbers after it removed message 1."""
    before = [stocked.retr(number).require(OK).body for number in (2, 3)]
    remove_elsewhere(pop3, account)
    after = [stocked.retr(number).expect(OK).body for number in (2, 3)]
    if after != before:
        raise Violation([repr([body_of(body) for body in before])], repr([body_of(body) for body in after]))


@requirement("1939/5/new-mail-unseen")
def test_new_mail_does_not_show(stocked: Pop3Client, make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """A message that arrives in the session changes neither STAT nor LIST."""
    before = stocked.stat(), sizes(stocked)
    message = make_message()
    send(message)
    inbox.wait(message)
    after = stocked.stat(), sizes(stocked)
    if after != before:
        raise Violation([repr(before)], repr(after))
