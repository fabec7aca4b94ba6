"""Running servers on the loopback and plain sockets to talk to them."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from refmail.blueprint import Blueprint
from refmail.config import Config, ListenerConfig, UserConfig
from refmail.embed import ServerThread
from refmail.services import Listener
from refmail.users import PasswordHash

#: Seconds after which a test gives up.
PATIENCE = 10.0

USERS = tuple(
    UserConfig(name=name, hash=PasswordHash.of(f"{name}-secret".encode(), cost=2).to_text())
    for name in ("alice", "bob")
)


class Wire:
    """A socket and its lines."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""

    def send(self, octets: bytes) -> None:
        self.sock.sendall(octets)

    def line(self) -> bytes:
        """Read one line; empty at the end of the connection."""
        while b"\r\n" not in self.buffer:
            octets = self.sock.recv(65_536)
            if not octets:
                rest, self.buffer = self.buffer, b""
                return rest
            self.buffer += octets
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def code(self) -> int:
        """Read one reply and return its code."""
        line = self.line()
        while line[3:4] == b"-":
            line = self.line()
        return int(line[:3])

    def ask(self, octets: bytes) -> int:
        """Send a command line and return the reply's code."""
        self.send(octets + b"\r\n")
        return self.code()

    def rest(self) -> bytes:
        """Read to the end of the connection."""
        octets = self.buffer
        while part := self.sock.recv(65_536):
            octets += part
        return octets

    def handshake(self, context: ssl.SSLContext) -> None:
        """Go on inside TLS."""
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost")


@pytest.fixture
def serve() -> Iterator[Callable[..., ServerThread]]:
    """Start servers: keywords change the configuration; `blueprint` replaces parts."""
    with contextlib.ExitStack() as stack:

        def start(blueprint: Blueprint | None = None, **changes: Any) -> ServerThread:
            config = Config(
                users=USERS,
                listeners={name: ListenerConfig() for name in ("smtp", "submission", "submissions")},
            )
            return stack.enter_context(ServerThread(msgspec.structs.replace(config, **changes), blueprint))

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[..., Wire]]:
    """Connect to a listener of a server."""
    with contextlib.ExitStack() as stack:

        def make(server: ServerThread, listener: Listener = "smtp") -> Wire:
            wire = Wire(socket.create_connection(("127.0.0.1", server.ports[listener]), timeout=PATIENCE))
            # The socket may be another one by then: TLS wraps it.
            stack.callback(lambda: wire.sock.close())
            return wire

        yield make


@pytest.fixture
def trust() -> Callable[[ServerThread], ssl.SSLContext]:
    """Make client contexts that trust a server."""

    def make(server: ServerThread) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(server.ca_file))

    return make
