"""Logging in by AUTH: RFC 4954 sections 3, 4 and 8, with every mechanism that is on offer."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.smtp.auth import CLIENT_FIRST, KNOWN, PLAIN, listed, offered, plain_response, rows
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.target.target import Target
from mailspec.verdict import NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.sasl import Mechanism, decoded
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient, SmtpReply

#: What says that credentials are wrong, or more exactly why they do not do (sections 4 and 6).
REFUSED = (535, 432, 454, 530, 534, 538)

#: Wrong passwords after which no more are tried.
FAILURES = 5

# sasl-mech = 1*20mech-char ; mech-char = UPPER-ALPHA / DIGIT / HYPHEN / UNDERSCORE (RFC 4422 section 3.1)
MECHANISM = re.compile(rb"[A-Z0-9_-]{1,20}")


@requirement("4954/3/mechanism-list")
@pytest.mark.parametrize("stage", ["clear", "ready"])
def test_mechanisms_are_listed_in_their_form(stage: str, request: pytest.FixtureRequest) -> None:
    """AUTH is followed by names of mechanisms, each once, a space between them."""
    client: SmtpClient = request.getfixturevalue(f"submission_{stage}")
    if b"AUTH" not in client.capabilities:
        msg = "AUTH is not listed at this stage"
        raise NotRun(msg)
    names = client.capabilities[b"AUTH"].split(b" ")
    if odd := [name for name in names if not MECHANISM.fullmatch(name)]:
        raise Violation(["names of up to 20 capital letters, digits, hyphens and underscores"], repr(odd))
    require_refusals(client)


@pytest.mark.parametrize("mechanism", list(rows("4954/4/success-235")))
def test_login(mechanism: Mechanism, submission_ready: SmtpClient, envelope: Envelope) -> None:
    """The right responses get 235, and mail is taken then."""
    login = submission_ready.account
    assert login is not None
    submission_ready.authenticate(mechanism, login).reply.expect(235)
    submission_ready.mail(envelope.recipient).expect(250)
    require_refusals(submission_ready)


@pytest.mark.parametrize("mechanism", list(rows("4954/4/success-235", CLIENT_FIRST)))
def test_login_without_initial_response(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """The right responses get 235, the first of them after an empty challenge."""
    submission_ready.authenticate(mechanism, account, initial=False).reply.expect(235)
    require_refusals(submission_ready)


@pytest.mark.parametrize("mechanism", list(rows("4954/4/no-initial-response", CLIENT_FIRST)))
def test_first_challenge_is_empty(mechanism: Mechanism, submission_ready: SmtpClient) -> None:
    """Where the client begins and has sent nothing yet, the challenge is empty."""
    reply = submission_ready.command(b"AUTH " + mechanism.name).expect(334)
    if reply.text.strip():
        raise Violation(["334 and nothing more"], repr(reply.octets))
    submission_ready.command(b"*").require(PERMANENT)


@pytest.mark.parametrize("mechanism", list(rows("4954/4/challenge-base64")))
def test_challenges_are_base64(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """Each challenge of an exchange is base64 and nothing else."""
    seen: list[SmtpReply] = []

    def look(challenge: SmtpReply) -> None:
        seen.append(challenge)
        if any(decoded(line) is None for line in challenge.lines):
            raise Violation(["base64"], repr(challenge.octets))

    reply = submission_ready.authenticate(mechanism, account, initial=False, look=look).reply
    if not seen:
        reply.require(334)
    # How the exchange ends is not the question here.
    reply.judged = True


@pytest.mark.parametrize("mechanism", list(rows("4954/8/continue-req")))
def test_challenges_have_their_form(mechanism: Mechanism, submission_ready: SmtpClient) -> None:
    """A challenge is one line of 334, a space, what may be empty, CRLF."""
    octets = submission_ready.command(b"AUTH " + mechanism.name).require(334).octets
    if not re.fullmatch(rb"334 [^\s]*\r\n", octets):
        raise Violation(["334, one space, base64"], repr(octets))
    submission_ready.command(b"*").require(PERMANENT)


@requirement("4954/8/any-case")
@pytest.mark.parametrize("spelling", ["lower", "mixed"])
@pytest.mark.parametrize("word", ["verb", "mechanism"])
def test_any_case(spelling: str, word: str, submission_ready: SmtpClient) -> None:
    """AUTH and the names of mechanisms mean the same in small letters."""
    mechanism = offered(submission_ready)
    spell = bytes.lower if spelling == "lower" else bytes.capitalize
    verb, name = (spell(b"AUTH"), mechanism.name) if word == "verb" else (b"AUTH", spell(mechanism.name))
    submission_ready.command(verb + b" " + name).expect(334)
    submission_ready.command(b"*").require(PERMANENT)


@requirement("4954/4/second-auth-503")
@pytest.mark.parametrize("between", ["nothing", "ehlo", "rset"])
def test_second_login(between: str, submission: SmtpClient) -> None:
    """After an AUTH that succeeded another one gets 503, whatever came between."""
    if between == "ehlo":
        submission.ehlo().require(250)
    if between == "rset":
        submission.command(b"RSET").require(250)
    submission.command(b"AUTH PLAIN").expect(503)


@requirement("4954/4/in-transaction-503")
def test_login_in_a_transaction(submission: SmtpClient, envelope: Envelope) -> None:
    """AUTH gets 503 while a transaction of a client that has logged in is open."""
    submission.mail(envelope.recipient).require(250)
    submission.command(b"AUTH PLAIN").expect(503)


@requirement("4954/4/in-transaction-503", needs=("smtp AUTH",))
@pytest.mark.parametrize("recipient", [False, True], ids=["after-mail", "after-rcpt"])
def test_first_login_in_a_transaction(*, recipient: bool, smtp: SmtpClient, envelope: Envelope) -> None:
    """AUTH gets 503 while a transaction is open, also where nobody has logged in yet."""
    mechanism = offered(smtp)
    smtp.mail(envelope.sender).require(250)
    if recipient:
        smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.command(b"AUTH " + mechanism.name).expect(503)


@requirement("4954/4/unknown-mechanism-504")
@pytest.mark.parametrize("behind", [b"", b" =", b" AGFsaWNlAHNlY3JldA=="], ids=["alone", "empty", "response"])
def test_unknown_mechanism(behind: bytes, submission_ready: SmtpClient) -> None:
    """AUTH with a mechanism that nobody has defined gets 504."""
    submission_ready.command(b"AUTH X-NOBODYS" + behind).expect(504)


@requirement("4954/4/unknown-mechanism-504")
def test_mechanism_that_is_not_listed(submission_ready: SmtpClient) -> None:
    """AUTH with a mechanism that exists and is not listed gets 504."""
    names = {name.upper() for name in listed(submission_ready)}
    name = next(name for name in (b"GSSAPI", b"NTLM", b"OTP", b"DIGEST-MD5", b"KERBEROS_V4") if name not in names)
    submission_ready.command(b"AUTH " + name).expect(504)


@pytest.mark.parametrize(
    ("mechanism", "tier"),
    [
        case("4954/4/failure-535", each, tier, name=each.name.decode().lower(), needs=each.needs, tier=tier)
        for each in KNOWN
        for tier in ("normal" if each.name == b"PLAIN" else "destructive",)
    ],
)
def test_wrong_password(
    mechanism: Mechanism, tier: str, submission_ready: SmtpClient, account: Login, wrong_password: bytes
) -> None:
    """A wrong password gets 535, or a code that says what is wrong."""
    assert tier
    exchange = submission_ready.authenticate(mechanism, replace(account, secret=wrong_password))
    exchange.reply.expect(*REFUSED)


@requirement("4954/4/failure-535", needs=PLAIN, tier="destructive")
def test_unknown_user(submission_ready: SmtpClient, account: Login, wrong_password: bytes) -> None:
    """A name that nobody has gets the same kind of reply."""
    nobody = replace(account, login=b"no-such-user", secret=wrong_password)
    submission_ready.auth_plain(nobody).expect(*REFUSED)


@requirement("4954/4/goes-on-after-failure", needs=PLAIN)
def test_commands_after_a_failure(submission_ready: SmtpClient, account: Login, wrong_password: bytes) -> None:
    """After a wrong password the session goes on, and the right one logs in."""
    submission_ready.auth_plain(replace(account, secret=wrong_password)).require(PERMANENT, TRANSIENT)
    for command in (b"NOOP", b"RSET", b"EHLO client.test"):
        submission_ready.command(command).expect(SUCCESS)
    submission_ready.auth_plain(account).expect(SUCCESS, CLOSED)


@requirement("4954/4/goes-on-after-failure")
@pytest.mark.parametrize("failure", [b"AUTH X-NOBODYS", b"AUTH", b"*"], ids=["unknown", "no-name", "cancelled"])
def test_login_after_a_refusal(failure: bytes, submission_ready: SmtpClient, account: Login) -> None:
    """After an AUTH that came to nothing another one logs in."""
    mechanism = offered(submission_ready)
    if failure == b"*":
        submission_ready.command(b"AUTH " + mechanism.name).require(334)
    submission_ready.command(failure).require(PERMANENT)
    submission_ready.authenticate(mechanism, account).reply.expect(SUCCESS)


@requirement("4954/9/three-attempts", needs=PLAIN, tier="destructive")
def test_three_wrong_passwords(
    submission_ready: SmtpClient, target: Target, account: Login, wrong_password: bytes
) -> None:
    """Each of three wrong passwords on one connection gets an answer of its own."""
    target.failed_logins.spend()
    target.failed_logins.spend()
    for number in range(3):
        secret = wrong_password + b"%d" % number
        submission_ready.auth_plain(replace(account, secret=secret)).expect(PERMANENT, TRANSIENT)


@requirement("4954/9/dropped-after-failures", needs=PLAIN, tier="destructive")
def test_failures_that_end_the_session(
    submission_ready: SmtpClient, target: Target, account: Login, wrong_password: bytes, census: Census
) -> None:
    """After how many wrong passwords the connection is closed is noted."""
    target.failed_logins.spend(FAILURES - 1)
    for number in range(FAILURES):
        login = replace(account, secret=wrong_password + b"%d" % number)
        reply = submission_ready.auth_plain(login).require(PERMANENT, TRANSIENT, CLOSED)
        if (
            reply.failure is not None
            or submission_ready.command(b"NOOP").require(SUCCESS, 421, CLOSED).failure is not None
        ):
            census("closed after", f"{number + 1} failures")
            return
    census("closed after", f"not after {FAILURES} failures")


@requirement("4954/4/unprepared-fails", needs=PLAIN, tier="destructive")
@pytest.mark.parametrize("authzid", [b"\x07", "\u00ad".encode(), b"\xff\xfe"], ids=["control", "nothing", "not-utf-8"])
def test_identity_that_cannot_be_prepared(
    authzid: bytes, submission_ready: SmtpClient, account: Login, wrong_password: bytes
) -> None:
    """An authorization identity that SASLprep forbids or leaves empty does not log in, the password being right."""
    assert wrong_password
    response = plain_response(submission_ready, account, authzid=authzid)
    submission_ready.command(b"AUTH PLAIN " + response).expect(PERMANENT, TRANSIENT, CLOSED)
