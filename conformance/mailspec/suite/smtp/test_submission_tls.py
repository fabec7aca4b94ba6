"""TLS around submission: RFC 8314, and what RFC 3207 asks where somebody had logged in before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailspec.requirement import requirement
from mailspec.suite.smtp.auth import offered
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.target.target import Target
from mailspec.verdict import NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.recorder import Recorder
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, SmtpClient

#: The versions that RFC 8314 section 4.1 leaves.
VERSIONS = ("TLSv1.2", "TLSv1.3")


@requirement("8314/4/tls-supported")
def test_tls_is_offered(submission_new: SmtpClient) -> None:
    """Where TLS was not there from the first octet, EHLO lists STARTTLS."""
    submission_new.greeting().require(220)
    submission_new.ehlo().require(250)
    if submission_new.stream.tls_version is None and b"STARTTLS" not in submission_new.capabilities:
        raise Violation(["STARTTLS"], b" ".join(submission_new.capabilities).decode("latin-1"))
    require_refusals(submission_new)


@requirement("8314/4/tls-1-2-spoken")
def test_version_of_tls(submission_new: SmtpClient) -> None:
    """A client that knows TLS 1.2 and 1.3 comes into TLS by one of them."""
    submission_new.greeting().require(220)
    if submission_new.stream.tls_version is None:
        submission_new.ehlo().require(250)
        submission_new.command(b"STARTTLS").require(220)
        submission_new.expect_handshake()
    if submission_new.stream.tls_version not in VERSIONS:
        raise Violation(list(VERSIONS), str(submission_new.stream.tls_version))
    submission_new.ehlo().expect(250)
    require_refusals(submission_new)


@requirement("8314/3.3/handshake-first")
@pytest.mark.parametrize("then", ["greeting", "ehlo"])
def test_handshake_comes_first(then: str, target: Target, recorder: Recorder) -> None:
    """On a port with implicit TLS nothing comes before the handshake, and the greeting after it."""
    target.pace.before_connecting()
    client = SmtpClient.connect(replace(target.endpoint("submissions"), tls="none"), recorder)
    client.expect_handshake()
    if client.stream.plaintext_left:
        raise Violation(["nothing before the handshake"], repr(client.stream.plaintext_left))
    client.greeting().expect(220)
    if then == "ehlo":
        client.ehlo().expect(250)
    require_refusals(client)


@requirement("3207/4.2/not-offered-inside-tls")
def test_starttls_is_not_offered_on_the_port_with_implicit_tls(target: Target, recorder: Recorder) -> None:
    """Where TLS was there from the first octet, EHLO does not list STARTTLS."""
    target.pace.before_connecting()
    client = SmtpClient.connect(target.endpoint("submissions"), recorder)
    client.greeting().require(220)
    client.ehlo().require(250)
    if b"STARTTLS" in client.capabilities:
        raise Violation(["no STARTTLS inside TLS"], "STARTTLS is listed")


@requirement("3207/4.2/knowledge-discarded", needs=("submission STARTTLS",))
def test_login_does_not_survive_the_handshake(
    submission_clear: SmtpClient, target: Target, account: Login, envelope: Envelope
) -> None:
    """Who has logged in before TLS has to do so again inside."""
    if target.profile.quirks.trusted:
        msg = "the profile says quirks.trusted: submission knows us by our address"
        raise NotRun(msg)
    if not submission_clear.capabilities.get(b"AUTH"):
        msg = "nobody can log in before TLS"
        raise NotRun(msg)
    submission_clear.mail(envelope.recipient).require(PERMANENT)
    submission_clear.authenticate(offered(submission_clear), account).reply.require(SUCCESS)
    if submission_clear.command(b"STARTTLS").require(220, PERMANENT, TRANSIENT).code != 220:
        msg = "the target refuses STARTTLS after AUTH, so no login can survive it"
        raise NotRun(msg)
    submission_clear.handshake()
    submission_clear.ehlo().require(250)
    submission_clear.mail(envelope.recipient).expect(PERMANENT)
