"""Exchanges of AUTH that go wrong: RFC 4954 section 4."""

from __future__ import annotations

import base64

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.smtp.auth import CLIENT_FIRST, KNOWN, PLAIN, offered, plain_response, rows
from mailspec.verdict import Blocked, NotOffered, NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.sasl import Mechanism
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, SmtpClient, SmtpReply

#: Base64 of an authorization identity, a name and a password as long as all servers must take (RFC 4616 section 2).
LONGEST = base64.b64encode(b"\0".join([b"a" * 255] * 3))

#: Octets of a response that no mechanism has: longer than the 12288 that section 4 finds enough for a line.
TOO_LONG = b"A" * 65_536


def expect_status(reply: SmtpReply, client: SmtpClient, status: tuple[int, int, int]) -> None:
    """Judge the enhanced status of a reply.

    Raises:
        NotOffered: ENHANCEDSTATUSCODES is not listed.
        Blocked: there is none, or one of another class than the reply, which RFC 2034 is about.
    """
    if b"ENHANCEDSTATUSCODES" not in client.capabilities:
        msg = "submission does not advertise ENHANCEDSTATUSCODES"
        raise NotOffered(msg)
    if reply.enhanced is None or reply.enhanced[0] != reply.code // 100:
        msg = f"no status, or one of another class than its reply: {reply.octets!r}"
        raise Blocked(msg)
    if reply.enhanced != status:
        raise Violation([".".join(map(str, status))], repr(reply.octets), reply.event)


@pytest.mark.parametrize("mechanism", list(rows("4954/4/cancel-501")))
def test_cancel(mechanism: Mechanism, submission_ready: SmtpClient) -> None:
    """An asterisk instead of a response gets 501, and what follows is a command again."""
    submission_ready.command(b"AUTH " + mechanism.name).require(334)
    submission_ready.command(b"*").expect(501)
    submission_ready.command(b"NOOP").expect(SUCCESS)


@pytest.mark.parametrize(
    "mechanism",
    list(rows("4954/4/cancel-501", [each for each in KNOWN if each.name not in {b"PLAIN", b"CRAM-MD5"}])),
)
def test_cancel_later(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """An asterisk instead of the second response gets 501 as well."""
    first = mechanism.responder(account).respond(b"")
    submission_ready.command(b"AUTH " + mechanism.name).require(334)
    submission_ready.command(base64.b64encode(first)).require(334)
    submission_ready.command(b"*").expect(501)


@requirement("4954/4/empty-initial-response", needs=PLAIN)
def test_empty_initial_response(submission_ready: SmtpClient) -> None:
    """An equals sign is a response: PLAIN finds it wrong, and asks for no other."""
    submission_ready.command(b"AUTH PLAIN =").expect(PERMANENT)


@pytest.mark.parametrize(
    "about", [case("4954/4/unwanted-initial-501", "code", name="code", needs=("submission AUTH CRAM-MD5",)),
              case("4954/4/unwanted-initial-status", "status", name="status", needs=("submission AUTH CRAM-MD5",))],
)  # fmt: skip
def test_unwanted_initial_response(about: str, submission_ready: SmtpClient) -> None:
    """An initial response to a mechanism in which the server begins gets 501, with 5.7.0."""
    reply = submission_ready.command(b"AUTH CRAM-MD5 " + base64.b64encode(b"nobody"))
    if about == "code":
        reply.expect(501)
    else:
        expect_status(reply.require(501), submission_ready, (5, 7, 0))


#: What no octets lead to: characters that base64 lacks, a length that it never has.
NO_BASE64 = {"characters": b"!!!!", "one-letter": b"A", "no-padding": b"QQ"}


@requirement("4954/4/bad-base64-501")
@pytest.mark.parametrize("kind", list(NO_BASE64))
@pytest.mark.parametrize("place", ["initial", "response"])
def test_response_that_is_no_base64(kind: str, place: str, submission_ready: SmtpClient) -> None:
    """A response that cannot be decoded gets 501, with 5.5.2, wherever it stands."""
    names = set(submission_ready.capabilities.get(b"AUTH", b"").upper().split())
    mechanism = next((each for each in CLIENT_FIRST if each.name in names), None)
    if mechanism is None:
        if place == "initial":
            msg = "no mechanism has an initial response"
            raise NotOffered(msg)
        mechanism = offered(submission_ready)
    if place == "initial":
        reply = submission_ready.command(b"AUTH " + mechanism.name + b" " + NO_BASE64[kind])
    else:
        submission_ready.command(b"AUTH " + mechanism.name).require(334)
        reply = submission_ready.command(NO_BASE64[kind])
    reply.expect(501)
    if b"ENHANCEDSTATUSCODES" in submission_ready.capabilities:
        expect_status(reply, submission_ready, (5, 5, 2))


def flaw(name: str, right: bytes) -> bytes:
    """Return the right response with something in it that base64 does not have."""
    middle = len(right) // 8 * 4
    return {
        "exclamation": right[:middle] + b"!" + right[middle:],
        "minus": right[:middle] + b"-" + right[middle:],
        "dot": right[:middle] + b"...." + right[middle:],
        "padding": right[:middle] + b"====" + right[middle:],
        "space": right[:middle] + b" " + right[middle:],
        "tail": right + b"=",
    }[name]


@requirement("4954/4/base64-strict", needs=PLAIN, tier="destructive")
@pytest.mark.parametrize("kind", ["exclamation", "minus", "dot", "padding", "space", "tail"])
def test_right_response_with_a_flaw(
    kind: str, submission_ready: SmtpClient, account: Login, wrong_password: bytes
) -> None:
    """The right response does not log in with an octet in it that is not base64, or with padding in the wrong place."""
    assert wrong_password
    response = flaw(kind, plain_response(submission_ready, account))
    submission_ready.command(b"AUTH PLAIN").require(334)
    submission_ready.command(response).expect(PERMANENT)


@requirement("4954/4/long-responses", needs=PLAIN, tier="destructive")
@pytest.mark.parametrize("place", ["initial", "response"])
def test_longest_response(place: str, submission_ready: SmtpClient, wrong_password: bytes) -> None:
    """A response as long as PLAIN has them is read whole, and found wrong."""
    assert wrong_password
    if place == "initial":
        submission_ready.command(b"AUTH PLAIN " + LONGEST).expect_not(500)
    else:
        submission_ready.command(b"AUTH PLAIN").require(334)
        submission_ready.command(LONGEST).expect_not(500)
    submission_ready.command(b"NOOP").expect(SUCCESS)


@pytest.mark.parametrize(
    "about", [case("4954/4/too-long-500", "code", name="code"), case("4954/4/too-long-status", "status", name="status")]
)
def test_response_that_is_too_long(about: str, submission_ready: SmtpClient, wrong_password: bytes) -> None:
    """A response that is longer than any buffer for it gets 500, with 5.5.6, and the session goes on."""
    assert wrong_password
    mechanism = offered(submission_ready)
    submission_ready.command(b"AUTH " + mechanism.name).require(334)
    reply = submission_ready.command(TOO_LONG)
    if reply.octets[:3] in {b"501", b"535"}:
        reply.judged = True
        msg = f"the target reads a response of {len(TOO_LONG)} octets whole"
        raise NotRun(msg)
    if about == "status":
        expect_status(reply.require(500), submission_ready, (5, 5, 6))
        return
    reply.expect(500)
    submission_ready.command(b"NOOP").expect(SUCCESS, CLOSED)
