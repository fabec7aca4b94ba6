"""Greeting and hello: RFC 5321 sections 2.2.1, 3.1, 3.2, 4.1.1.1 and 4.1.4."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import PERMANENT, SmtpClient


@requirement("5321/3.1/greeting")
def test_server_speaks_first(smtp_new: SmtpClient) -> None:
    """A new connection gets 220, or 554 from a host that takes no mail."""
    greeting = smtp_new.greeting().expect(220, 554)
    if greeting.code == 220:
        require_refusals(smtp_new)


@requirement("5321/2.2.1/ehlo-supported")
def test_ehlo_is_understood(smtp_greeted: SmtpClient) -> None:
    """EHLO with a domain gets 250."""
    smtp_greeted.ehlo().expect(250)
    require_refusals(smtp_greeted)


@requirement("5321/4.1.1.1/helo-supported")
def test_helo_is_understood(smtp_greeted: SmtpClient) -> None:
    """HELO with a domain gets 250."""
    smtp_greeted.command(b"HELO client.test").expect(250)
    require_refusals(smtp_greeted)


@requirement("5321/3.2/helo-plain-reply")
def test_helo_lists_no_extensions(smtp_greeted: SmtpClient) -> None:
    """None of the keywords that EHLO lists follows the first line of the HELO reply."""
    smtp_greeted.ehlo().require(250)
    offered = set(smtp_greeted.capabilities)
    reply = smtp_greeted.command(b"HELO client.test")
    reply.require(250)

    listed = [line for line in reply.lines[1:] if line.split(b" ")[0].upper() in offered]

    if listed:
        raise Violation(["a reply without the extension list"], f"{len(listed)} of the lines that EHLO gets")

    require_refusals(smtp_greeted)


@requirement("5321/4.1.4/ehlo-resets")
def test_ehlo_in_a_transaction_clears_it(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """After MAIL and another EHLO, the next MAIL is not nested in anything."""
    smtp_mail.ehlo().require(250)
    smtp_mail.mail(envelope.sender).expect(250)
    require_refusals(smtp_mail)


@requirement("5321/4.1.4/failed-ehlo-keeps-state")
def test_refused_ehlo_changes_nothing(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """After an EHLO without its argument was refused, the open transaction goes on."""
    smtp_mail.command(b"EHLO").require(PERMANENT)
    smtp_mail.rcpt(envelope.recipient).expect(250, 251)


@requirement("5321/4.1.4/early-commands")
def test_commands_outside_transactions_work_before_ehlo(smtp_greeted: SmtpClient, envelope: Envelope) -> None:
    """NOOP, RSET, HELP and VRFY before EHLO are not answered with 503."""
    for command in (b"NOOP", b"RSET", b"HELP", b"VRFY " + envelope.recipient):
        smtp_greeted.command(command).expect_not(503)
    require_refusals(smtp_greeted)
