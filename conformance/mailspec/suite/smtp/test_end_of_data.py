"""Where the data ends, and where it does not: RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2.

Each check of a wrong end says apart from its verdict who could emit the sequence.
"""

from __future__ import annotations

import pytest

from mailspec.plugin.fixtures import Exposure
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.smtp.smuggling import AFTERMATH, WHO, smuggle
from mailspec.suite.steps import MessageMaker, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import SmtpClient

BARE_LF = "5321/4.1.1.4/bare-lf-no-end"
BARE_CR = "5321/2.3.8/bare-cr-no-end"
NO_END = "5321/4.1.1.4/only-end"


@pytest.mark.parametrize(
    ("sequence", "who"),
    [
        case(BARE_LF, b"\n.\n", "lf", name="lf-dot-lf"),
        case(BARE_LF, b"\n.\r\n", "mixed", name="lf-dot-crlf"),
        case(BARE_LF, b"\r\n.\n", "lf", name="crlf-dot-lf"),
        case(BARE_LF, b"\n\n.\n\n", "lf", name="lf-lf-dot-lf-lf"),
        case(BARE_LF, b"\n.\n\r\n", "lf", name="lf-dot-lf-crlf"),
        case(BARE_LF, b"\n\r\n\n.\r\n", "mixed", name="lf-crlf-lf-dot-crlf"),
        case(BARE_CR, b"\r.\r", "cr", name="cr-dot-cr"),
        case(BARE_CR, b"\r.\r\n", "cr", name="cr-dot-crlf"),
        case(BARE_CR, b"\r.\n", "cr", name="cr-dot-lf"),
        case(BARE_CR, b"\n.\r", "cr", name="lf-dot-cr"),
        case(BARE_CR, b"\r\n.\r", "cr", name="crlf-dot-cr"),
        case(BARE_CR, b"\r\n.\r\r\n", "cr", name="crlf-dot-cr-crlf"),
        case(BARE_CR, b"\r\r\n\r.\r\r\n", "cr", name="cr-crlf-cr-dot-cr-crlf"),
        case(BARE_CR, b"\n\r.\n\r", "cr", name="lf-cr-dot-lf-cr"),
        case(BARE_CR, b"\r\r.\r\r", "cr", name="cr-cr-dot-cr-cr"),
        case(BARE_CR, b"\r\n\r.\r\n", "cr", name="crlf-cr-dot-crlf"),
        case(NO_END, b"\r\n\0.\r\n", "nul", name="crlf-nul-dot-crlf"),
        case(NO_END, b"\r\n.\0\r\n", "nul", name="crlf-dot-nul-crlf"),
        case(BARE_LF, b"\r\0\n.\r\n", "nul", name="cr-nul-lf-dot-crlf"),
        case(NO_END, b"\r\n.\r\0\n", "nul", name="crlf-dot-cr-nul-lf"),
        case(NO_END, b"\0\n.\0\n", "nul", name="nul-lf-dot-nul-lf"),
        case(NO_END, b"\r\0.\r\0", "nul", name="cr-nul-dot-cr-nul"),
        case(NO_END, b"\r\n. \r\n", "space", name="crlf-dot-space-crlf"),
        case(NO_END, b"\r\n.\t\r\n", "space", name="crlf-dot-tab-crlf"),
        case(NO_END, b"\r\n .\r\n", "space", name="crlf-space-dot-crlf"),
        case(NO_END, b"\r\n..\r\n", "space", name="crlf-dot-dot-crlf"),
        case(NO_END, b"\r\n.QUIT\r\n", "space", name="crlf-dot-word-crlf"),
        case(NO_END, b"\x0b.\x0b", "other", name="vt-dot-vt"),
        case(NO_END, b"\x0c.\x0c", "other", name="ff-dot-ff"),
        case(NO_END, b"\x85.\x85", "other", name="nel-dot-nel"),
        case(NO_END, b"\xe2\x80\xa8.\xe2\x80\xa8", "other", name="line-separator-dot-line-separator"),
        case(NO_END, b"\r\n\xef\xbb\xbf.\r\n", "other", name="crlf-bom-dot-crlf"),
    ],
)
def test_no_end(
    sequence: bytes, who: str, smtp_rcpt: SmtpClient, make_message: MessageMaker, exposure: Exposure
) -> None:
    """The sequence does not end the data: a command behind it is content."""
    exposure(f"{WHO[who]} {AFTERMATH}")
    smuggle(smtp_rcpt, make_message(), sequence)


@requirement(BARE_LF)
@pytest.mark.parametrize("border", [1024, 2048, 4096, 8192, 16384])
def test_no_end_at_a_border(border: int, smtp_rcpt: SmtpClient, make_message: MessageMaker, exposure: Exposure) -> None:
    """A period between line feeds does not end the data where a buffer of the server may end, either."""
    exposure(f"{WHO['lf']} {AFTERMATH}")
    message = make_message()
    filling = (b"x" * 62 + b"\r\n") * (border // 64 + 1)
    room = border - len(message) - len(b"before") - 1
    smuggle(smtp_rcpt, message + filling[: room - 2].rstrip(b"\r\n").ljust(room - 2, b"x") + b"\r\n", b"\n.\n")


@requirement("5321/4.1.1.4/data-354")
@pytest.mark.parametrize(
    "pieces",
    [
        (b"\r\n.\r\n",),
        (b"\r\n", b".\r\n"),
        (b"\r", b"\n.\r\n"),
        (b"\r\n.", b"\r\n"),
        (b"\r\n.\r", b"\n"),
        (b"\r", b"\n", b".", b"\r", b"\n"),
    ],
    ids=["whole", "before-dot", "in-first-crlf", "after-dot", "in-last-crlf", "each-octet"],
)
def test_end_in_pieces(pieces: tuple[bytes, ...], smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """The end of the data is found however its octets are cut into segments."""
    smtp_rcpt.command(b"DATA").require(354)
    smtp_rcpt.send(make_message().removesuffix(b"\r\n"))
    for piece in pieces:
        smtp_rcpt.send(piece)
    smtp_rcpt.reply().expect(250)
    require_refusals(smtp_rcpt)


@requirement("5321/4.1.1.4/data-354")
@pytest.mark.parametrize("border", [1024, 4096, 8192, 32768])
def test_end_at_a_border(border: int, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """The end of the data is found where a buffer of the server may end within it."""
    start = make_message()
    filling = (b"x" * 70 + b"\r\n") * (border // 72 + 1)
    room = border - 2 - len(start)
    message = start + filling[:room].rstrip(b"\r\n").ljust(room, b"x") + b"\r\n"
    smtp_rcpt.command(b"DATA").require(354)
    smtp_rcpt.send(message + b".\r\n")
    smtp_rcpt.reply().expect(250)
    require_refusals(smtp_rcpt)


@requirement("5321/4.5.2/unstuff")
@pytest.mark.parametrize("border", [1024, 4096, 8192, 16384])
def test_period_at_a_border(border: int, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """A doubled period is made one where a buffer of the server may end before it."""
    start = make_message(body=b"")
    room = border - len(start)
    filling = (b"x" * 62 + b"\r\n") * (border // 64 + 1)
    body = filling[: room - 2].rstrip(b"\r\n").ljust(room - 2, b"x") + b"\r\n.hidden\r\nend\r\n"
    message = start + body
    smtp_rcpt.data(message).require(250)

    delivered = body_of(inbox.wait(message))
    if delivered != body:
        raise Violation(
            ["the body as it was"], f"{len(delivered)} octets instead of {len(body)}: ...{delivered[-40:]!r}"
        )


@requirement("5321/4.5.2/unstuff")
@pytest.mark.parametrize(
    "body",
    [b".\r\n", b"..\r\n", b"...\r\n", b".\r\n.\r\n", b".\r\n\r\n.\r\n", b". \r\n", b".x\r\n", b"x\r\n.\r\nQUIT\r\n"],
    ids=["one", "two", "three", "one-one", "one-empty-one", "one-space", "one-letter", "one-quit"],
)
def test_periods(body: bytes, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """A body of periods arrives as it was before it was sent."""
    message = make_message(body=body)
    smtp_rcpt.data(message).require(250)

    delivered = body_of(inbox.wait(message))
    if delivered != body:
        raise Violation([repr(body)], repr(delivered))
