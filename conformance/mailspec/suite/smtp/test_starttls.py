"""STARTTLS (RFC 3207), where it is offered."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope
from mailspec.verdict import NotRun, Violation
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient


@requirement("3207/4/no-parameter", needs=("smtp STARTTLS",))
def test_starttls_with_parameter_gets_501(smtp: SmtpClient) -> None:
    """STARTTLS takes no parameter."""
    smtp.command(b"STARTTLS now").expect(501)


@requirement("3207/4/handshake", needs=("smtp STARTTLS",))
def test_handshake_follows_220(smtp: SmtpClient) -> None:
    """After 220 the TLS handshake succeeds and EHLO is answered inside TLS."""
    smtp.command(b"STARTTLS").require(220)
    smtp.expect_handshake()
    smtp.ehlo().expect(250)


@requirement("3207/4.2/knowledge-discarded", needs=("smtp STARTTLS",))
def test_transaction_does_not_survive_the_handshake(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A sender named in the clear is forgotten: RCPT inside TLS is out of order."""
    reply = smtp_mail.command(b"STARTTLS").require(220, PERMANENT, TRANSIENT)
    if reply.code != 220:
        msg = f"the target refuses STARTTLS in a transaction, so none can survive it: {reply.code}"
        raise NotRun(msg)
    smtp_mail.handshake()
    smtp_mail.rcpt(envelope.recipient).expect(503)


@requirement("3207/4.2/not-offered-inside-tls", needs=("smtp STARTTLS",))
def test_starttls_is_not_offered_inside_tls(smtp: SmtpClient) -> None:
    """EHLO inside TLS does not list STARTTLS."""
    smtp.start_tls()
    smtp.ehlo().require(250)
    if b"STARTTLS" in smtp.capabilities:
        raise Violation(["no STARTTLS in the list"], "STARTTLS is listed inside TLS")


@requirement("3207/4.2/no-command-survives", needs=("smtp STARTTLS",))
def test_command_behind_starttls_is_not_answered_inside_tls(smtp: SmtpClient) -> None:
    """A HELP in the same segment as STARTTLS gets no reply inside TLS, or there is no TLS then."""
    smtp.send(b"STARTTLS\r\nHELP\r\n")
    reply = smtp.reply()
    reply.expect(220, PERMANENT, CLOSED)
    if reply.failure is None and reply.code == 220 and smtp.stream.start_tls() is None:
        smtp.command(b"NOOP").expect(SUCCESS, PERMANENT)
        smtp.command(b"X-UNKNOWN").expect(PERMANENT)
