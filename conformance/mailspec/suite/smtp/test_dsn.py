"""The parameters of delivery status notifications: RFC 3461 sections 4 and 5, where DSN is offered."""

from __future__ import annotations

import itertools

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import Violation
from mailspec.wire.smtp import SmtpClient

NEEDS = ("smtp DSN",)

WORDS = (b"SUCCESS", b"FAILURE", b"DELAY")

#: Every choice of words in every order, and NEVER.
NOTIFY = (b"NEVER", *(b",".join(p) for size in (1, 2, 3) for p in itertools.permutations(WORDS, size)))

#: Every printable character but those that xtext must encode, and those encoded.
XTEXT = bytes(range(0x21, 0x2B)) + bytes(range(0x2C, 0x3D)) + bytes(range(0x3E, 0x7F)) + b"+2B+3D+20"


def named(values: dict[str, bytes], requirement_id: str) -> list[object]:
    """Return a row for each value."""
    return [case(requirement_id, value, name=name, needs=NEEDS) for name, value in values.items()]


@requirement("3461/2/no-parameter", needs=NEEDS)
def test_keyword_alone(smtp: SmtpClient) -> None:
    """DSN stands alone in its line."""
    if parameter := smtp.capabilities[b"DSN"]:
        raise Violation(["DSN without a parameter"], repr(parameter))


# What is taken.


@requirement("3461/4.1/notify-values", needs=NEEDS)
@pytest.mark.parametrize(
    "value",
    [
        *(pytest.param(value, id=value.decode().lower().replace(",", "-")) for value in NOTIFY),
        pytest.param(b"never", id="never-in-lower-case"),
        pytest.param(b"Success,fAILURE,delay", id="all-in-mixed-case"),
    ],
)
def test_notify(value: bytes, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """NOTIFY is taken with NEVER, and with each choice of the other words."""
    smtp_mail.rcpt(envelope.recipient, b"NOTIFY=" + value).expect(250, 251)
    require_refusals(smtp_mail)


@requirement("3461/4.3/ret-values", needs=NEEDS)
@pytest.mark.parametrize(
    "value", [b"FULL", b"HDRS", b"full", b"Hdrs"], ids=["full", "hdrs", "lower-case", "mixed-case"]
)
def test_ret(value: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """RET is taken with FULL and HDRS."""
    smtp.mail(envelope.sender, b"RET=" + value).expect(250)
    require_refusals(smtp)


@pytest.mark.parametrize(
    "parameters",
    named(
        {
            "envid": b"ENVID=QQ314159",
            "envid-xtext": b"ENVID=" + XTEXT[:60],
            "envid-more-xtext": b"ENVID=" + XTEXT[60:],
            "envid-encoded": b"ENVID=+2B+3D+7E",
            "both": b"RET=HDRS ENVID=a",
            "other-order": b"ENVID=a RET=FULL",
            "lower-case": b"envid=a ret=full",
        },
        "3461/5.1/mail-parameters-neutral",
    ),
)
@pytest.mark.parametrize("null", [False, True], ids=["sender", "null"])
def test_mail_parameters(null: bool, parameters: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL with valid ENVID and RET has the reply that it has without."""
    sender = b"" if null else envelope.sender
    without = smtp.mail(sender).require(250).code
    smtp.command(b"RSET").require(250)
    smtp.mail(sender, parameters).expect(without)
    require_refusals(smtp)


@pytest.mark.parametrize(
    "parameters",
    named(
        {
            "notify": b"NOTIFY=SUCCESS,DELAY",
            "orcpt": b"ORCPT=rfc822;someone@elsewhere.test",
            "orcpt-foreign-type": b"ORCPT=x400;/S+3Dsomeone/",
            "orcpt-xtext": b"ORCPT=rfc822;a+2Bb+3Dc@elsewhere.test",
            "orcpt-no-address": b"ORCPT=rfc822;not-an-address",
            "both": b"NOTIFY=FAILURE ORCPT=rfc822;a@b.test",
            "other-order": b"ORCPT=rfc822;a@b.test NOTIFY=NEVER",
            "lower-case": b"notify=failure orcpt=RFC822;a@b.test",
        },
        "3461/5.1/rcpt-parameters-neutral",
    ),
)
@pytest.mark.parametrize("to", ["user", "unknown"])
def test_rcpt_parameters(to: str, parameters: bytes, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """RCPT with valid NOTIFY and ORCPT has the reply that it has without, whether that is good or bad."""
    recipient = envelope.recipient if to == "user" else envelope.unknown
    without = smtp_mail.rcpt(recipient).code
    smtp_mail.rcpt(recipient, parameters).expect(without)
    require_refusals(smtp_mail)


@pytest.mark.parametrize(
    "parameter",
    named(
        {"envid": b"ENVID=" + b"e" * 100, "envid-encoded": b"ENVID=" + b"+3D" * 33 + b"e", "ret": b"RET=FULL"},
        "3461/5.4/parameter-sizes",
    ),
)
def test_sizes_in_mail(parameter: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """Parameters of MAIL as long as any server must take are taken."""
    smtp.mail(envelope.sender, parameter).expect(250)
    require_refusals(smtp)


@pytest.mark.parametrize(
    "parameter",
    named(
        {
            "notify": b"NOTIFY=SUCCESS,FAILURE,DELAY",
            "orcpt": b"ORCPT=rfc822;" + b"o" * 487 + b"@elsewhere.test"[:6],
            "both": b"NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;" + b"o" * 493,
        },
        "3461/5.4/parameter-sizes",
    ),
)
def test_sizes_in_rcpt(parameter: bytes, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """Parameters of RCPT as long as any server must take are taken."""
    smtp_mail.rcpt(envelope.recipient, parameter).expect(250, 251)
    require_refusals(smtp_mail)


@requirement("3461/5.4/command-1036", needs=NEEDS)
def test_long_command(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A RCPT of 1036 octets is not too long, whatever becomes of its recipient."""
    parameters = b"NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;" + b"o" * 493
    rest = 1036 - len(b"RCPT TO:<@> \r\n") - len(parameters) - len(envelope.domain)
    smtp_mail.rcpt(b"l" * rest + b"@" + envelope.domain, parameters).expect_not(500)
    smtp_mail.rcpt(envelope.recipient).expect(250, 251)
    require_refusals(smtp_mail)


@requirement("3461/5.4/combined-length", needs=("smtp DSN", "smtp 8BITMIME", "smtp SIZE"))
def test_all_parameters_of_mail(smtp: SmtpClient) -> None:
    """MAIL with a long sender and the parameters of several extensions is taken."""
    sender = b"l" * 64 + b"@" + b"d2345678." * 20 + b"test"
    utf8 = (b"SMTPUTF8",) if b"SMTPUTF8" in smtp.capabilities else ()
    smtp.mail(sender, b"ENVID=" + b"e" * 100, b"RET=FULL", b"SIZE=100", b"BODY=8BITMIME", *utf8).expect(250)
    require_refusals(smtp)


# What is refused.


@pytest.mark.parametrize(
    "parameters",
    [
        *named(
            {
                "ret-other": b"RET=NONE",
                "ret-both": b"RET=FULL,HDRS",
                "envid-short-hex": b"ENVID=a+4",
                "envid-not-hex": b"ENVID=a+GGb",
                "envid-lower-hex": b"ENVID=a+3db",
                "envid-plus": b"ENVID=a+",
            },
            "3461/5.1/mail-value-501",
        ),
        *named(
            {
                "two-ret": b"RET=FULL RET=HDRS",
                "same-ret": b"RET=FULL ret=FULL",
                "two-envid": b"ENVID=a ENVID=b",
                "apart": b"ENVID=a RET=FULL ENVID=a",
            },
            "3461/5.1/mail-duplicate-501",
        ),
    ],
)
def test_bad_mail_parameters(parameters: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL with a wrong or doubled parameter gets 501."""
    smtp.mail(envelope.sender, parameters).expect(501)


@pytest.mark.parametrize(
    "parameters",
    [
        *named(
            {
                "never-success": b"NOTIFY=NEVER,SUCCESS",
                "failure-never": b"NOTIFY=FAILURE,NEVER",
                "delay-never": b"NOTIFY=DELAY,never",
            },
            "3461/4.1/never-alone",
        ),
        *named(
            {
                "notify-other": b"NOTIFY=ALWAYS",
                "notify-one-wrong": b"NOTIFY=SUCCESS,ALWAYS",
                "orcpt-no-type": b"ORCPT=someone@elsewhere.test",
                "orcpt-bad-xtext": b"ORCPT=rfc822;a+zz@elsewhere.test",
                "orcpt-plus": b"ORCPT=rfc822;a+b@elsewhere.test",
            },
            "3461/5.1/rcpt-value-501",
        ),
        *named(
            {
                "two-notify": b"NOTIFY=SUCCESS NOTIFY=FAILURE",
                "same-notify": b"NOTIFY=NEVER NOTIFY=NEVER",
                "two-orcpt": b"ORCPT=rfc822;a@b.test ORCPT=rfc822;c@d.test",
            },
            "3461/4.5/rcpt-duplicate-501",
        ),
    ],
)
def test_bad_rcpt_parameters(parameters: bytes, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """RCPT with a wrong or doubled parameter gets 501."""
    smtp_mail.rcpt(envelope.recipient, parameters).expect(501)


@requirement("3461/5.1/mail-value-501", needs=NEEDS)
@pytest.mark.parametrize("parameter", [b"RET", b"ENVID"], ids=["ret", "envid"])
def test_mail_parameter_alone(parameter: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL with a parameter that lacks its value is refused; without one there is none that is wrong, so 555 will do."""
    smtp.mail(envelope.sender, parameter).expect(501, 555)


@requirement("3461/5.1/rcpt-value-501", needs=NEEDS)
@pytest.mark.parametrize("parameter", [b"NOTIFY", b"ORCPT"], ids=["notify", "orcpt"])
def test_rcpt_parameter_alone(parameter: bytes, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """RCPT with a parameter that lacks its value is refused, with 501 or 555 as MAIL is."""
    smtp_mail.rcpt(envelope.recipient, parameter).expect(501, 555)


# Noted, not judged.


@requirement("3461/4.1/null-elements", needs=NEEDS)
def test_empty_word(smtp_mail: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The reply to a list with an empty element, which RFC 822 lets a list have, is noted."""
    census("reply to NOTIFY=SUCCESS,", smtp_mail.rcpt(envelope.recipient, b"NOTIFY=SUCCESS,").code)


@requirement("3461/5.2/local-parameters-trace", needs=NEEDS)
def test_envelope_id_in_the_mailbox(
    smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox, census: Census
) -> None:
    """Whether ENVID and ORCPT can be seen in the delivered message is noted."""
    message = make_message()
    smtp.mail(envelope.sender, b"ENVID=seen-or-not").require(250)
    smtp.rcpt(envelope.recipient, b"ORCPT=rfc822;first@elsewhere.test", b"NOTIFY=NEVER").require(250, 251)
    smtp.data(message).require(250)
    arrived = inbox.wait(message)
    census("ENVID in the message", b"seen-or-not" in arrived)
    census("ORCPT in the message", b"first@elsewhere.test" in arrived)
