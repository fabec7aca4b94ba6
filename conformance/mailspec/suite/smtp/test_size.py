"""The SIZE extension: RFC 1870, where it is offered."""

from __future__ import annotations

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.smtp.test_boundaries import TOO_LONG, sized
from mailspec.suite.smtp.test_extensions import advertised_size, fixed_maximum
from mailspec.suite.smtp.test_limits import COMMAND_LINE
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import NotOffered, NotRun, Violation
from mailspec.wire.smtp import SmtpClient

SIZE = ("smtp SIZE",)

#: Octets up to which an advertised maximum is tried out.
FEW = 16 << 20


@requirement("1870/6.1/fits", needs=SIZE)
@pytest.mark.parametrize("size", [0, 1, 999, 65536])
def test_small_size_is_accepted(size: int, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL that declares no more than every server takes is accepted, where no smaller maximum is announced."""
    if 0 < fixed_maximum(smtp) < size:
        msg = "the advertised maximum is smaller"
        raise NotRun(msg)
    smtp.mail(envelope.sender, b"SIZE=%d" % size).expect(250)
    require_refusals(smtp)


@requirement("1870/6.1/fits", needs=SIZE)
def test_the_maximum_is_accepted(smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL that declares exactly the advertised maximum is not refused as too large."""
    smtp.mail(envelope.sender, b"SIZE=%d" % advertised_size(smtp)).expect_not(552)
    require_refusals(smtp)


@requirement("1870/6.1/too-large", needs=SIZE)
@pytest.mark.parametrize("digits", [19, 20], ids=["19-digits", "20-digits"])
def test_huge_size_gets_552(digits: int, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL that declares a number of up to twenty digits, as the grammar allows, gets 552."""
    if len(str(advertised_size(smtp))) >= digits:
        msg = "the maximum is as large"
        raise NotRun(msg)
    smtp.mail(envelope.sender, b"SIZE=" + b"9" * digits).expect(552)


@requirement("5321/4.2.2/501-for-syntax", needs=SIZE)
@pytest.mark.parametrize(
    "value", [b"=", b"=ten", b"=-1", b"=1.5", b"=0x10"], ids=["empty", "word", "minus", "point", "hex"]
)
def test_malformed_size_is_refused(value: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """A SIZE whose value is no number breaks the syntax."""
    smtp.mail(envelope.sender, b"SIZE" + value).expect(501, 555)


@requirement("1870/6/no-end-of-data", needs=SIZE)
@pytest.mark.parametrize("declared", [1, 100, 60000])
def test_declared_size_does_not_cut(
    declared: int, smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox
) -> None:
    """A message of another size than declared is refused, or arrives whole."""
    body = (b"x" * 70 + b"\r\n") * 20 + b"end\r\n"
    message = make_message(body=body)
    smtp.mail(envelope.sender, b"SIZE=%d" % declared).require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    if smtp.data(message).code == 250 and (delivered := body_of(inbox.wait(message))) != body:
        raise Violation(["the whole body"], f"{len(delivered)} octets of {len(body)}")
    require_refusals(smtp)


@requirement("1870/6.3/no-552-once-agreed", needs=SIZE)
@pytest.mark.parametrize("octets", [1000, 65536])
def test_message_as_declared_is_taken(
    octets: int, smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker
) -> None:
    """A message of just the declared size does not get 552 after its data."""
    smtp.mail(envelope.sender, b"SIZE=%d" % octets).require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(sized(make_message, octets)).expect_not(552)
    require_refusals(smtp)


@requirement("1870/6.1/larger-than-declared", needs=SIZE)
def test_larger_than_declared(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, census: Census) -> None:
    """What becomes of a message that is larger than declared is noted."""
    smtp.mail(envelope.sender, b"SIZE=10").require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    census("reply to a message larger than declared", smtp.data(make_message()).code)


@requirement("1870/6.3/larger-refused", needs=SIZE)
def test_larger_than_the_maximum(smtp_rcpt: SmtpClient, make_message: MessageMaker, census: Census) -> None:
    """What becomes of undeclared data over the maximum is noted."""
    size = advertised_size(smtp_rcpt)
    if size > FEW:
        msg = f"the maximum is {size} octets, too many to try out"
        raise NotRun(msg)
    census("reply to data over the maximum", smtp_rcpt.data(sized(make_message, size + 1000)).code)


@requirement("1870/4/limit", needs=SIZE)
def test_limit(smtp: SmtpClient, census: Census) -> None:
    """The advertised maximum is noted."""
    census("SIZE", smtp.capabilities[b"SIZE"])


@requirement("1870/6.1/other-errors", needs=SIZE)
def test_other_errors(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The reply to a huge size after HELO, where SIZE is not in force, is noted."""
    smtp.helo().require(250)
    census("reply to SIZE after HELO", smtp.mail(envelope.sender, b"SIZE=1000").code)


@requirement("1870/3/zero-is-no-maximum", needs=SIZE)
def test_zero_is_no_maximum(smtp: SmtpClient, envelope: Envelope) -> None:
    """Where SIZE is 0, no declared size is too large for ever."""
    if smtp.capabilities[b"SIZE"].strip(b"0") or not smtp.capabilities[b"SIZE"]:
        msg = "SIZE does not announce 0"
        raise NotOffered(msg)
    smtp.mail(envelope.sender, b"SIZE=" + b"9" * 18).expect_not(552)
    require_refusals(smtp)


#: The longest SIZE (section 3).
LONGEST = b"SIZE=" + b"100".zfill(20)


@requirement("1870/3/longer-mail", needs=SIZE)
def test_longer_mail(smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL with the longest SIZE may have 26 octets more than other lines; white space at its end makes it as long."""
    expect_longer_mail(smtp, envelope, LONGEST, 26)


def expect_longer_mail(smtp: SmtpClient, envelope: Envelope, parameter: bytes, more: int) -> None:
    """Judge that MAIL with a parameter may be longer by so much.

    Raises:
        NotRun: white space at the end of a line is refused even where the line is no longer than others.
    """
    line = b"MAIL FROM:<%s> %s" % (envelope.sender, parameter)
    if smtp.command(line.ljust(COMMAND_LINE - 2)).code != 250:
        msg = "the target refuses white space at the end of MAIL"
        raise NotRun(msg)
    smtp.command(b"RSET").require(250)
    smtp.command(line.ljust(COMMAND_LINE - 2 + more)).require(250, *TOO_LONG).expect(250)
    require_refusals(smtp)
