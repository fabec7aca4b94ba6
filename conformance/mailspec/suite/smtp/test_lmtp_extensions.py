"""What LMTP offers besides (RFC 2033 section 5): the extensions of SMTP are the same ones there."""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.smtp.test_8bitmime import MIME
from mailspec.suite.smtp.test_enhanced import codes, expect_code
from mailspec.suite.smtp.test_injection import probe
from mailspec.suite.smtp.test_starttls import begin_tls_in_transaction
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.lmtp import LmtpClient
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, dot_stuffed

STARTTLS = ("lmtp STARTTLS",)
CODES = ("lmtp ENHANCEDSTATUSCODES",)


@requirement("6152/3/octets-kept", needs=("lmtp 8BITMIME",))
def test_content(lmtp: LmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """8-bit content that was announced arrives octet by octet."""
    body = bytes(octet for octet in range(0x80, 0x100)) + b"\r\n"
    message = make_message(body=body, extra=MIME)
    lmtp.mail(envelope.sender, b"BODY=8BITMIME").require(250)
    lmtp.rcpt(envelope.recipient).require(SUCCESS)
    lmtp.data(message).expect(250)
    if (arrived := body_of(inbox.wait(message))) != body:
        raise Violation([repr(body[:60])], repr(arrived[:60]))


@requirement("2034/4/codes-present", needs=CODES)
def test_commands_have_codes(lmtp: LmtpClient, envelope: Envelope) -> None:
    """Replies to commands, kind or not, begin with an enhanced code."""
    expect_code(lmtp.command(b"NOOP").require(SUCCESS))
    expect_code(lmtp.rcpt(envelope.recipient).require(PERMANENT))
    expect_code(lmtp.mail(envelope.sender).require(250))
    expect_code(lmtp.rcpt(envelope.unknown).require(PERMANENT, TRANSIENT))
    expect_code(lmtp.rcpt(envelope.recipient).require(SUCCESS))
    expect_code(lmtp.command(b"RSET").require(SUCCESS))
    expect_code(lmtp.quit().require(221))


@requirement("2034/4/codes-present", needs=CODES)
def test_each_recipient_has_a_code(
    lmtp: LmtpClient, envelope: Envelope, other: Login, make_message: MessageMaker
) -> None:
    """The replies to the message begin with an enhanced code, each one."""
    lmtp.mail(envelope.sender).require(250)
    for recipient in (envelope.recipient, other.address):
        lmtp.rcpt(recipient).require(SUCCESS)
    lmtp.command(b"DATA").require(354)
    lmtp.send(dot_stuffed(make_message()))
    for _ in range(2):
        expect_code(lmtp.reply().require(SUCCESS, TRANSIENT, PERMANENT))


@requirement("2034/4/not-on-hello", needs=CODES)
def test_lhlo_has_no_code(lmtp: LmtpClient) -> None:
    """The reply to LHLO has no enhanced code, as that to EHLO."""
    reply = lmtp.lhlo().require(250)
    if any(codes(reply)):
        raise Violation(["no enhanced status code"], repr(reply.lines))
    require_refusals(lmtp)


@requirement("3207/4/handshake", needs=STARTTLS)
def test_handshake_follows_220(lmtp_clear: LmtpClient) -> None:
    """After 220 the TLS handshake succeeds and LHLO is answered inside TLS."""
    lmtp_clear.command(b"STARTTLS").require(220)
    lmtp_clear.expect_handshake()
    lmtp_clear.lhlo().expect(250)
    require_refusals(lmtp_clear)


@requirement("3207/4.2/not-offered-inside-tls", needs=STARTTLS)
def test_starttls_is_not_offered_inside_tls(lmtp_clear: LmtpClient) -> None:
    """LHLO inside TLS does not list STARTTLS."""
    lmtp_clear.start_tls()
    lmtp_clear.lhlo().require(250)
    if b"STARTTLS" in lmtp_clear.capabilities:
        raise Violation(["no STARTTLS in the list"], "STARTTLS is listed inside TLS")


@requirement("3207/4.2/knowledge-discarded", needs=STARTTLS)
def test_transaction_does_not_survive_the_handshake(lmtp_clear: LmtpClient, envelope: Envelope) -> None:
    """A sender named in the clear is forgotten: RCPT inside TLS is out of order."""
    lmtp_clear.mail(envelope.sender).require(250)
    begin_tls_in_transaction(lmtp_clear)
    lmtp_clear.rcpt(envelope.recipient).expect(PERMANENT)


@requirement("3207/4.2/no-command-survives", needs=STARTTLS)
@pytest.mark.parametrize("behind", [b"NOOP\r\n", b"LHLO injected.test\r\n", b"NOOP"], ids=["noop", "lhlo", "half"])
def test_nothing_behind_starttls_is_carried_out(behind: bytes, lmtp_clear: LmtpClient) -> None:
    """What stands in one segment with STARTTLS has no effect inside TLS."""
    lmtp_clear.send(b"STARTTLS\r\n" + behind)
    probe(lmtp_clear)
