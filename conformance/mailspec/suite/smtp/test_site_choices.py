"""What a site may choose, and what holds once it has: RFC 5321 sections 3.1 and 7.3, RFC 2033, 3207, 7504 and 8314."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.target.expansions import list_of_accounts
from mailspec.target.profile import ServiceName
from mailspec.target.target import Target
from mailspec.verdict import NotOffered, NotRun, Violation
from mailspec.wire.imap import ImapClient
from mailspec.wire.pop3 import Pop3Client
from mailspec.wire.recorder import Recorder
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient

# Hosts that take no mail.


def refused_greeting(smtp: SmtpClient, code: int) -> None:
    """Read a greeting of that code; the check is not run on others."""
    if (found := smtp.greeting().require(220, 521, 554).code) != code:
        msg = f"the target greets with {found}"
        raise NotOffered(msg)


@pytest.mark.parametrize(
    "code",
    [
        case("5321/3.1/greeting-554", 554, name="554"),
        case("7504/3/greeting-521", 521, name="521"),
    ],
)
def test_greeting_that_takes_no_mail(code: int, smtp_new: SmtpClient, census: Census) -> None:
    """Whether the greeting says that no mail is taken is noted."""
    census(f"greeting of {code}", smtp_new.greeting().require(220, 521, 554).code == code)


@requirement("5321/3.1/after-554")
def test_connection_stays_after_554(smtp_new: SmtpClient) -> None:
    """After a greeting of 554 other commands have their replies, and QUIT ends the session."""
    refused_greeting(smtp_new, 554)
    smtp_new.command(b"NOOP").expect(SUCCESS, PERMANENT)
    smtp_new.quit().expect(221)
    smtp_new.expect_closed()


@requirement("5321/3.1/after-554-503")
def test_commands_after_554(smtp_new: SmtpClient, envelope: Envelope) -> None:
    """After a greeting of 554 commands get 503."""
    refused_greeting(smtp_new, 554)
    for line in (b"EHLO client.test", b"MAIL FROM:<%s>" % envelope.sender, b"NOOP"):
        smtp_new.command(line).require(SUCCESS, PERMANENT).expect(503)


@requirement("7504/3/after-521")
def test_commands_after_521(smtp_new: SmtpClient, census: Census) -> None:
    """What EHLO gets after a greeting of 521 is noted."""
    refused_greeting(smtp_new, 521)
    reply = smtp_new.command(b"EHLO client.test").require(SUCCESS, PERMANENT, CLOSED)
    census("EHLO after 521", "closed" if reply.failure is not None else reply.code)


# VRFY and EXPN.


@requirement("5321/7.3/disabled-252")
@pytest.mark.parametrize("verb", [b"VRFY", b"EXPN"], ids=bytes.decode)
def test_disabled_question(verb: bytes, smtp: SmtpClient, envelope: Envelope, target: Target) -> None:
    """Where names that are there and names that are not get the same, that is 252."""
    known = envelope.recipient if verb == b"VRFY" else list_of_accounts(target).address.encode()
    # A server that knows names without their domain only has not disabled the question.
    names = [name for address in (known, envelope.unknown) for name in (address, address.partition(b"@")[0])]
    codes = {smtp.command(verb + b" " + name).code for name in names}
    require_refusals(smtp)
    if len(codes) > 1 or codes & {250, 251, 500, 502}:
        msg = f"{verb.decode()} is not disabled: {sorted(codes)}"
        raise NotOffered(msg)
    if codes != {252}:
        raise Violation(["252"], f"{codes.pop()} to all names")


@requirement("5321/3.5.2/can-be-disabled")
def test_questions_that_are_answered(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """What VRFY and EXPN get is noted."""
    for verb in (b"VRFY", b"EXPN"):
        census(verb.decode(), smtp.command(verb + b" " + envelope.recipient).code)


# Ports.


@requirement("2033/5/not-port-25")
def test_no_lmtp_on_the_port_of_smtp(smtp_greeted: SmtpClient) -> None:
    """The port of SMTP does not know LHLO."""
    smtp_greeted.command(b"LHLO client.test").expect_not(250)
    require_refusals(smtp_greeted)


#: What speaks to each port that may have TLS.
KINDS: dict[ServiceName, type[SmtpClient | Pop3Client | ImapClient]] = {
    "submission": SmtpClient,
    "submissions": SmtpClient,
    "pop3s": Pop3Client,
    "imaps": ImapClient,
}


@requirement("8314/4.4/certificate-valid")
@pytest.mark.parametrize("service", list(KINDS))
def test_certificate(service: ServiceName, target: Target, recorder: Recorder) -> None:
    """The certificate is valid for the name in the profile, and comes from who is trusted there."""
    endpoint = target.endpoint(service)
    if not endpoint.verify:
        msg = f"the profile says verify = false for [{service}]"
        raise NotRun(msg)
    if endpoint.tls == "none":
        msg = f"the profile says tls = none for [{service}]"
        raise NotRun(msg)
    target.pace.before_connecting()
    client = KINDS[service].connect(replace(endpoint, tls="none"), recorder)
    if isinstance(client, SmtpClient) and endpoint.tls == "starttls":
        client.greeting().require(220)
        client.ehlo().require(250)
        client.command(b"STARTTLS").require(220)
    failure = client.stream.start_tls()
    if failure is not None and "CERTIFICATE_VERIFY_FAILED" in failure.reason:
        raise Violation([f"a certificate for {endpoint.server_name or endpoint.host}"], failure.reason)
    if failure is not None:
        msg = f"there is no TLS: {failure.reason}"
        raise NotOffered(msg)
    if endpoint.tls == "implicit":
        client.greeting().require()
    require_refusals(client)


# A server that wants TLS first.


def wants_tls(smtp: SmtpClient, envelope: Envelope) -> bool:
    """Say whether a transaction needs TLS here, going by MAIL and RCPT before it."""
    codes = [smtp.mail(envelope.sender).code, smtp.rcpt(envelope.recipient).code]
    return 530 in codes


@pytest.mark.parametrize(
    "about",
    [
        case("3207/4/530", "code", name="code", needs=("smtp STARTTLS",)),
        case("3207/4/530-status", "status", name="status", needs=("smtp STARTTLS",)),
    ],
)
def test_server_that_wants_tls(
    about: str, smtp_clear: SmtpClient, smtp_connect: Callable[[], SmtpClient], envelope: Envelope
) -> None:
    """Where mail is taken inside TLS alone, other commands than NOOP, EHLO, STARTTLS and QUIT get 530 before it."""
    inside = smtp_connect()
    inside.greeting().require(220)
    inside.ehlo().require(250)
    inside.start_tls()
    inside.ehlo().require(250)
    if not wants_tls(smtp_clear, envelope) or wants_tls(inside, envelope):
        msg = "mail is taken without TLS, or not inside it either"
        raise NotOffered(msg)
    lines = (b"MAIL FROM:<%s>" % envelope.sender, b"RCPT TO:<%s>" % envelope.recipient, b"VRFY nobody", b"RSET")
    for line in lines:
        reply = smtp_clear.command(line).require(SUCCESS, PERMANENT, TRANSIENT)
        if about == "code":
            reply.expect(530)
        elif reply.code == 530 and reply.enhanced not in {None, (5, 7, 0)}:
            raise Violation(["5.7.0"], repr(reply.lines[0]))
    for line in (b"NOOP", b"EHLO client.test"):
        smtp_clear.command(line).require(SUCCESS)
