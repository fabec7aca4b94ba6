"""Octets, lines and arguments of commands: RFC 5321 sections 2.3.8, 2.4, 4.1.1, 4.1.1.4, 4.1.2, 4.2 and 4.2.2."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.failure import ConnectionClosed, ConnectionReset
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, SmtpClient, SmtpReply

#: Octets that no command may hold, by name.
INVALID = {"nul": b"\0", "bell": b"\x07", "escape": b"\x1b", "delete": b"\x7f"}


@requirement("5321/4.1.2/invalid-octets-501")
@pytest.mark.parametrize("octet", list(INVALID))
def test_control_character_in_a_path(octet: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """A control character in the reverse-path makes MAIL be refused with 501."""
    smtp.mail(b"a" + INVALID[octet] + envelope.sender).expect(501)


@requirement("5321/2.4/eight-bit-command")
@pytest.mark.parametrize("octets", [b"\xe9", b"\xc3\xa9", b"\xff"], ids=["latin-1", "utf-8", "never-utf-8"])
@pytest.mark.parametrize("command", ["mail", "rcpt"])
def test_eight_bit_path(command: str, octets: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """A path with octets above 127 is refused where nothing was agreed that allows them."""
    if command == "mail":
        smtp.mail(octets + envelope.sender).expect(PERMANENT)
    else:
        smtp.mail(envelope.sender).require(250)
        smtp.rcpt(octets + envelope.recipient).expect(PERMANENT)


@requirement("5321/2.4/eight-bit-command")
def test_eight_bit_verb(smtp: SmtpClient) -> None:
    """A verb with octets above 127 is refused."""
    smtp.command(b"NO\xd6P").expect(PERMANENT)


@requirement("5321/4.1.1.4/bare-lf-no-line")
@pytest.mark.parametrize("separator", [b"\n", b"\n\n"], ids=["lf", "lf-lf"])
def test_line_feed_ends_no_command(separator: bytes, smtp: SmtpClient) -> None:
    """Two commands with line feeds between them are one line, which gets one reply."""
    smtp.send(b"NOOP" + separator + b"RSET\r\n")
    reply = smtp.reply()
    reply.expect(SUCCESS, PERMANENT, CLOSED)
    if smtp.stream.ended is None:
        # Had the line feed ended a line, the reply to RSET, which is never refused, would be read here.
        smtp.command(b"X-UNKNOWN").expect(PERMANENT, CLOSED)


@requirement("5321/2.3.8/bare-cr-no-line")
@pytest.mark.parametrize("separator", [b"\r", b"\r\r"], ids=["cr", "cr-cr"])
def test_carriage_return_ends_no_command(separator: bytes, smtp: SmtpClient) -> None:
    """Two commands with carriage returns between them are one line, which gets one reply."""
    smtp.send(b"NOOP" + separator + b"RSET\r\n")
    reply = smtp.reply()
    reply.expect(SUCCESS, PERMANENT, CLOSED)
    if smtp.stream.ended is None:
        smtp.command(b"X-UNKNOWN").expect(PERMANENT, CLOSED)


@requirement("5321/4.2.2/221-and-354-reserved")
def test_codes_of_quit_and_data(smtp: SmtpClient, envelope: Envelope) -> None:
    """None of the other commands gets 221 or 354, in and out of a transaction."""
    lines = (b"NOOP", b"HELP", b"RSET", b"VRFY " + envelope.recipient, b"MAIL FROM:<%s>" % envelope.sender)
    for line in (*lines, b"RCPT TO:<%s>" % envelope.recipient, b"NOOP", b"MAIL FROM:<>", b"EHLO client.test"):
        smtp.command(line).expect_not(221, 354)
    require_refusals(smtp)


@requirement("5321/4.2.2/503-for-sequence")
def test_commands_out_of_sequence(smtp: SmtpClient, envelope: Envelope) -> None:
    """RCPT before MAIL and MAIL after MAIL get 503."""
    smtp.rcpt(envelope.recipient).expect(503)
    smtp.mail(envelope.sender).require(250)
    smtp.mail(envelope.sender).expect(503)


#: The codes of section 4.2.3, and those of extensions that mailspec itself uses (RFCs 3207, 4954, 7504).
KNOWN_CODES = frozenset(
    {211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452, 455, 500, 501, 502, 503, 504, 550, 551, 552, 553, 554}
    | {555, 235, 334, 432, 454, 521, 530, 534, 535, 538, 556}
)


def all_kinds(envelope: Envelope) -> tuple[bytes, ...]:
    """Return commands that lead to replies of many kinds; errors come last, for some targets count them."""
    return (
        b"NOOP",
        b"HELP",
        b"HELP NOOP",
        b"VRFY " + envelope.recipient,
        b"VRFY " + envelope.unknown,
        b"EXPN " + envelope.recipient,
        b"RSET",
        b"MAIL FROM:<%s>" % envelope.sender,
        b"RCPT TO:<%s>" % envelope.unknown,
        b"RCPT TO:<someone@elsewhere.test>",
        b"RCPT TO:<%s>" % envelope.recipient,
        b"RSET",
        b"EHLO client.test",
        b"HELO client.test",
        b"DATA",
        b"RCPT TO:<%s>" % envelope.recipient,
        b"MAIL FROM:<%s> XFROB=1" % envelope.sender,
        b"MAIL FROM:<%s>" % envelope.sender,
        b"MAIL FROM:<%s>" % envelope.sender,
        b"RSET now",
        b"X-UNKNOWN",
        b"SEND FROM:<%s>" % envelope.sender,
        b"TURN",
    )


#: So many replies are enough where the target then gives up on a client that errs.
ENOUGH_REPLIES = 14


def replies_of_all_kinds(smtp: SmtpClient, envelope: Envelope) -> Iterator[tuple[bytes, SmtpReply]]:
    """Yield commands with their replies, at most until the target gives up on us."""
    for number, line in enumerate(all_kinds(envelope)):
        reply = smtp.command(line)
        if number >= ENOUGH_REPLIES and isinstance(reply.failure, ConnectionClosed | ConnectionReset):
            reply.require(CLOSED)
            return
        yield line, reply
    require_refusals(smtp)


@requirement("5321/4.2/known-codes")
def test_codes_are_known(smtp: SmtpClient, envelope: Envelope) -> None:
    """Commands of many kinds get codes that a document defines."""
    for line, reply in replies_of_all_kinds(smtp, envelope):
        if reply.code not in KNOWN_CODES:
            raise Violation(["a code that RFC 5321 defines"], f"another one to {line.decode()}")


@requirement("5321/4.2/code-range")
def test_codes_are_in_range(smtp: SmtpClient, envelope: Envelope) -> None:
    """Commands of many kinds get codes from 200 to 599."""
    for line, reply in replies_of_all_kinds(smtp, envelope):
        if not 200 <= reply.code <= 599:
            raise Violation(["a code from 200 to 599"], f"{reply.code} to {line.decode()}")


@requirement("5321/4.2.1/same-code")
def test_lines_of_a_reply_have_one_code(smtp: SmtpClient, envelope: Envelope) -> None:
    """All lines of each reply begin with the same three digits."""
    for line, reply in replies_of_all_kinds(smtp, envelope):
        _ = reply.code
        if len(codes := {each[:3] for each in reply.octets.splitlines()}) > 1:
            raise Violation(["one code"], f"{sorted(codes)!r} to {line.decode()}")


@requirement("5321/F.1/no-turn")
def test_turn_is_refused(smtp: SmtpClient) -> None:
    """TURN from a client that has not logged in is refused."""
    smtp.command(b"TURN").expect(PERMANENT)


@requirement("5321/F.6/send-listed")
@pytest.mark.parametrize("command", [b"SEND", b"SOML", b"SAML"], ids=bytes.decode)
def test_obsolete_verb_is_listed(command: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """SEND, SOML and SAML are listed by EHLO, or refused."""
    reply = smtp.command(command + b" FROM:<%s>" % envelope.sender)
    if command not in smtp.capabilities:
        reply.expect(PERMANENT)
    else:
        reply.expect_not(500, 502)
        require_refusals(smtp)
