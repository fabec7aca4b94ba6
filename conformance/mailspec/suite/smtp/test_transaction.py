"""MAIL and RCPT: RFC 5321 sections 3.3, 4.1.1.2, 4.1.1.3, 4.1.2, 4.1.4 and 4.5.1."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope, MessageMaker, expect_no_message, require_refusals
from mailspec.wire.smtp import PERMANENT, TRANSIENT, SmtpClient


@requirement("5321/3.3/rcpt-needs-mail")
def test_rcpt_before_mail_is_refused(smtp: SmtpClient, envelope: Envelope) -> None:
    """RCPT without a preceding MAIL gets 503."""
    smtp.rcpt(envelope.recipient).expect(503)


@requirement("5321/3.3/data-needs-recipient")
def test_data_without_recipient_takes_no_message(smtp_mail: SmtpClient) -> None:
    """DATA before any RCPT is refused at once, or after the data."""
    expect_no_message(smtp_mail)


@requirement("5321/4.1.4/nested-mail")
def test_mail_in_a_transaction_is_refused(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A second MAIL gets 503."""
    smtp_mail.mail(envelope.sender).expect(503)


@requirement("5321/4.1.4/nested-mail-keeps-state")
def test_refused_mail_keeps_the_transaction(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """After a second MAIL was refused, the first one still holds."""
    smtp_mail.mail(b"other@client.test").require(PERMANENT)
    smtp_mail.rcpt(envelope.recipient).expect(250, 251)


@requirement("5321/4.1.1.2/null-reverse-path")
def test_null_reverse_path_is_accepted(smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL FROM:<> begins a transaction, and a local recipient is accepted in it."""
    smtp.mail(b"").expect(250)
    smtp.rcpt(envelope.recipient).expect(250, 251)
    require_refusals(smtp)


@requirement("5321/4.5.1/postmaster")
def test_postmaster_without_domain_is_accepted(smtp_mail: SmtpClient) -> None:
    """RCPT TO:<Postmaster> is accepted."""
    smtp_mail.rcpt(b"Postmaster").expect(250, 251)
    require_refusals(smtp_mail)


@requirement("5321/4.5.1/postmaster-any-case")
def test_postmaster_in_any_case(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """The local part postmaster is recognised however it is written."""
    for name in (b"POSTMASTER", b"postmaster", b"pOsTmAsTeR"):
        smtp_mail.rcpt(name + b"@" + envelope.domain).expect(250, 251)
    require_refusals(smtp_mail)


@requirement("5321/4.5.1/postmaster-at-domain")
def test_postmaster_at_the_domain_is_accepted(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """Postmaster at a domain that the server has mailboxes for is accepted."""
    smtp_mail.rcpt(b"postmaster@" + envelope.domain).expect(250, 251)
    require_refusals(smtp_mail)


@requirement("5321/4.1.1.3/source-route")
def test_source_route_is_recognised(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A source route may be refused as a matter of policy, not as bad syntax."""
    smtp_mail.command(b"RCPT TO:<@hop.test,@other.test:%s>" % envelope.recipient).expect_not(500, 501, 502, 503, 555)
    require_refusals(smtp_mail)


@requirement("5321/4.1.1.11/unknown-parameter")
def test_unknown_mail_parameter_gets_555(smtp: SmtpClient, envelope: Envelope) -> None:
    """A MAIL parameter that nobody has defined gets 555."""
    smtp.mail(envelope.sender, b"XFROBNICATE=7").expect(555)


@requirement("5321/4.1.1.11/unknown-parameter")
def test_unknown_rcpt_parameter_gets_555(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A RCPT parameter that nobody has defined gets 555."""
    smtp_mail.rcpt(envelope.recipient, b"XFROBNICATE=7").expect(555)


@requirement("5321/3.3/failed-rcpt-keeps-transaction")
def test_refused_recipient_leaves_room_for_others(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """After a refused recipient a good one is accepted, without a new MAIL."""
    smtp_mail.rcpt(envelope.unknown).require(PERMANENT, TRANSIENT)
    smtp_mail.rcpt(envelope.recipient).expect(250, 251)


@requirement("5321/3.3/unknown-recipient")
def test_unacceptable_recipient_is_told_why(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A recipient that is no mailbox address at all gets 4yz or 5yz."""
    smtp_mail.command(b"RCPT TO:<@@%s>" % envelope.domain).expect(TRANSIENT, PERMANENT)


@requirement("5321/3.6.2/relay-refused-550")
def test_refused_relay_gets_550(smtp_mail: SmtpClient) -> None:
    """Where a stranger may not relay, a foreign recipient gets 550."""
    reply = smtp_mail.rcpt(b"someone@elsewhere.test")
    if reply.code // 100 == 5:
        reply.expect(550)
    require_refusals(smtp_mail)


@requirement("5321/4.1.2/quoted-local-part")
def test_quoted_local_part_is_the_same_mailbox(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """The recipient with its local part in quotes is accepted like without."""
    local, _, domain = envelope.recipient.partition(b"@")
    smtp_mail.rcpt(envelope.recipient).require(250, 251)
    smtp_mail.rcpt(b'"' + local + b'"@' + domain).expect(250, 251)
    smtp_mail.rcpt(b'"\\' + local + b'"@' + domain).expect(250, 251)
    require_refusals(smtp_mail)


@requirement("5321/4.1.1.4/data-354")
def test_data_is_asked_for_and_answered(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """DATA gets 354 and the message a reply of 250."""
    smtp_rcpt.command(b"DATA").expect(354)
    smtp_rcpt.content(make_message()).expect(250)


@requirement("5321/4.1.1.4/data-clears")
def test_next_message_begins_with_mail(smtp_rcpt: SmtpClient, make_message: MessageMaker, envelope: Envelope) -> None:
    """After the final reply, a new MAIL is not nested in anything."""
    smtp_rcpt.data(make_message()).require(250)
    smtp_rcpt.mail(envelope.sender).expect(250)
