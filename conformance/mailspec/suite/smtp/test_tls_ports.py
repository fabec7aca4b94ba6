"""TLS on the ports of users: RFC 8314 sections 3.1, 3.2, 3.4 and 4.1."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.smtp.tls_hello import VERSIONS, hello, version_chosen
from mailspec.suite.steps import require_refusals
from mailspec.target.profile import ServiceName
from mailspec.target.target import Target
from mailspec.transcript import Direction
from mailspec.verdict import Blocked, NotRun, Violation
from mailspec.wire.endpoint import TlsMode
from mailspec.wire.failure import ConnectionClosed
from mailspec.wire.imap import ImapClient
from mailspec.wire.pop3 import Pop3Client
from mailspec.wire.recorder import Recorder
from mailspec.wire.smtp import SmtpClient

#: What the transcript says where TCP ended and TLS had not.
UNSAID = b"without a TLS close_notify"

#: Octets that are read after the reply to QUIT.
ENOUGH = 1024


class Connect(Protocol):
    """Connects to a port of POP3 or IMAP; where it has implicit TLS, that is still to come unless it is asked for."""

    def __call__(self, service: ServiceName, tls: TlsMode = "none") -> ImapClient | Pop3Client: ...


@pytest.fixture
def connect(target: Target, recorder: Recorder) -> Connect:
    """Open connections whose greeting nobody has read."""

    def connected(service: ServiceName, tls: TlsMode = "none") -> ImapClient | Pop3Client:
        kind = Pop3Client if service.startswith("pop3") else ImapClient
        target.pace.before_connecting()
        return kind.connect(replace(target.endpoint(service), tls=tls), recorder)

    return connected


@pytest.mark.parametrize(
    "service",
    [
        case("8314/3.1/handshake-first", "pop3s", name="pop3s", needs=("pop3s",)),
        case("8314/3.2/handshake-first", "imaps", name="imaps", needs=("imaps",)),
    ],
)
def test_handshake_comes_first(service: ServiceName, connect: Connect, target: Target) -> None:
    """Nothing comes before the handshake, and the greeting inside TLS."""
    other: ServiceName = "pop3" if service == "pop3s" else "imap"
    if target.has(other):
        # Where the server greets nobody as it should, that is another matter.
        connect(other, target.endpoint(other).tls).greeting().require()
    client = connect(service)
    client.expect_handshake()
    if client.stream.plaintext_left:
        raise Violation(["nothing before the handshake"], repr(client.stream.plaintext_left))
    client.greeting().expect()
    require_refusals(client)


@requirement("8314/3.4/closed-in-tls")
def test_tls_is_closed_before_tcp(submission_ready: SmtpClient) -> None:
    """After QUIT inside TLS the server ends TLS, and then the connection."""
    if submission_ready.stream.tls_version is None:
        msg = "the session has no TLS"
        raise NotRun(msg)
    submission_ready.quit().require(221)
    _, failure = submission_ready.stream.read_to_end(ENOUGH, submission_ready.recorder.until())
    if not isinstance(failure, ConnectionClosed):
        msg = f"the connection is not closed after QUIT: {failure.reason}"
        raise Blocked(msg)
    notes = [e.octets for e in submission_ready.recorder.transcript.events if e.direction is Direction.NOTE]
    if any(UNSAID in note for note in notes):
        raise Violation(["close_notify"], "the connection ended without one")


@requirement("8314/4.1/no-older-tls")
@pytest.mark.parametrize("version", list(VERSIONS))
def test_older_tls_is_not_spoken(version: str, submission_new: SmtpClient, target: Target, recorder: Recorder) -> None:
    """A client that knows nothing newer gets no ServerHello."""
    client = submission_new
    endpoint = client.stream.endpoint
    if endpoint.tls == "implicit":
        target.pace.before_connecting()
        client = SmtpClient.connect(replace(endpoint, tls="none"), recorder)
    else:
        client.greeting().require(220)
        client.ehlo().require(250)
        client.command(b"STARTTLS").require(220)
    client.stream.send(hello(VERSIONS[version], (endpoint.server_name or endpoint.host).encode()))
    answer = client.stream.read_exact(11, recorder.until())
    if isinstance(answer, bytes) and (chosen := version_chosen(answer)):
        raise Violation(["an alert, or the end of the connection"], f"ServerHello for {chosen}")
