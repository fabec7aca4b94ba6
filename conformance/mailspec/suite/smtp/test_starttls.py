"""STARTTLS (RFC 3207), where it is offered."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.verdict import NotRun, Violation
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient


def begin_tls_in_transaction(client: SmtpClient) -> None:
    """Go over to TLS with a transaction open.

    Raises:
        NotRun: the target does not let a client do that.
    """
    reply = client.command(b"STARTTLS").require(220, PERMANENT, TRANSIENT)
    if reply.code != 220:
        msg = f"the target refuses STARTTLS in a transaction, so none can survive it: {reply.code}"
        raise NotRun(msg)
    client.handshake()


@requirement("3207/4/no-parameter", needs=("smtp STARTTLS",))
def test_starttls_with_parameter_gets_501(smtp_clear: SmtpClient) -> None:
    """STARTTLS takes no parameter."""
    smtp_clear.command(b"STARTTLS now").expect(501)


@requirement("3207/4/replies", needs=("smtp STARTTLS",))
def test_starttls_gets_one_of_its_replies(smtp_clear: SmtpClient) -> None:
    """STARTTLS that is listed gets 220, or 454 where TLS is not to be had just now."""
    if smtp_clear.command(b"STARTTLS").expect(220, 454).code == 220:
        smtp_clear.handshake()
        smtp_clear.ehlo().require(250)
    require_refusals(smtp_clear)


@requirement("3207/4/handshake", needs=("smtp STARTTLS",))
def test_handshake_follows_220(smtp_clear: SmtpClient) -> None:
    """After 220 the TLS handshake succeeds and EHLO is answered inside TLS."""
    smtp_clear.command(b"STARTTLS").require(220)
    smtp_clear.expect_handshake()
    smtp_clear.ehlo().expect(250)


@requirement("3207/4.2/knowledge-discarded", needs=("smtp STARTTLS",))
def test_transaction_does_not_survive_the_handshake(smtp_clear: SmtpClient, envelope: Envelope) -> None:
    """A sender named in the clear is forgotten: RCPT inside TLS is out of order."""
    smtp_clear.mail(envelope.sender).require(250)
    begin_tls_in_transaction(smtp_clear)
    smtp_clear.rcpt(envelope.recipient).expect(503)


@requirement("3207/4.2/not-offered-inside-tls", needs=("smtp STARTTLS",))
def test_starttls_is_not_offered_inside_tls(smtp_clear: SmtpClient) -> None:
    """EHLO inside TLS does not list STARTTLS."""
    smtp_clear.start_tls()
    smtp_clear.ehlo().require(250)
    if b"STARTTLS" in smtp_clear.capabilities:
        raise Violation(["no STARTTLS in the list"], "STARTTLS is listed inside TLS")


@requirement("3207/4.2/no-command-survives", needs=("smtp STARTTLS",))
def test_command_behind_starttls_is_not_answered_inside_tls(smtp_clear: SmtpClient) -> None:
    """A HELP in the same segment as STARTTLS gets no reply inside TLS, or there is no TLS then."""
    smtp_clear.send(b"STARTTLS\r\nHELP\r\n")
    reply = smtp_clear.reply()
    reply.expect(220, PERMANENT, CLOSED)
    if reply.failure is None and reply.code == 220 and smtp_clear.stream.start_tls() is None:
        smtp_clear.command(b"NOOP").expect(SUCCESS, PERMANENT)
        smtp_clear.command(b"X-UNKNOWN").expect(PERMANENT)
