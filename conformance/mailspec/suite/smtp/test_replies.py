"""What every reply is like, and which means that the session ends: RFC 5321 sections 4.2, 4.2.1, 4.2.3 and 4.2.4."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.steps import Envelope, MessageMaker
from mailspec.verdict import NotOffered, Violation
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient, SmtpReply

#: Wrong commands after which the patience of a server is not tried any further.
ENOUGH = 40


def replies(smtp: SmtpClient, envelope: Envelope, message: bytes) -> Iterator[SmtpReply]:
    """Yield the replies of a session with a message in it, from the greeting to QUIT."""
    yield smtp.greeting().require(220)
    yield smtp.ehlo().require(250)
    if smtp.stream.endpoint.tls == "starttls":
        smtp.start_tls()
        yield smtp.ehlo().require(250)
    for line in (b"NOOP", b"HELP", b"RSET", b"X-NOBODYS", b"VRFY " + envelope.recipient, b"RCPT TO:<>"):
        yield smtp.command(line).require(SUCCESS, PERMANENT, TRANSIENT)
    yield smtp.mail(envelope.sender).require(250)
    yield smtp.rcpt(envelope.recipient).require(250, 251)
    yield smtp.command(b"DATA").require(354)
    yield smtp.content(message).require(250)
    yield smtp.quit().require(221)


@pytest.mark.parametrize(
    "about",
    [
        case("5321/4.2/text-sent", "text", name="text"),
        case("5321/4.2.1/space-without-text", "space", name="space"),
    ],
)
def test_text_of_replies(about: str, smtp_new: SmtpClient, envelope: Envelope, make_message: MessageMaker) -> None:
    """Each reply has text; where the last line has none, a space stands behind the code."""
    for reply in replies(smtp_new, envelope, make_message()):
        if about == "text" and not reply.text.strip():
            raise Violation(["text behind the code"], repr(reply.octets))
        last = reply.octets.splitlines()[-1]
        if about == "space" and len(last) == 3:
            raise Violation(["a space behind the code"], repr(reply.octets))


@requirement("5321/4.2.3/421-closes")
def test_421_is_the_last_reply(smtp: SmtpClient) -> None:
    """Where many wrong commands get 421 in the end, the connection is closed then."""
    for _ in range(ENOUGH):
        reply = smtp.command(b"X-NOBODYS").require(PERMANENT, TRANSIENT, CLOSED)
        if reply.failure is not None:
            msg = "the connection was closed without 421"
            raise NotOffered(msg)
        if reply.code == 421:
            smtp.expect_closed()
            return
    msg = f"{ENOUGH} wrong commands do not lead to 421"
    raise NotOffered(msg)
