"""Binary messages: RFC 3030 section 3, where BINARYMIME is offered."""

from __future__ import annotations

import base64
import quopri
import re

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.smtp.chunks import cut, give, in_chunks
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import SmtpClient

NEEDS = ("smtp BINARYMIME", "smtp CHUNKING")

#: Octets that no text has, each trap of a line among them.
BINARY = {
    "all-octets": bytes(range(256)) * 4,
    "line-ends": b"\r\n\r\r\n\n\n\r\r\n.\r\n..\r\n\r\n.\r\nQUIT\r\n",
    "nul": b"\0" * 1000,
    "long": b"\xff" * 5000,
    "text": b"a line\r\nand another\r\n",
}

MULTIPART = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_cut"\r\n'


def parts(content: bytes, encoding: bytes = b"binary") -> bytes:
    """Return the body of a multipart message that has a text and this content."""
    return (
        b"--=_cut\r\nContent-Type: text/plain\r\n\r\nA text.\r\n"
        b"--=_cut\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + content + b"\r\n--=_cut--\r\n"
    )


def content_of(message: bytes) -> bytes:
    """Return the content of the second part, whatever encoding it has come to."""
    part = message.split(b"\r\n--=_cut")[2]
    header, _, content = part.partition(b"\r\n\r\n")
    found = re.search(rb"(?im)^content-transfer-encoding:\s*([^\s;]+)", header)
    return decoded(found[1] if found else b"", content)


def decoded(encoding: bytes, content: bytes) -> bytes:
    """Return content without its transfer encoding."""
    match encoding.lower():
        case b"base64":
            return base64.b64decode(content)
        case b"quoted-printable":
            return quopri.decodestring(content)
        case _:
            return content


def begin(smtp: SmtpClient, envelope: Envelope) -> None:
    """Open a transaction for a binary message."""
    smtp.mail(envelope.sender, b"BODY=BINARYMIME").require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)


@requirement("3030/3/no-parameter", needs=("smtp BINARYMIME",))
def test_keyword_alone(smtp: SmtpClient) -> None:
    """BINARYMIME stands alone in its line."""
    if parameter := smtp.capabilities[b"BINARYMIME"]:
        raise Violation(["BINARYMIME without a parameter"], repr(parameter))


@requirement("3030/3/chunking-too", needs=("smtp BINARYMIME",))
def test_chunking_is_offered(smtp: SmtpClient) -> None:
    """Where BINARYMIME is offered, CHUNKING is."""
    if b"CHUNKING" not in smtp.capabilities:
        raise Violation(["CHUNKING beside BINARYMIME"], "no CHUNKING")


@requirement("3030/3/body-value", needs=NEEDS)
@pytest.mark.parametrize("parameter", [b"BODY=BINARYMIME", b"body=BinaryMime"], ids=["upper-case", "mixed-case"])
def test_body(parameter: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL takes BODY=BINARYMIME in any case."""
    smtp.mail(envelope.sender, parameter).expect(250)
    require_refusals(smtp)


@requirement("3030/3/octets-kept", needs=NEEDS)
@pytest.mark.parametrize("kind", sorted(BINARY))
def test_content(kind: str, smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """The content of a binary part is in the mailbox, in whatever encoding."""
    message = make_message(body=parts(BINARY[kind]), extra=MULTIPART)
    begin(smtp, envelope)
    in_chunks(smtp, cut(message, (100, 101, 400))).require(250)
    if (arrived := content_of(inbox.wait(message))) != BINARY[kind]:
        raise Violation([f"{len(BINARY[kind])} octets: {BINARY[kind][:40]!r}"], f"{len(arrived)}: {arrived[:40]!r}")


@requirement("3030/3/data-503", needs=NEEDS)
def test_data(smtp: SmtpClient, envelope: Envelope) -> None:
    """DATA is out of order for a message that was announced as binary."""
    begin(smtp, envelope)
    smtp.command(b"DATA").expect(503)


@requirement("3030/3/unlabelled-accepted", needs=NEEDS)
@pytest.mark.parametrize("by", ["DATA", "BDAT"], ids=["data", "bdat"])
def test_unlabelled(by: str, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """A part that says it is binary does not make a message refused, though BODY said nothing."""
    message = make_message(body=parts(b"lines that\r\nare text\r\n"), extra=MULTIPART)
    reply = smtp_rcpt.data(message) if by == "DATA" else give(smtp_rcpt, message, last=True)
    reply.expect(250)
    require_refusals(smtp_rcpt)
