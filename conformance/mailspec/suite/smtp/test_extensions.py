"""SIZE (RFC 1870), PIPELINING (RFC 2920) and enhanced status codes (RFC 2034), where they are offered."""

from __future__ import annotations

import re

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope
from mailspec.verdict import Blocked, NotOffered, Violation
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, SmtpClient, SmtpReply


def advertised_size(smtp: SmtpClient) -> int:
    """Return the fixed maximum that SIZE announces, in octets; 0 and no parameter mean there is none."""
    size = fixed_maximum(smtp)
    if not size:
        msg = "SIZE announces no fixed maximum"
        raise NotOffered(msg)
    return size


def fixed_maximum(smtp: SmtpClient) -> int:
    """Return what SIZE announces, 0 where that is nothing; Blocked where it is no number."""
    found = smtp.capabilities[b"SIZE"] or b"0"
    if not found.isdigit():
        msg = f"SIZE announces no number: {found!r}"
        raise Blocked(msg)
    return int(found)


@requirement("1870/6.1/too-large", needs=("smtp SIZE",))
def test_declared_size_over_the_maximum_gets_552(smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL that declares one octet more than the maximum gets 552."""
    too_large = advertised_size(smtp) + 1
    smtp.mail(envelope.sender, b"SIZE=%d" % too_large).expect(552)


@requirement("1870/6.1/fits", needs=("smtp SIZE",))
def test_declared_size_that_fits_is_accepted(smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL that declares a small size is accepted."""
    smtp.mail(envelope.sender, b"SIZE=1000").expect(250)


def replies(smtp: SmtpClient, count: int) -> list[SmtpReply]:
    """Read the replies to a group of commands."""
    return [smtp.reply() for _ in range(count)]


@requirement("2920/3.2/replies-in-order", needs=("smtp PIPELINING",))
def test_grouped_commands_are_answered_in_order(smtp: SmtpClient, envelope: Envelope) -> None:
    """A group in one segment gets its replies in the order of its commands."""
    group = (b"MAIL FROM:<%s>" % envelope.sender, b"X-ONE", b"RCPT TO:<%s>" % envelope.recipient, b"X-TWO", b"RSET")
    smtp.send(b"".join(line + b"\r\n" for line in group))

    for expected in (SUCCESS, PERMANENT, SUCCESS, PERMANENT, SUCCESS):
        smtp.reply().expect(expected)


@requirement("2920/3.2/all-failed-no-data", needs=("smtp PIPELINING",))
def test_grouped_data_without_recipient_takes_no_message(smtp: SmtpClient, envelope: Envelope) -> None:
    """DATA after nothing but refused recipients is refused, or the empty message after it is."""
    smtp.send(b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (envelope.sender, envelope.unknown))
    mail, rcpt, data = replies(smtp, 3)
    mail.require(250)
    rcpt.require(PERMANENT)
    data.expect(354, PERMANENT)
    if data.code == 354:
        smtp.send(b".\r\n")
        smtp.reply().expect(PERMANENT, CLOSED)


def lines_with_other_class(reply: SmtpReply) -> list[bytes]:
    """Return the lines whose enhanced code is missing or of another class than the reply code."""
    want = b"%d." % (reply.code // 100)
    return [line for line in reply.lines if not re.match(rb"%s\d{1,3}\.\d{1,3}( |$)" % re.escape(want), line)]


@requirement("2034/4/class-agrees", needs=("smtp ENHANCEDSTATUSCODES",))
def test_enhanced_codes_agree_with_reply_codes(smtp: SmtpClient, envelope: Envelope) -> None:
    """Replies of several kinds all carry an enhanced code of their own class."""
    commands = (
        b"RSET",
        b"RCPT TO:<%s>" % envelope.recipient,
        b"MAIL FROM:<%s>" % envelope.sender,
        b"RCPT TO:<%s>" % envelope.unknown,
        b"RCPT TO:<%s>" % envelope.recipient,
        b"X-UNKNOWN",
    )
    for command in commands:
        reply = smtp.command(command)
        if wrong := lines_with_other_class(reply):
            raise Violation([f"{reply.code // 100}.x.y before the text"], repr(wrong))


@requirement("2034/4/not-on-hello", needs=("smtp ENHANCEDSTATUSCODES",))
def test_no_enhanced_code_on_greeting_and_hello(smtp_new: SmtpClient) -> None:
    """Greeting, EHLO and HELO replies carry no enhanced code."""
    for reply in (smtp_new.greeting(), smtp_new.ehlo(), smtp_new.command(b"HELO client.test")):
        reply.require(220, 250)
        if any(re.match(rb"[245]\.\d{1,3}\.\d{1,3}( |$)", line) for line in reply.lines):
            raise Violation(["no enhanced code"], repr(reply.lines))
