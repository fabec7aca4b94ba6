"""Enhanced status codes: RFC 2034 section 4 and RFC 3463 section 2, where they are offered."""

from __future__ import annotations

import re

import pytest

from mailspec.requirement import requirement
from mailspec.suite.smtp.test_syntax import all_kinds
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import SmtpClient, SmtpReply

NEEDS = ("smtp ENHANCEDSTATUSCODES",)

# status-code = class "." subject "." detail ; subject and detail have one to three digits (RFC 2034 section 4)
CODE = re.compile(rb"([245])\.(\d{1,3})\.(\d{1,3})(?= |\Z)")


def codes(reply: SmtpReply) -> list[re.Match[bytes] | None]:
    """Return the enhanced code of each line."""
    return [CODE.match(line) for line in reply.lines]


def expect_code(reply: SmtpReply) -> None:
    """Judge that a reply begins with an enhanced status code."""
    if codes(reply)[0] is None:
        raise Violation(["an enhanced status code"], repr(reply.lines[0]))


def transaction(envelope: Envelope) -> tuple[bytes, ...]:
    """Return commands with all kinds of replies, but those that have no enhanced code."""
    return tuple(line for line in all_kinds(envelope) if line[:4] not in {b"EHLO", b"HELO"})


@requirement("2034/4/codes-present", needs=NEEDS)
def test_every_reply_has_a_code(smtp: SmtpClient, envelope: Envelope) -> None:
    """Replies of all kinds begin with an enhanced code."""
    for line in transaction(envelope):
        reply = smtp.command(line)
        if reply.code // 100 in {2, 4, 5} and codes(reply)[0] is None:
            raise Violation(["an enhanced status code"], f"{reply.lines[0]!r} to {line.decode()}")


@requirement("2034/4/codes-present", needs=NEEDS)
def test_data_and_quit_have_a_code(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """The replies to the data and to QUIT begin with an enhanced code."""
    for reply in (smtp_rcpt.data(make_message()).require(250), smtp_rcpt.quit().require(221)):
        expect_code(reply)


@requirement("2034/4/every-line", needs=NEEDS)
def test_every_line_has_the_same_code(smtp: SmtpClient, envelope: Envelope) -> None:
    """All lines of a reply have the same enhanced code, if one has it."""
    for line in transaction(envelope):
        reply = smtp.command(line)
        found = {match[0] if match else b"none" for match in codes(reply)}
        if len(found) > 1:
            raise Violation(["one enhanced status code"], f"{sorted(found)!r} to {line.decode()}")


@requirement("2034/4/class-agrees", needs=NEEDS)
def test_class_is_the_first_digit(smtp: SmtpClient, envelope: Envelope) -> None:
    """In replies of all kinds the class of the enhanced code is the first digit of the reply code."""
    for line in transaction(envelope):
        reply = smtp.command(line)
        wrong = [match[0] for match in codes(reply) if match and int(match[1]) != reply.code // 100]
        if wrong:
            raise Violation([f"{reply.code // 100}.x.y"], f"{wrong[0]!r} with {reply.code} to {line.decode()}")


@requirement("2034/4/without-ehlo", needs=NEEDS)
@pytest.mark.parametrize(
    "line", [b"RSET", b"NOOP", b"FROBNICATE", b"RCPT TO:<a@b.test>"], ids=["rset", "noop", "unknown", "rcpt"]
)
def test_codes_after_helo(line: bytes, smtp_greeted: SmtpClient) -> None:
    """After HELO replies have enhanced codes as well."""
    smtp_greeted.helo().require(250)
    reply = smtp_greeted.command(line)
    if codes(reply)[0] is None:
        raise Violation(["an enhanced status code"], repr(reply.lines[0]))
    require_refusals(smtp_greeted)
