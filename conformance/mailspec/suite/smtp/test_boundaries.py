"""Sizes below, at and above each minimum: RFC 5321 section 4.5.3.1.

Up to the minimum the object must be taken. Above it a server may refuse, with a reply and without losing its place, or
take the object whole.
"""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.smtp.test_limits import COMMAND_LINE, CONTENT, RECIPIENTS, TEXT_LINE
from mailspec.suite.steps import Envelope, MessageMaker, Sender, require_refusals
from mailspec.verdict import NotRun, Violation
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient

#: Replies that say that something is too long, or is bad syntax.
TOO_LONG = (500, 501, 552)

#: Octets of the longest path, its punctuation included (section 4.5.3.1.3).
PATH = 256


def domain_of(octets: int) -> bytes:
    """Return a domain of so many octets, 3 at least, with labels of at most 62."""
    end = b"t"
    rest = octets - len(end)
    labels = b"".join(b"d" * 61 + b"." for _ in range(rest // 62))
    short = rest % 62
    if short == 1:
        return b"dd." + labels.removeprefix(b"dd") + end
    return (b"d" * (short - 1) + b"." if short else b"") + labels + end


@requirement("5321/4.5.3.1.1/local-part-64")
@pytest.mark.parametrize("octets", [1, 2, 63, 64])
def test_local_part(octets: int, smtp: SmtpClient, envelope: Envelope) -> None:
    """A reverse-path with a local part up to the minimum is accepted."""
    smtp.mail(b"l" * octets + b"@" + envelope.sender.partition(b"@")[2]).expect(250)
    require_refusals(smtp)


@requirement("5321/4.5.3.1.1/local-part-64")
@pytest.mark.parametrize("octets", [63, 64])
def test_local_part_of_a_recipient(octets: int, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A recipient with a local part up to the minimum may be unknown, but is not too long."""
    smtp_mail.rcpt(b"l" * octets + b"@" + envelope.domain).expect_not(*TOO_LONG)
    require_refusals(smtp_mail)


@requirement("5321/4.5.3.1.2/domain-255")
@pytest.mark.parametrize("octets", [64, 253, 254, 255])
def test_domain(octets: int, smtp_greeted: SmtpClient) -> None:
    """EHLO with a domain up to the minimum is not too long."""
    smtp_greeted.ehlo(domain_of(octets)).expect_not(500, 501)
    require_refusals(smtp_greeted)


@requirement("5321/4.5.3.1.3/path-256")
@pytest.mark.parametrize("octets", [255, 256])
def test_path_of_sender(octets: int, smtp: SmtpClient) -> None:
    """A reverse-path up to the minimum, angle brackets included, is not too long."""
    smtp.mail(b"l" * 60 + b"@" + domain_of(octets - 63)).expect_not(*TOO_LONG)
    require_refusals(smtp)


@requirement("5321/4.5.3.1.3/path-256")
@pytest.mark.parametrize("octets", [255, 256])
def test_path_of_recipient(octets: int, smtp_mail: SmtpClient) -> None:
    """A forward-path up to the minimum may be refused as others are, but is not too long."""
    smtp_mail.rcpt(b"l" * 60 + b"@" + domain_of(octets - 63)).expect_not(*TOO_LONG)
    require_refusals(smtp_mail)


@requirement("5321/4.5.3.1.4/command-512")
@pytest.mark.parametrize("octets", [COMMAND_LINE - 1, COMMAND_LINE])
def test_command_line(octets: int, smtp: SmtpClient) -> None:
    """A command line up to the minimum is not refused as too long."""
    smtp.command(b"NOOP ".ljust(octets - 2, b"x")).expect_not(500)
    require_refusals(smtp)


@requirement("5321/4.2/one-reply")
@pytest.mark.parametrize("octets", [COMMAND_LINE + 1, 1000, 1001, 2048, 2049, 4096, 8192, 65536])
def test_longer_command_line(octets: int, smtp: SmtpClient) -> None:
    """A longer line gets one reply: what is beyond the limit is not taken for another command."""
    line = b"NOOP " + b"x" * (octets - 2 - 5 - 7) + b" RSET\r\n"
    smtp.send(line + b"\r\n")
    if smtp.reply().expect(SUCCESS, PERMANENT, 421, CLOSED).octets.startswith(b"421"):
        # The target gives up on such a client.
        smtp.expect_closed()
    elif smtp.stream.ended is None:
        # The empty line behind it has a reply, too; from there on nothing may be left over.
        smtp.reply().expect(SUCCESS, PERMANENT, CLOSED)
    if smtp.stream.ended is None:
        smtp.command(b"X-UNKNOWN").expect(PERMANENT, CLOSED)


@requirement("5321/4.5.3.1.6/text-line-1000")
@pytest.mark.parametrize("octets", [3, 998, 999, 1000])
def test_text_line(octets: int, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """A text line up to the minimum, CRLF included, arrives in one piece."""
    line = b"x" * (octets - 2)
    message = make_message(body=line + b"\r\n")
    smtp_rcpt.data(message).expect(250)
    if (delivered := body_of(inbox.wait(message))) != line + b"\r\n":
        raise Violation(["the line as it was sent"], f"{len(delivered)} octets, beginning {delivered[:40]!r}")


@requirement("5321/4.1.1.4/content-delivered")
@pytest.mark.parametrize("octets", [TEXT_LINE + 1, 2048, 4096, 8192, 65536])
def test_longer_text_line(octets: int, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """A longer line is refused, or arrives whole: nothing of it is lost or broken without a word."""
    line = b"x" * (octets - 2)
    message = make_message(body=line + b"\r\n")
    if smtp_rcpt.data(message).expect(250, PERMANENT, TRANSIENT).code != 250:
        require_refusals(smtp_rcpt)
        return
    delivered = body_of(inbox.wait(message))
    if delivered != line + b"\r\n":
        longest = max(map(len, delivered.split(b"\r\n")))
        raise Violation(["the line as it was sent"], f"{len(delivered)} octets, the longest line {longest}")


def sized(make_message: MessageMaker, octets: int) -> bytes:
    """Return a message of exactly so many octets."""
    start = make_message(body=b"")
    room = octets - len(start)
    filling = (b"x" * 70 + b"\r\n") * (room // 72 + 1)
    return start + filling[: room - 2].rstrip(b"\r\n").ljust(room - 2, b"x") + b"\r\n"


@requirement("5321/4.5.3.1.7/content-64k")
@pytest.mark.parametrize("octets", [CONTENT - 1, CONTENT, CONTENT + 1])
def test_content(octets: int, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """Content up to the minimum is taken; one octet more may be refused for its size only."""
    reply = smtp_rcpt.data(sized(make_message, octets))
    if octets <= CONTENT:
        reply.expect(250)
    else:
        reply.expect(250, 552)
    require_refusals(smtp_rcpt)


@requirement("5321/4.5.3.1.7/size-offered")
def test_size_is_offered_where_there_is_a_limit(
    smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker
) -> None:
    """A server without SIZE takes 12 MiB."""
    if b"SIZE" not in smtp.capabilities:
        smtp.mail(envelope.sender).require(250)
        smtp.rcpt(envelope.recipient).require(250, 251)
        smtp.data(sized(make_message, 12 << 20)).expect_not(552)
    require_refusals(smtp)


@requirement("5321/4.5.3.1.8/header-recipients")
@pytest.mark.parametrize("field", [b"To", b"Cc"], ids=bytes.decode)
def test_recipients_in_the_header(field: bytes, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """A message with 300 recipients in its header section is taken."""
    names = b",\r\n ".join(b"<someone%d@elsewhere.test>" % number for number in range(300))
    smtp_rcpt.data(make_message(extra=field + b": " + names + b"\r\n")).expect(250)
    require_refusals(smtp_rcpt)


#: Recipients after which the limit of a server is not looked for any further.
ENOUGH = 1100


def reach_limit(smtp: SmtpClient, envelope: Envelope) -> int:
    """Name recipients until one is refused, and return the code of that reply.

    Raises:
        NotRun: no limit was found.
    """
    smtp.rcpt(envelope.recipient).require(250, 251)
    for _ in range(ENOUGH):
        code = smtp.rcpt(envelope.recipient).code
        if code not in {250, 251}:
            return code
    msg = f"{ENOUGH} recipients were accepted"
    raise NotRun(msg)


@requirement("5321/4.5.3.1.10/limit-452")
def test_beyond_the_limit_of_recipients(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """The first recipient beyond the server's limit gets 452."""
    if (code := reach_limit(smtp_mail, envelope)) != 452:
        raise Violation(["452"], f"{code} to the first recipient that was refused")
    require_refusals(smtp_mail)


@requirement("5321/4.5.3.1.8/orderly-limit")
def test_recipients_within_the_limit_are_kept(
    smtp_mail: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox, send: Sender
) -> None:
    """After recipients were refused as too many, the message arrives at those that were accepted."""
    if reach_limit(smtp_mail, envelope) // 100 not in {4, 5}:
        msg = "the recipient was neither accepted nor refused"
        raise NotRun(msg)
    limited, later = make_message(), make_message()
    smtp_mail.command(b"DATA").require(354)
    smtp_mail.content(limited).expect(250)
    send(later)
    inbox.wait(later)
    if not inbox.overtaken(limited):
        raise Violation(["the message for those within the limit"], "only a later message")


@requirement("5321/4.5.3.1.8/recipients-100")
def test_message_for_one_hundred(smtp_mail: SmtpClient, envelope: Envelope, make_message: MessageMaker) -> None:
    """A message for one hundred recipients is taken."""
    for _ in range(RECIPIENTS):
        smtp_mail.rcpt(envelope.recipient).expect(250, 251)
    smtp_mail.data(make_message()).expect(250)
    require_refusals(smtp_mail)
