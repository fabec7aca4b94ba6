"""The mail data: RFC 5321 sections 3.3, 4.1.1.4, 4.1.1.10, 4.2.5 and 4.5.2."""

from __future__ import annotations

from collections.abc import Iterator

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.steps import Envelope, MessageMaker, Sender
from mailspec.verdict import NotRun, Violation
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, SmtpClient


@requirement("5321/4.5.2/unstuff")
def test_leading_period_is_removed(smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """Lines that begin with periods arrive with one period less than on the wire."""
    body = b".one\r\n..two\r\n.\r\n...\r\nend\r\n"
    message = make_message(body=body)
    smtp_rcpt.data(message).require(250)

    delivered = body_of(inbox.wait(message))
    if delivered != body:
        raise Violation([repr(body)], repr(delivered))


@requirement("5321/4.5.2/only-leading-period")
def test_other_periods_are_kept(smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """Periods inside and at the end of lines arrive as they were sent."""
    body = b"a..b\r\nend..\r\n ..\r\n"
    message = make_message(body=body)
    smtp_rcpt.data(message).require(250)

    delivered = body_of(inbox.wait(message))
    if delivered != body:
        raise Violation([repr(body)], repr(delivered))


@requirement("5321/4.1.1.10/dropped-data")
def test_dropped_connection_delivers_nothing(
    smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox, send: Sender
) -> None:
    """Data without its end is thrown away when the connection is lost."""
    lost, whole = make_message(), make_message()
    smtp_rcpt.command(b"DATA").require(354)
    smtp_rcpt.send(lost)
    smtp_rcpt.vanish()

    send(whole)
    inbox.wait(whole)
    if inbox.holds(lost):
        raise Violation(["nothing delivered"], "the message was delivered without the end of its data")


#: More Received fields than any server takes for anything but a loop (RFC 5321 section 6.3 speaks of 100).
LOOP = b"Received: from a.test by b.test; Mon, 2 Jan 2006 15:04:05 +0000\r\n" * 120

#: Octets up to which an advertised limit is tried out.
FEW = 16 << 20


def often_refused(smtp: SmtpClient, make_message: MessageMaker) -> Iterator[bytes]:
    """Make messages that many servers refuse: bare line feeds, a loop, a long line, more than the advertised size."""
    yield make_message(body=b"bare\nline\nfeeds\r\n")
    yield make_message(extra=LOOP)
    yield make_message(body=b"x" * 4000 + b"\r\n")
    if 0 < (limit := int(smtp.capabilities.get(b"SIZE") or b"0")) <= FEW:
        yield make_message(body=(b"x" * 70 + b"\r\n") * (limit // 72 + 1))


@requirement("5321/4.2.5/refused-not-delivered")
def test_refused_message_is_not_delivered(
    smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox, send: Sender, envelope: Envelope
) -> None:
    """The first message whose data is refused, of several kinds that often are, stays away."""
    for refused in often_refused(smtp_rcpt, make_message):
        if smtp_rcpt.data(refused).require(SUCCESS, TRANSIENT, PERMANENT).code // 100 != 2:
            break
        smtp_rcpt.mail(envelope.sender).require(250)
        smtp_rcpt.rcpt(envelope.recipient).require(250, 251)
    else:
        msg = "the target took bare line feeds, 120 Received fields and 4000 octets in a line, and has no small SIZE"
        raise NotRun(msg)

    send(whole := make_message())
    inbox.wait(whole)
    if inbox.holds(refused):
        raise Violation(["nothing delivered"], "the message was delivered though its data was refused")


@requirement("5321/3.3/defective-header")
def test_defective_header_is_no_reason_to_refuse(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """Two Date fields and an empty To are not the receiver's business."""
    message = make_message(extra=b"Date: yesterday\r\nDate: today\r\nTo:\r\n")
    smtp_rcpt.data(message).expect(250)


@requirement("5321/3.7.2/odd-trace")
def test_odd_trace_fields_are_no_reason_to_refuse(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """A Received field from another world is left alone."""
    smtp_rcpt.data(make_message(extra=b"Received: by pigeon, somewhere; no date\r\n")).expect(250)
