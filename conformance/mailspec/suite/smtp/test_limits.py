"""Sizes that every server takes: RFC 5321 section 4.5.3.1."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import SmtpClient

#: Octets of the longest command line that must be taken, CRLF included (RFC 5321 section 4.5.3.1.4).
COMMAND_LINE = 512
#: Octets of the longest text line that must be taken, CRLF included (RFC 5321 section 4.5.3.1.6).
TEXT_LINE = 1000
#: Octets of message content that must be taken (RFC 5321 section 4.5.3.1.7).
CONTENT = 64 * 1024
#: Recipients that must be taken in one transaction (RFC 5321 section 4.5.3.1.8).
RECIPIENTS = 100


@requirement("5321/4.5.3.1.1/local-part-64")
def test_local_part_of_64_octets(smtp: SmtpClient, envelope: Envelope) -> None:
    """A reverse-path with a local part of 64 octets is accepted."""
    domain = envelope.sender.partition(b"@")[2]
    smtp.mail(b"l" * 64 + b"@" + domain).expect(250)
    require_refusals(smtp)


@requirement("5321/4.5.3.1.2/domain-255")
def test_domain_of_255_octets_is_syntax_that_is_known(smtp: SmtpClient) -> None:
    """EHLO with a domain of 255 octets is not refused as a line or an argument that is too long."""
    domain = (b"d" * 62 + b".") * 4 + b"end"
    smtp.ehlo(domain).expect_not(500, 501)
    require_refusals(smtp)


@requirement("5321/4.5.3.1.4/command-512")
def test_command_line_of_512_octets(smtp: SmtpClient) -> None:
    """A NOOP whose line is 512 octets long is not refused as too long."""
    smtp.command(b"NOOP ".ljust(COMMAND_LINE - 2, b"x")).expect_not(500)
    require_refusals(smtp)


@requirement("5321/4.5.3.1.6/text-line-1000")
def test_text_line_of_1000_octets_is_kept(
    smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox
) -> None:
    """A body line of 1000 octets arrives in one piece."""
    line = b"x" * (TEXT_LINE - 2)
    message = make_message(body=line + b"\r\n")
    smtp.mail(envelope.sender).require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(message).expect(250)

    if line not in inbox.wait(message).split(b"\r\n"):
        raise Violation(["the line as it was sent"], "no line like it in the delivered message")


@requirement("5321/4.5.3.1.7/content-64k")
def test_content_of_64k_octets(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """A message of 65536 octets is accepted."""
    start = len(make_message(body=b""))
    filling = (b"x" * 62 + b"\r\n") * (CONTENT // 64)
    body = filling[: CONTENT - start - 2].rstrip(b"\r\n").ljust(CONTENT - start - 2, b"x") + b"\r\n"
    smtp_rcpt.data(make_message(body=body)).expect(250)


@requirement("5321/4.5.3.1.8/recipients-100")
def test_hundred_recipients(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """One hundred RCPT commands in a transaction are accepted."""
    for _ in range(RECIPIENTS):
        smtp_mail.rcpt(envelope.recipient).expect(250, 251)
    require_refusals(smtp_mail)
