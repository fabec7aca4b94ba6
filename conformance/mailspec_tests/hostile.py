"""A server that does everything a mail server must not, for tests of whatever connects to one.

    with HostileServer(trickle) as server:
        SmtpClient.connect(Endpoint("127.0.0.1", server.port), recorder).greeting()

A behaviour is a function of the connected socket and of an event that is set when the server stops. What it sends before
is a greeting that any client accepts, if one is given.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

from mailspec.wire.endpoint import Endpoint

__all__ = [
    "BEHAVIOURS",
    "Behaviour",
    "HostileServer",
    "binary_noise",
    "close_at_once",
    "dialogue",
    "early_replies",
    "endless_line",
    "endless_reply",
    "huge_literal",
    "large_literal",
    "nuls",
    "reset_at_once",
    "say_nothing",
    "trickle",
    "untagged_flood",
]

Behaviour = Callable[[socket.socket, threading.Event], None]

#: Seconds between two octets of `trickle`: many of them pass before a test's deadline, and never a whole line.
TRICKLE_SECONDS = 0.02


def close_at_once(_sock: socket.socket, _stop: threading.Event) -> None:
    """Close without a word."""


def reset_at_once(sock: socket.socket, _stop: threading.Event) -> None:
    """Break the connection with a TCP reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say_nothing(_sock: socket.socket, stop: threading.Event) -> None:
    """Stay silent and keep the connection."""
    stop.wait()


def trickle(sock: socket.socket, stop: threading.Event) -> None:
    """Send one octet after the other, so that every read gets something and no line ends."""
    while not stop.wait(TRICKLE_SECONDS):
        sock.sendall(b"2")


def endless_line(sock: socket.socket, stop: threading.Event) -> None:
    """Send a line that never ends, as fast as it is read."""
    _flood(sock, stop, b"220 " + b"x" * 65536)


def endless_reply(sock: socket.socket, stop: threading.Event) -> None:
    """Send continuation lines of an SMTP reply, or lines of a POP3 listing, without end."""
    _flood(sock, stop, b"250-more\r\n" * 1000)


def untagged_flood(sock: socket.socket, stop: threading.Event) -> None:
    """Send untagged IMAP responses without end."""
    _flood(sock, stop, b"* 1 EXISTS\r\n* LIST () NIL x\r\n" * 1000)


def huge_literal(sock: socket.socket, stop: threading.Event) -> None:
    """Announce a literal of four gibioctets and begin to send it."""
    sock.sendall(b"* 1 FETCH (BODY[] {4294967296}\r\n")
    _flood(sock, stop, b"x" * 65536)


def large_literal(sock: socket.socket, stop: threading.Event) -> None:
    """Announce the largest literal that the grammar allows."""
    sock.sendall(b"* 1 FETCH (BODY[] {4294967295}\r\n")
    _flood(sock, stop, b"x" * 65536)


def nuls(sock: socket.socket, stop: threading.Event) -> None:
    """Send lines of NUL octets."""
    _flood(sock, stop, b"\0" * 70 + b"\r\n")


def binary_noise(sock: socket.socket, stop: threading.Event) -> None:
    """Send random octets, the same in every run."""
    noise = random.Random(821)
    while not stop.is_set():
        sock.sendall(noise.randbytes(4096))


def early_replies(sock: socket.socket, stop: threading.Event) -> None:
    """Answer commands that nobody has sent yet, then stay silent."""
    sock.sendall(b"220 a.test\r\n250 a.test\r\n250 ok\r\n+OK\r\n* OK hi\r\na1 OK done\r\na1 OK done again\r\n")
    stop.wait()


BEHAVIOURS: dict[str, Behaviour] = {
    "binary-noise": binary_noise,
    "close-at-once": close_at_once,
    "early-replies": early_replies,
    "endless-line": endless_line,
    "endless-reply": endless_reply,
    "huge-literal": huge_literal,
    "large-literal": large_literal,
    "nuls": nuls,
    "reset-at-once": reset_at_once,
    "say-nothing": say_nothing,
    "trickle": trickle,
    "untagged-flood": untagged_flood,
}


def dialogue(*replies: bytes) -> Behaviour:
    """Return a behaviour that sends one of the octet strings after each line it gets, the first at once.

    A line is whatever ends with CRLF, a literal's content included; after the last reply the connection is closed.
    """

    def talk(sock: socket.socket, stop: threading.Event) -> None:
        lines = sock.makefile("rb")
        for number, reply in enumerate(replies):
            if number and not lines.readline():
                return
            if stop.is_set():
                return
            sock.sendall(reply)

    return talk


class HostileServer:
    """Accepts connections on a port of the kernel's choice and misbehaves on each.

    Args:
        behaviour: what it does on every connection.
        greeting: what it sends first.
    """

    def __init__(self, behaviour: Behaviour, greeting: bytes = b"") -> None:
        self._behaviour = behaviour
        self._greeting = greeting
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]

    @property
    def endpoint(self) -> Endpoint:
        """Where it listens."""
        return Endpoint("127.0.0.1", self.port)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_args: object) -> None:
        self._stop.set()
        # Closing alone would not wake a thread that waits in accept or send.
        for sock in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            self._start(self._misbehave, sock)

    def _misbehave(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            sock.sendall(self._greeting)
            self._behaviour(sock, self._stop)

    def _start(self, target: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()


def _flood(sock: socket.socket, stop: threading.Event, octets: bytes) -> None:
    while not stop.is_set():
        sock.sendall(octets)
