"""An SMTP session driven by hand: octets in, octets out, calls run on the spot."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from refmail.directory import LocalDirectory
from refmail.journal import Journal
from refmail.machine import Call, Close, Output, Send, StartTls, TlsInfo
from refmail.message.envelope import Envelope
from refmail.services import Listener, Peer, Policy, Services
from refmail.smtp.session import SmtpSession
from refmail.store.memory import MemoryStore
from refmail.users import PasswordHash, UserTable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

#: A cost that no one should use, so that tests are quick.
CHEAP = {name: PasswordHash.of(f"{name}-secret".encode(), cost=2) for name in ("alice", "bob")}


class Dialogue:
    """A session and everything it said."""

    def __init__(self, services: Services, session: type[SmtpSession] = SmtpSession, **peer: object) -> None:
        listener: Listener = peer.pop("listener", "smtp")  # type: ignore[assignment]  # a test's shorthand
        self.session = session(
            services, Peer("192.0.2.7", 40_000, "192.0.2.1", 25, listener, tls=bool(peer.pop("tls", False)))
        )
        self.services = services
        self.output = bytearray()
        self.closed = False
        self.tls_wanted = False
        self._carry_out(self.session.connected())
        self.greeting = self.take()

    def take(self) -> bytes:
        """Return what was said since the last time."""
        octets = bytes(self.output)
        self.output.clear()
        return octets

    def say(self, octets: bytes) -> bytes:
        """Send octets and return the answer."""
        self._carry_out(self.session.receive(octets))
        return self.take()

    def say_in_pieces(self, pieces: Iterable[bytes]) -> bytes:
        """Send octets piece by piece and return all answers."""
        for piece in pieces:
            self._carry_out(self.session.receive(piece))
        return self.take()

    def codes(self, octets: bytes) -> list[int]:
        """Send octets and return the code of each reply."""
        return [int(line[:3]) for line in self.say(octets).splitlines() if line[3:4] == b" "]

    def code(self, octets: bytes) -> int:
        """Send octets that get exactly one reply and return its code."""
        (code,) = self.codes(octets)
        return code

    def handshake(self) -> None:
        """Establish the TLS layer that the session asked for."""
        assert self.tls_wanted
        self.tls_wanted = False
        self._carry_out(self.session.tls_established(TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256")))

    def finish(self, outputs: list[Output]) -> bytes:
        """Carry out outputs got elsewhere and return what they say."""
        self._carry_out(outputs)
        return self.take()

    def _carry_out(self, outputs: list[Output]) -> None:
        while outputs:
            following: list[Output] = []
            for output in outputs:
                match output:
                    case Send(octets):
                        self.output += octets
                    case StartTls():
                        self.tls_wanted = True
                    case Close():
                        self.closed = True
                    case Call():
                        try:
                            result = output.run()
                        except Exception as error:  # noqa: BLE001 - goes back into the machine, as in the transport
                            result = error
                        following = self.session.resume(result)
            outputs = following


class Accepted(list[tuple[Envelope, bytes]]):
    """What a server has taken responsibility for."""

    def __call__(self, envelope: Envelope, octets: bytes) -> None:
        self.append((envelope, octets))

    @property
    def bodies(self) -> list[bytes]:
        """The messages as the client sent them, our Received field removed."""
        return [octets[octets.index(b"+0000\r\n") + 7 :] for _, octets in self]


@pytest.fixture
def accepted() -> Accepted:
    return Accepted()


@pytest.fixture
def services(accepted: Accepted) -> Services:
    return Services(
        store=MemoryStore(),
        users=UserTable(CHEAP, ["example.test"]),
        directory=LocalDirectory(["example.test", "example.org"], CHEAP, "alice"),
        accept=accepted,
        hostname="mail.example.test",
        clock=lambda: 0.0,
        now=lambda: NOW,
        random=random.Random(1),
        journal=Journal(lambda: 0.0),
        policy=Policy(),
        tls_available=True,
        can_relay=True,
    )


@pytest.fixture
def begin(services: Services) -> Callable[..., Dialogue]:
    """Begin a dialogue; keywords change the policy, or are `listener`, `tls`, `session`, `hello`, `changes`."""

    def make(
        *,
        hello: bool = True,
        session: type[SmtpSession] = SmtpSession,
        listener: Listener = "smtp",
        tls: bool = False,
        changes: dict[str, Any] | None = None,
        **policy: object,
    ) -> Dialogue:
        mine = replace(services, policy=msgspec.structs.replace(services.policy, **policy), **(changes or {}))
        dialogue = Dialogue(mine, session, listener=listener, tls=tls)
        if hello:
            dialogue.say(b"EHLO client.test\r\n")
        return dialogue

    return make


@pytest.fixture
def smtp(begin: Callable[..., Dialogue]) -> Dialogue:
    """A dialogue after EHLO."""
    return begin()
