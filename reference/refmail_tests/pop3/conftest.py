"""A POP3 session driven without sockets: octets in, octets out, Calls run on the spot."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from refmail.journal import Journal
from refmail.machine import Call, Close, Machine, Output, Send, StartTls, TlsInfo
from refmail.message.envelope import Address, Envelope
from refmail.pop3.session import Pop3Session
from refmail.services import Destination, Peer, Policy, Services
from refmail.store.api import MailStore
from refmail.store.maildir import MaildirStore
from refmail.store.memory import MemoryStore

PEER = Peer("127.0.0.1", 40000, "127.0.0.1", 110, "pop3")


class Users:
    """ada, whose password has spaces in it."""

    def authenticate(self, login: bytes, secret: bytes) -> str | None:
        return "ada" if (login, secret) == (b"ada", b" pass  word ") else None


class Nowhere:
    """No address is ours."""

    def find(self, address: Address) -> Destination:
        del address
        return Destination("unknown")

    def address_of(self, user: str) -> Address:
        return Address(user.encode(), b"example.test")

    def expand(self, address: Address) -> Sequence[Address] | None:
        del address
        return None


def _accept(envelope: Envelope, octets: bytes) -> None:
    del envelope, octets


@dataclass
class Driver:
    """One connection."""

    machine: Machine
    #: Everything the server sent.
    received: bytes = b""
    closed: bool = False
    tls: bool = False
    _queue: list[Output] = field(default_factory=list[Output])

    def carry_out(self, outputs: list[Output]) -> bytes:
        """Do what the machine asks and return what it sent meanwhile."""
        start = len(self.received)
        while outputs:
            output = outputs.pop(0)
            match output:
                case Send(octets):
                    self.received += octets
                case Call():
                    outputs += self.machine.resume(self.result(output))
                case StartTls():
                    self.tls = True
                    outputs += self.machine.tls_established(TlsInfo("TLSv1.3", "none"))
                case Close():
                    self.closed = True
        return self.received[start:]

    @staticmethod
    def result(call: Call) -> object:
        """Run a Call; what it raises is its result."""
        try:
            return call.run()
        except Exception as error:  # noqa: BLE001 - raised again inside the machine
            return error

    def connect(self) -> bytes:
        return self.carry_out(self.machine.connected())

    def send(self, octets: bytes) -> bytes:
        return self.carry_out(self.machine.receive(octets))

    def command(self, line: bytes) -> bytes:
        return self.send(line + b"\r\n")

    def log_in(self) -> Driver:
        """Log in as ada."""
        assert self.command(b"USER ada").startswith(b"+OK")
        assert self.command(b"PASS  pass  word ").startswith(b"+OK")
        return self

    def disconnect(self) -> None:
        self.carry_out(self.machine.eof())


class Connect(Protocol):
    """Makes a connection whose greeting has been read."""

    def __call__(self, policy: Policy | None = None, *, tls_available: bool = True, peer: Peer = PEER) -> Driver: ...


@pytest.fixture(params=["memory", "maildir"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MailStore:
    """A fresh store of each kind."""
    return MemoryStore() if request.param == "memory" else MaildirStore(tmp_path, sync=False)


@pytest.fixture
def services(store: MailStore) -> Services:
    """The world of a session."""
    clock: Callable[[], float] = lambda: 0.0  # noqa: E731 - a clock that stands still
    return Services(
        store=store,
        users=Users(),
        directory=Nowhere(),
        accept=_accept,
        hostname="mail.test",
        clock=clock,
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        random=random.Random(1),
        journal=Journal(clock),
        policy=Policy(),
    )


@pytest.fixture
def connect(services: Services) -> Connect:
    """Return what makes connections."""

    def make(policy: Policy | None = None, *, tls_available: bool = True, peer: Peer = PEER) -> Driver:
        world = replace(services, policy=policy or services.policy, tls_available=tls_available)
        driver = Driver(Pop3Session(world, peer))
        assert driver.connect().startswith(b"+OK ")
        return driver

    return make
