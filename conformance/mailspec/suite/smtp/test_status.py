"""What enhanced status codes look like, and which there are: RFC 3463 sections 2 and 3, RFC 2034 section 3."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.smtp.test_extensions import advertised_size
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import SmtpClient, SmtpReply

NEEDS = ("smtp ENHANCEDSTATUSCODES",)

# status-code = class "." subject "." detail ; class = "2"/"4"/"5" ; subject = 1*3digit ; detail = 1*3digit
CODE = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?!\d)")

#: With these a server ends the connection.
ENDING = frozenset({421, 521})

#: What begins like a code: somebody meant one.
MEANT = re.compile(rb"\d+\.\d[\d.]*")


def replies(smtp: SmtpClient, envelope: Envelope) -> Iterator[tuple[bytes, SmtpReply]]:
    """Yield commands that lead to replies of many kinds with their replies, those to EHLO and HELO left out.

    A wrong BDAT comes last: who cannot tell what is data and what are commands ends the connection, and so do many
    after a number of errors, wherefore few come before it.
    """
    lines = (
        b"NOOP",
        b"HELP",
        b"VRFY " + envelope.recipient,
        b"VRFY " + envelope.unknown,
        b"DATA",
        b"MAIL FROM:<%s> RET=NONE" % envelope.sender,
        b"MAIL FROM:<a@b@c>",
        b"RSET",
        b"MAIL FROM:<%s>" % envelope.sender,
        b"MAIL FROM:<%s>" % envelope.sender,
        b"RCPT TO:<%s>" % envelope.unknown,
        b"RCPT TO:<someone@elsewhere.test>",
        b"X-UNKNOWN",
        b"VRFY",
        b"RCPT TO:<%s>" % envelope.recipient,
        b"BDAT x",
    )
    for line in lines:
        reply = smtp.command(line)
        if reply.code // 100 in {2, 4, 5}:
            yield line, reply
        if reply.code in ENDING:
            return


@requirement("2034/3/no-parameter", needs=NEEDS)
def test_keyword_alone(smtp: SmtpClient) -> None:
    """ENHANCEDSTATUSCODES stands alone in its line."""
    if parameter := smtp.capabilities[b"ENHANCEDSTATUSCODES"]:
        raise Violation(["ENHANCEDSTATUSCODES without a parameter"], repr(parameter))


@requirement("3463/2/code-form", needs=NEEDS)
def test_form(smtp: SmtpClient, envelope: Envelope) -> None:
    """What begins like a status code is one."""
    for line, reply in replies(smtp, envelope):
        wrong = [text for text in reply.lines if MEANT.match(text) and not CODE.match(text)]
        if wrong:
            raise Violation(["class.subject.detail"], f"{wrong[0]!r} to {line!r}")


@requirement("2034/3/space-after-code", needs=NEEDS)
def test_space(smtp: SmtpClient, envelope: Envelope) -> None:
    """A status code is followed by a space, or ends its line."""
    for line, reply in replies(smtp, envelope):
        for text in reply.lines:
            found = CODE.match(text)
            if found is not None and text[found.end() : found.end() + 1] not in {b" ", b""}:
                raise Violation(["a space behind the code"], f"{text!r} to {line!r}")


@requirement("3463/2/no-leading-zeros", needs=NEEDS)
def test_zeros(smtp: SmtpClient, envelope: Envelope) -> None:
    """No number of a status code has leading zeros."""
    for line, reply in replies(smtp, envelope):
        found = CODE.match(reply.lines[0])
        if found is not None and any(len(part) > 1 and part.startswith(b"0") for part in found[0].split(b".")):
            raise Violation(["numbers without leading zeros"], f"{found[0]!r} to {line!r}")


@requirement("3463/2/known-subjects", needs=NEEDS)
def test_subjects(smtp: SmtpClient, envelope: Envelope) -> None:
    """The subject of a status code is from 0 to 7."""
    for line, reply in replies(smtp, envelope):
        found = CODE.match(reply.lines[0])
        if found is not None and int(found[0].split(b".")[1]) > 7:
            raise Violation(["a subject from 0 to 7"], f"{found[0]!r} to {line!r}")


# Which codes: noted, not judged.


def note(census: Census, name: str, reply: SmtpReply) -> None:
    """Note reply code and status code."""
    found = CODE.match(reply.lines[0])
    census(name, f"{reply.code} {found[0].decode() if found else 'none'}")


@requirement("3463/3.2/unknown-mailbox", needs=NEEDS)
def test_unknown_mailbox(smtp_mail: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The codes of an unknown mailbox are noted."""
    note(census, "unknown mailbox", smtp_mail.rcpt(envelope.unknown))


@requirement("3463/3.4/message-too-big", needs=("smtp ENHANCEDSTATUSCODES", "smtp SIZE"))
def test_too_big(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The codes of a message that is announced as too big are noted."""
    note(census, "too big", smtp.mail(envelope.sender, b"SIZE=%d" % (advertised_size(smtp) + 1)))


@requirement("3463/3.6/wrong-command", needs=NEEDS)
def test_wrong_commands(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The codes of wrong commands are noted."""
    note(census, "unknown", smtp.command(b"FROBNICATE"))
    note(census, "wrong argument", smtp.command(b"MAIL FROM:nobody at all"))
    note(census, "wrong sequence", smtp.rcpt(envelope.recipient))


@requirement("3463/3.8/relaying-refused", needs=NEEDS)
def test_relaying(smtp_mail: SmtpClient, census: Census) -> None:
    """The codes of a refusal to relay are noted."""
    note(census, "relaying", smtp_mail.rcpt(b"someone@elsewhere.test"))


@requirement("7504/4/556-for-no-mail")
@pytest.mark.parametrize("to", ["unknown", "elsewhere"])
def test_556(to: str, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A refused mailbox in a domain that takes mail does not get 556."""
    smtp_mail.rcpt(envelope.unknown if to == "unknown" else b"someone@elsewhere.test").expect_not(556)
    require_refusals(smtp_mail)
