"""8-bit content: RFC 6152, where 8BITMIME is offered."""

from __future__ import annotations

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import PERMANENT, SmtpClient

NEEDS = ("smtp 8BITMIME",)

MIME = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n"

#: Every octet above 127, sixteen a line.
HIGH = b"".join(bytes(range(start, start + 16)) + b"\r\n" for start in range(128, 256, 16))


@requirement("6152/2/no-parameter", needs=NEEDS)
def test_keyword_alone(smtp: SmtpClient) -> None:
    """8BITMIME stands alone in its line."""
    if parameter := smtp.capabilities[b"8BITMIME"]:
        raise Violation(["8BITMIME without a parameter"], repr(parameter))


@requirement("6152/2/body-values", needs=NEEDS)
@pytest.mark.parametrize(
    "parameter", [b"BODY=7BIT", b"BODY=8BITMIME", b"body=8bitmime", b"Body=7Bit"], ids=["7", "8", "8-lower", "7-mixed"]
)
def test_body(parameter: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """BODY is taken with both of its values, in any case."""
    smtp.mail(envelope.sender, parameter).expect(250)
    require_refusals(smtp)


@requirement("6152/2/body-values", needs=NEEDS)
@pytest.mark.parametrize("sender", [b"", b"l" * 64 + b"@client.test"], ids=["null", "long"])
def test_body_with_other_senders(sender: bytes, smtp: SmtpClient) -> None:
    """BODY is taken behind the null path and behind a long local part."""
    smtp.mail(sender, b"BODY=8BITMIME").expect(250)
    require_refusals(smtp)


@requirement("6152/2/unknown-body-value", needs=NEEDS)
@pytest.mark.parametrize("value", [b"=9BIT", b"=8BIT", b"", b"=7BIT,8BITMIME"], ids=["9bit", "8bit", "none", "two"])
def test_unknown_body(value: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """BODY with another value, or none, is refused."""
    smtp.mail(envelope.sender, b"BODY" + value).expect(PERMANENT)


@pytest.mark.parametrize(
    "body",
    [
        case("6152/3/octets-kept", HIGH, name="all-octets", needs=NEEDS),
        case("6152/3/octets-kept", "Grüße, 世界\r\n".encode(), name="utf-8", needs=NEEDS),
        case("6152/3/octets-kept", b"\x85\xa0\xad \xff\xfe\r\n" * 400, name="controls-of-latin-1", needs=NEEDS),
        case("6152/3/last-line-end", b"caf\xe9\r\n", name="one-line", needs=NEEDS),
        case("6152/3/last-line-end", b"caf\xe9\r\n\r\n\r\n", name="empty-lines", needs=NEEDS),
        case("6152/3/dots-the-same", b".caf\xe9\r\n..\xe9\r\n...\r\n.\r\n\xe9.\r\n", name="dots", needs=NEEDS),
        case("6152/3/dots-the-same", b"\xe9\r\n.\r\n.\xe9\r\n", name="dot-lines", needs=NEEDS),
        case("6152/3/lines-of-1000", b"\xe9" * 998 + b"\r\n", name="one-long", needs=NEEDS),
        case("6152/3/lines-of-1000", (b"\xe9" * 998 + b"\r\n") * 5, name="long", needs=NEEDS),
        case("6152/3/lines-of-1000", b"." + b"\xe9" * 997 + b"\r\n", name="long-with-dot", needs=NEEDS),
    ],
)
def test_content(body: bytes, smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """8-bit content that was announced arrives octet by octet."""
    message = make_message(body=body, extra=MIME)
    smtp.mail(envelope.sender, b"BODY=8BITMIME").require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(message).expect(250)
    if (arrived := body_of(inbox.wait(message))) != body:
        raise Violation([repr(body[:60])], repr(arrived[:60]))


@requirement("6152/3/unannounced", needs=NEEDS)
@pytest.mark.parametrize("parameters", [(), (b"BODY=7BIT",)], ids=["nothing", "7bit"])
def test_unannounced(
    parameters: tuple[bytes, ...], smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, census: Census
) -> None:
    """What becomes of 8-bit content that was not announced, or denied, is noted."""
    smtp.mail(envelope.sender, *parameters).require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    census("reply to the data", smtp.data(make_message(body=HIGH, extra=MIME)).code)
