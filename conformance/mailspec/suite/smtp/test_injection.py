"""Commands sent in the clear behind STARTTLS: RFC 3207 section 4.2, where it is offered."""

from __future__ import annotations

import pytest

from mailspec.plugin.fixtures import Census, Exposure
from mailspec.requirement import requirement
from mailspec.suite.smtp.test_starttls import begin_tls_in_transaction
from mailspec.suite.steps import Envelope
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient

STARTTLS = ("smtp STARTTLS",)

#: What a person in the middle gains.
EXPOSURE = (
    "Whoever can write into the connection before TLS, in a network on the way, has commands carried out as though the"
    " client had sent them inside TLS: a recipient of theirs, or a message that takes up the client's login."
)

#: What is sent behind STARTTLS.
BEHIND = {
    "noop": b"NOOP\r\n",
    "rset": b"RSET\r\n",
    "ehlo": b"EHLO injected.test\r\n",
    "quit": b"QUIT\r\n",
    "mail": b"MAIL FROM:<>\r\n",
    "half-a-line": b"NOOP",
    "many": b"RSET\r\n" * 20,
    "line-end": b"\r\n",
}


def probe(smtp: SmtpClient) -> None:
    """Judge that the replies inside TLS begin with the first command inside TLS, and are not shifted."""
    reply = smtp.reply()
    reply.expect(220, PERMANENT, CLOSED)
    if reply.failure is not None or reply.code != 220:
        return
    if smtp.stream.start_tls() is not None:
        # The target took the octets behind for the handshake, or closed: none of them had an effect.
        return
    # Were a reply to a command from before left over, this one would be read as its own.
    smtp.command(b"X-INSIDE").expect(PERMANENT)
    smtp.command(b"RSET").expect(SUCCESS)
    smtp.command(b"X-INSIDE").expect(PERMANENT)


@requirement("3207/4.2/no-command-survives", needs=STARTTLS)
@pytest.mark.parametrize("behind", list(BEHIND))
def test_same_segment(behind: str, smtp_clear: SmtpClient, exposure: Exposure) -> None:
    """What stands in one segment with STARTTLS has no effect inside TLS."""
    exposure(EXPOSURE)
    smtp_clear.send(b"STARTTLS\r\n" + BEHIND[behind])
    probe(smtp_clear)


@requirement("3207/4.2/no-command-survives", needs=STARTTLS)
@pytest.mark.parametrize("behind", ["noop", "rset", "half-a-line"])
def test_segment_of_its_own(behind: str, smtp_clear: SmtpClient, exposure: Exposure) -> None:
    """What follows STARTTLS at once in a segment of its own has no effect inside TLS."""
    exposure(EXPOSURE)
    smtp_clear.send(b"STARTTLS\r\n")
    smtp_clear.send(BEHIND[behind])
    probe(smtp_clear)


@requirement("3207/4.2/no-command-survives", needs=STARTTLS)
def test_within_a_group(smtp_clear: SmtpClient, envelope: Envelope, exposure: Exposure) -> None:
    """STARTTLS in the middle of a group leaves nothing of the group to TLS."""
    exposure(EXPOSURE)
    smtp_clear.send(b"NOOP\r\nSTARTTLS\r\nMAIL FROM:<%s>\r\nRSET\r\n" % envelope.sender)
    smtp_clear.reply().require(250)
    probe(smtp_clear)


@requirement("3207/4.2/knowledge-discarded", needs=STARTTLS)
def test_recipients_are_forgotten(smtp_clear: SmtpClient, envelope: Envelope) -> None:
    """A whole envelope from before the handshake is forgotten: DATA inside TLS is refused."""
    smtp_clear.mail(envelope.sender).require(250)
    smtp_clear.rcpt(envelope.recipient).require(250, 251)
    begin_tls_in_transaction(smtp_clear)
    smtp_clear.command(b"DATA").expect(PERMANENT)


@requirement("3207/4.2/not-offered-inside-tls", needs=STARTTLS)
def test_starttls_inside_tls_is_refused(smtp_clear: SmtpClient) -> None:
    """STARTTLS inside TLS, where it is not offered, is refused."""
    smtp_clear.start_tls()
    smtp_clear.ehlo().require(250)
    smtp_clear.command(b"STARTTLS").expect(PERMANENT, TRANSIENT)


@requirement("3207/4/handshake", needs=STARTTLS)
@pytest.mark.parametrize("command", [b"starttls", b"StartTLS"], ids=bytes.decode)
def test_starttls_in_any_case(command: bytes, smtp_clear: SmtpClient) -> None:
    """STARTTLS in any case leads to a handshake."""
    smtp_clear.command(command).require(220)
    smtp_clear.expect_handshake()
    smtp_clear.ehlo().expect(250)


@requirement("3207/4.2/list-may-differ", needs=STARTTLS)
def test_list_inside_tls(smtp_clear: SmtpClient, census: Census) -> None:
    """What is offered inside TLS only, and in the clear only, is noted."""
    before = set(smtp_clear.capabilities)
    smtp_clear.start_tls()
    smtp_clear.ehlo().require(250)
    after = set(smtp_clear.capabilities)
    census("inside TLS only", b" ".join(sorted(after - before)) or b"nothing")
    census("in the clear only", b" ".join(sorted(before - after)) or b"nothing")


@requirement("3207/6/external", needs=STARTTLS)
def test_external_is_offered(smtp_clear: SmtpClient, census: Census) -> None:
    """Whether EXTERNAL is among the mechanisms inside TLS is noted."""
    smtp_clear.start_tls()
    smtp_clear.ehlo().require(250)
    census("AUTH inside TLS", smtp_clear.capabilities.get(b"AUTH", b"not offered"))
