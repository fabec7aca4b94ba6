"""What needs a login, what needs TLS before it, and what a login changes: RFC 4954 sections 3 to 7."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox, fields
from mailspec.suite.smtp.auth import KNOWN, PLAIN, listed
from mailspec.suite.smtp.test_auth_exchange import expect_status
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.target.target import Target
from mailspec.verdict import Blocked, NotOffered, NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.smtp import PERMANENT, TRANSIENT, SmtpClient

#: Mechanisms that show the password to whoever listens.
CLEAR_PASSWORDS = {b"PLAIN", b"LOGIN"}

#: What says that a mechanism cannot be used now: not without TLS, or not at all.
NOT_NOW = (504, 530, 534, 538)


@requirement("4954/6/530-when-required")
@pytest.mark.parametrize("command", [b"NOOP", b"RSET", b"EHLO client.test", b"HELO client.test", b"QUIT"])
def test_commands_that_need_no_login(command: bytes, submission_ready: SmtpClient) -> None:
    """These commands never ask for a login."""
    submission_ready.command(command).expect_not(530)


@requirement("4954/6/530-when-required")
def test_auth_needs_no_login(submission_ready: SmtpClient) -> None:
    """AUTH that is refused does not ask for a login."""
    submission_ready.command(b"AUTH X-NOBODYS").expect_not(530)


def require_login_asked(submission: SmtpClient, target: Target) -> None:
    """Make sure that mail needs a login here.

    Raises:
        NotRun: the profile says that our address is enough.
    """
    if target.profile.quirks.trusted:
        msg = "the profile says quirks.trusted: submission knows us by our address"
        raise NotRun(msg)
    assert submission.stream.ended is None


@pytest.mark.parametrize(
    "about",
    [
        case("6409/4.3/authentication-required", "refused", name="refused"),
        case("6409/4.3/530", "530", name="530"),
        case("4954/6/530-when-required", "530", name="530-when-required"),
        case("4954/6/suggested-status", "status", name="status"),
    ],
)
def test_mail_without_login(about: str, submission_ready: SmtpClient, target: Target, envelope: Envelope) -> None:
    """MAIL before AUTH is refused, with 530 and 5.7.0."""
    require_login_asked(submission_ready, target)
    reply = submission_ready.mail(envelope.recipient)
    if about == "refused":
        reply.expect(PERMANENT)
    elif about == "530":
        reply.expect(530)
    else:
        expect_status(reply.require(530), submission_ready, (5, 7, 0))


def expect_no_mail_taken(submission: SmtpClient, envelope: Envelope) -> None:
    """Judge that no recipient is taken; that MAIL itself is refused is asked once, without any AUTH before it."""
    if submission.mail(envelope.recipient).expect(250, PERMANENT).code == 250:
        submission.rcpt(envelope.recipient).expect(PERMANENT)


@requirement("6409/4.3/authentication-required", needs=PLAIN)
def test_mail_after_failed_login(
    submission_ready: SmtpClient, target: Target, envelope: Envelope, account: Login, wrong_password: bytes
) -> None:
    """A wrong password opens nothing."""
    require_login_asked(submission_ready, target)
    submission_ready.auth_plain(replace(account, secret=wrong_password)).require(PERMANENT)
    expect_no_mail_taken(submission_ready, envelope)


@requirement("6409/4.3/authentication-required", needs=PLAIN)
def test_mail_after_cancelled_login(submission_ready: SmtpClient, target: Target, envelope: Envelope) -> None:
    """Nor does an exchange that was cancelled."""
    require_login_asked(submission_ready, target)
    submission_ready.command(b"AUTH PLAIN").require(334)
    submission_ready.command(b"*").require(PERMANENT)
    expect_no_mail_taken(submission_ready, envelope)


@requirement("4954/6/suggested-status", needs=PLAIN)
def test_status_of_success(submission_ready: SmtpClient, account: Login) -> None:
    """235 comes with 2.7.0."""
    expect_status(submission_ready.auth_plain(account).require(235), submission_ready, (2, 7, 0))


@requirement("4954/6/suggested-status", needs=PLAIN, tier="destructive")
def test_status_of_wrong_password(submission_ready: SmtpClient, account: Login, wrong_password: bytes) -> None:
    """535 comes with 5.7.8."""
    reply = submission_ready.auth_plain(replace(account, secret=wrong_password)).require(535)
    expect_status(reply, submission_ready, (5, 7, 8))


@requirement("4954/4/unknown-mechanism-status")
def test_status_of_unknown_mechanism(submission_ready: SmtpClient) -> None:
    """504 to a mechanism comes with 5.5.4."""
    expect_status(submission_ready.command(b"AUTH X-NOBODYS").require(504), submission_ready, (5, 5, 4))


@requirement("4954/4/clear-passwords-off")
@pytest.mark.parametrize("name", sorted(CLEAR_PASSWORDS), ids=lambda name: name.decode().lower())
def test_no_clear_password_is_offered_in_the_clear(name: bytes, submission_clear: SmtpClient) -> None:
    """Before STARTTLS a mechanism that shows the password is not listed."""
    if name in {each.upper() for each in listed(submission_clear)}:
        raise Violation([f"no {name.decode()} in the clear"], repr(submission_clear.capabilities[b"AUTH"]))
    require_refusals(submission_clear)


@requirement("4954/4/clear-passwords-off")
@pytest.mark.parametrize("name", sorted(CLEAR_PASSWORDS), ids=lambda name: name.decode().lower())
def test_no_clear_password_is_taken_in_the_clear(name: bytes, submission_clear: SmtpClient) -> None:
    """Before STARTTLS a mechanism that shows the password gets no challenge."""
    submission_clear.command(b"AUTH " + name).expect(PERMANENT, TRANSIENT)


@requirement("4954/6/not-offered-in-clear")
def test_what_is_listed_in_the_clear_can_be_used(submission_clear: SmtpClient) -> None:
    """A mechanism that is listed before STARTTLS is not refused for want of TLS."""
    known = {each.name for each in KNOWN}
    for name in [each for each in listed(submission_clear) if each in known]:
        submission_clear.command(b"AUTH " + name).expect_not(*NOT_NOW)
        submission_clear.command(b"*").require(PERMANENT)
    require_refusals(submission_clear)


@requirement("4954/3/list-may-change")
def test_mechanisms_before_and_after_tls(submission_clear: SmtpClient, census: Census) -> None:
    """The mechanisms that are listed in the clear and inside TLS are noted."""
    census("mechanisms in the clear", b" ".join(sorted(listed(submission_clear))) or b"none")
    submission_clear.start_tls()
    submission_clear.ehlo().require(250)
    census("mechanisms inside TLS", b" ".join(sorted(listed(submission_clear))) or b"none")


@requirement("4954/4/cram-md5")
def test_cram_md5(submission_ready: SmtpClient, census: Census) -> None:
    """Whether CRAM-MD5 is listed is noted."""
    census("CRAM-MD5 listed", b"CRAM-MD5" in {name.upper() for name in listed(submission_ready)})


@requirement("6409/6.1/sender-rights")
def test_somebody_elses_address(submission: SmtpClient, other: Login, census: Census) -> None:
    """The replies to senders that are not the account's own are noted."""
    census("reply to MAIL from another account", submission.mail(other.address).code)
    submission.command(b"RSET").require(250)
    census("reply to MAIL from elsewhere", submission.mail(b"someone@elsewhere.test").code)


@requirement("6409/6.4/postmaster")
def test_postmaster_without_login(submission_ready: SmtpClient, envelope: Envelope, census: Census) -> None:
    """Whether mail to postmaster needs a login is noted."""
    mail = submission_ready.mail(b"").code
    census("reply to MAIL without login", mail)
    if mail == 250:
        census("reply to RCPT for postmaster", submission_ready.rcpt(b"postmaster@" + envelope.domain).code)


#: AUTH parameters of MAIL that are right (section 5): xtext has upper case hexadecimal digits behind a plus sign.
PARAMETERS = {
    "nobody": b"<>",
    "mailbox": b"someone@client.test",
    "encoded": b"e+3Dmc2@example.test",
    "plus": b"some+2Bone@client.test",
    "quoted": b"+22two+20words+22@client.test",
}


def require_auth_offered(smtp: SmtpClient) -> None:
    """Go on only where this very session is offered AUTH: a server may keep it for TLS, and its parameter with it."""
    if b"AUTH" not in smtp.capabilities:
        msg = "AUTH is not offered in this session"
        raise NotOffered(msg)


@requirement("4954/5/taken-without-auth", needs=("smtp AUTH",))
@pytest.mark.parametrize("kind", list(PARAMETERS))
def test_auth_parameter_without_login(kind: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL with AUTH is taken from a client that has not logged in."""
    require_auth_offered(smtp)
    smtp.mail(envelope.sender, b"AUTH=" + PARAMETERS[kind]).expect(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    require_refusals(smtp)


@requirement("4954/5/taken-without-auth", needs=("smtp AUTH",))
def test_auth_parameter_in_lower_case(smtp: SmtpClient, envelope: Envelope) -> None:
    """The keyword may be written in small letters."""
    require_auth_offered(smtp)
    smtp.mail(envelope.sender, b"auth=<>").expect(250)
    require_refusals(smtp)


@requirement("4954/3/longer-mail")
def test_mail_with_a_long_parameter(submission: SmtpClient, envelope: Envelope) -> None:
    """AUTH with a mailbox whose xtext makes the parameter 500 octets long is taken."""
    if submission.command(b"NOOP ".ljust(510, b"x")).code == 500:
        msg = "the target refuses other lines of 512 octets, too"
        raise Blocked(msg)
    local, domain = b"+61" * 63, b".".join([b"b" * 63] * 3)
    value = local + b"@" + domain
    rest = 500 - len(b" AUTH=") - len(value)
    value += b"." + b"+62" * ((rest - 1) // 3) + b"b" * ((rest - 1) % 3)
    submission.mail(envelope.recipient, b"AUTH=" + value).expect(250)
    require_refusals(submission)


def about_the_session(added: list[bytes]) -> bytes:
    """Return the lowest of the Received fields, which is about our session."""
    if not added:
        msg = "the message was delivered without a Received field"
        raise NotRun(msg)
    return added[-1]


@pytest.mark.parametrize(
    "about",
    [case("4954/7/received-esmtpa", "protocol", name="protocol"), case("8314/4.3/cipher-in-trace", "tls", name="tls")],
)
def test_trace_of_a_submission(
    about: str, submission: SmtpClient, envelope: Envelope, inbox: Inbox, make_message: MessageMaker
) -> None:
    """The Received field says that the client had logged in, and inside which TLS."""
    message = make_message()
    submission.deliver(envelope.recipient, envelope.recipient, message)
    trace = about_the_session([value for name, value in fields(inbox.wait(message)) if name == b"received"])
    secure = submission.stream.tls_version is not None
    if about == "protocol":
        wanted = rb"ESMTPSA" if secure else rb"ESMTPA"
        if not re.search(rb"\swith\s+(UTF8)?%b\b" % wanted.replace(b"E", b"E?", 1), trace, re.IGNORECASE):
            raise Violation([f"with {wanted.decode()}"], repr(trace))
    elif not secure:
        msg = "the session has no TLS"
        raise NotRun(msg)
    elif not re.search(rb"TLS[v_ ]?1|TLS_[A-Z0-9_]+|(EC)?DHE|AES|CHACHA", trace):
        raise Violation(["the version of TLS or its cipher suite"], repr(trace))
