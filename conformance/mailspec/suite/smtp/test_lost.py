"""Open transactions that questions leave alone, clients that vanish, and the port: RFC 5321 sections 4.1.1 and 4.5.4.2."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import Envelope, MessageMaker, Sender, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, SmtpClient


@pytest.mark.parametrize(
    "line",
    [
        case("5321/4.1.1.6/vrfy-keeps-buffers", b"VRFY nobody", name="vrfy"),
        case("5321/4.1.1.7/expn-keeps-buffers", b"EXPN nobody", name="expn"),
        case("5321/4.1.1.8/help-keeps-buffers", b"HELP", name="help"),
    ],
)
def test_transaction_goes_on(line: bytes, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """A question in a transaction, whatever it gets, changes nothing: the message is taken and arrives."""
    smtp_rcpt.command(line).require(SUCCESS, PERMANENT, TRANSIENT)
    message = make_message()
    smtp_rcpt.command(b"DATA").require(354, 503, 554).expect(354)
    smtp_rcpt.content(message).require(250)
    inbox.wait(message)


def expect_kept(completed: bytes, make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """Judge that a message is there, at the latest a little after one that is sent now."""
    send(later := make_message())
    inbox.wait(later)
    if not inbox.overtaken(completed):
        raise Violation(["the message that had got 250"], "only one that was sent later")


@requirement("5321/4.1.1.5/lost-client")
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_client_that_vanishes_between_transactions(
    how: str, smtp_rcpt: SmtpClient, make_message: MessageMaker, send: Sender, inbox: Inbox
) -> None:
    """After a transaction and a connection lost without QUIT, the message is there, and others are served."""
    completed = make_message()
    smtp_rcpt.data(completed).require(250)
    smtp_rcpt.command(b"NOOP").require(250)
    if how == "closed":
        smtp_rcpt.vanish()
    else:
        smtp_rcpt.drop()
    expect_kept(completed, make_message, send, inbox)


@requirement("5321/4.1.1.10/completed-kept")
@pytest.mark.parametrize("within", ["mail", "rcpt", "data"])
def test_client_that_vanishes_in_its_second_transaction(
    within: str, smtp_rcpt: SmtpClient, envelope: Envelope, make_message: MessageMaker, send: Sender, inbox: Inbox
) -> None:
    """A connection that is lost in a transaction does not undo the one before it."""
    completed = make_message()
    smtp_rcpt.data(completed).require(250)
    smtp_rcpt.mail(envelope.sender).require(250)
    if within != "mail":
        smtp_rcpt.rcpt(envelope.recipient).require(250, 251)
    if within == "data":
        smtp_rcpt.command(b"DATA").require(354)
        smtp_rcpt.send(b"Subject: never ended\r\n\r\nhalf a")
    smtp_rcpt.vanish()
    expect_kept(completed, make_message, send, inbox)


@requirement("5321/4.5.4.2/listens")
def test_port_is_open_while_a_message_is_sent(
    smtp_rcpt: SmtpClient, make_message: MessageMaker, smtp_connect: Callable[[], SmtpClient]
) -> None:
    """While one client sends its message, others are greeted, one after the other."""
    smtp_rcpt.command(b"DATA").require(354)
    for _ in range(3):
        smtp_connect().greeting().expect(220, 554)
    smtp_rcpt.content(make_message()).require(250)


#: Seconds for which a server waits for the next command (section 4.5.3.2.7), a moment less for our own clock.
FIVE_MINUTES = 299.0


@requirement("5321/4.5.3.2.7/five-minutes", slow=True)
def test_silent_client_is_waited_for(smtp: SmtpClient) -> None:
    """For five minutes a silent client is neither told anything nor left."""
    if smtp.stream.waiting(FIVE_MINUTES):
        raise Violation(["silence for five minutes"], repr(smtp.reply().octets) or "the end of the connection")
    smtp.command(b"NOOP").expect(250)
    require_refusals(smtp)
