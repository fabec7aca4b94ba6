"""Sessions without sockets: a client that feeds a machine and runs its Calls inline."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from refmail.imap import ImapSession
from refmail.journal import Journal
from refmail.machine import Call, Close, Machine, Output, Send, StartTls, TlsInfo
from refmail.message.envelope import Envelope
from refmail.services import Directory, Peer, Policy, Services
from refmail.store.memory import MemoryStore

NOW = dt.datetime(2026, 11, 23, 12, 0, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
PEER = Peer("127.0.0.1", 40000, "127.0.0.1", 143, "imap")


class OneUser:
    """fred, with the password secret."""

    def authenticate(self, login: bytes, secret: bytes) -> str | None:
        return "fred" if (login, secret) == (b"fred", b"secret") else None


def accept_nothing(envelope: Envelope, octets: bytes) -> None:
    raise NotImplementedError


class Client:
    """A machine and what it sent."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.received = b""
        self.closed = False
        self.tls_started = 0
        self._tag = 0
        self._take(machine.connected())

    def _take(self, outputs: list[Output]) -> None:
        queue = list(outputs)
        while queue:
            output = queue.pop(0)
            if isinstance(output, Send):
                self.received += output.octets
            elif isinstance(output, Close):
                self.closed = True
            elif isinstance(output, StartTls):
                self.tls_started += 1
                queue += self.machine.tls_established(TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256"))
            else:
                queue += self.machine.resume(self._run(output))

    @staticmethod
    def _run(call: Call) -> object:
        try:
            return call.run()
        except Exception as error:  # noqa: BLE001 - a Call's error goes back into the machine
            return error

    def feed(self, octets: bytes) -> bytes:
        """Send octets and return what came back at once."""
        before = len(self.received)
        self._take(self.machine.receive(octets))
        return self.received[before:]

    def nudged(self) -> bytes:
        """Let the machine look around, and return what it sent."""
        before = len(self.received)
        self._take(self.machine.news())
        return self.received[before:]

    def expire(self) -> bytes:
        """Let the deadline pass."""
        before = len(self.received)
        self._take(self.machine.expired())
        return self.received[before:]

    def stop(self) -> bytes:
        """Shut the server down."""
        before = len(self.received)
        self._take(self.machine.stop())
        return self.received[before:]

    def run(self, command: bytes, *literals: bytes) -> list[bytes]:
        """Run one command and return its response lines, the tagged one last, without the tag.

        Args:
            command: each {} in it stands for one of the literals.
            literals: sent after "+" each.
        """
        self._tag += 1
        tag = b"t%d" % self._tag
        pieces = command.split(b"{}")
        line = tag + b" " + pieces[0]
        for literal, rest in zip(literals, pieces[1:], strict=True):
            answer = self.feed(line + b"{%d}\r\n" % len(literal))
            if not answer.startswith(b"+ "):
                return self._lines(tag, answer)
            line = literal + rest
        return self._lines(tag, self.feed(line + b"\r\n"))

    @staticmethod
    def _lines(tag: bytes, octets: bytes) -> list[bytes]:
        lines: list[bytes] = []
        while octets:
            end = octets.index(b"\r\n")
            while found := re.search(rb"\{([0-9]+)\}\Z", octets[:end]):
                end = octets.index(b"\r\n", end + 2 + int(found[1]))
            lines.append(octets[:end])
            octets = octets[end + 2 :]
        assert lines[-1].startswith(tag + b" "), lines
        lines[-1] = lines[-1].removeprefix(tag + b" ")
        return lines

    def ok(self, command: bytes, *literals: bytes) -> list[bytes]:
        """Run a command that must succeed, and return its untagged lines without "* "."""
        *untagged, tagged = self.run(command, *literals)
        assert tagged.startswith(b"OK "), tagged
        return [line.removeprefix(b"* ") for line in untagged]


Connect = Callable[..., Client]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(now=lambda: NOW)


@pytest.fixture
def services(store: MemoryStore) -> Services:
    return Services(
        store=store,
        users=OneUser(),
        directory=cast("Directory", None),  # IMAP never asks it
        accept=accept_nothing,
        hostname="imap.example",
        clock=lambda: 0.0,
        now=lambda: NOW,
        random=random.Random(1),
        journal=Journal(lambda: 0.0),
        policy=Policy(),
        tls_available=True,
    )


@pytest.fixture
def connect(services: Services) -> Connect:
    """Return a function that makes connections: (policy=..., tls=...) -> Client."""

    def make(policy: Policy | None = None, session: type[ImapSession] = ImapSession, *, tls: bool = False) -> Client:
        world = services if policy is None else replace(services, policy=policy)
        return Client(session(world, replace(PEER, tls=tls)))

    return make


@pytest.fixture
def fred(connect: Connect) -> Client:
    """A client that is logged in."""
    client = connect()
    client.ok(b"LOGIN fred secret")
    return client


@pytest.fixture
def inbox(fred: Client) -> Client:
    """A client with INBOX selected, which holds three messages that say their number."""
    for number in (1, 2, 3):
        fred.ok(b"APPEND INBOX {}", b"Subject: number %d\r\n\r\nbody %d\r\n" % (number, number))
    fred.ok(b"SELECT INBOX")
    return fred


@pytest.fixture
def client_type() -> type[Client]:
    """The client, for tests that make sessions of their own."""
    return Client
