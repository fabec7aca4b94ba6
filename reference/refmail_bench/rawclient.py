"""One client for every server: it writes commands and reads until the reply is complete, and parses nothing."""

from __future__ import annotations

import itertools
import socket
import time
from typing import Self

__all__ = ["RawImap", "RawPop3", "Trouble"]

_CHUNK = 1 << 20
#: Octets at the end of what came, among which the tagged line must be.
_TAIL = 4096


class Trouble(Exception):
    """A server did not do what it was asked for."""


class _Raw:
    def __init__(self, host: str, port: int, seconds: float = 600.0) -> None:
        self._socket = socket.create_connection((host, port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(_CHUNK)

    def _receive(self) -> bytes:
        count = self._socket.recv_into(self._buffer)
        if not count:
            msg = "the server closed the connection"
            raise Trouble(msg)
        return bytes(memoryview(self._buffer)[:count])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


class RawImap(_Raw):
    """An IMAP connection."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._numbers = itertools.count(1)
        #: Octets of the last reply.
        self.received = 0
        #: The end of the last reply.
        self.tail = b""
        self._receive()

    def command(self, command: bytes, literal: bytes | None = None) -> float:
        """Send a command, read to its tagged line, and return the seconds that took.

        Args:
            command: without tag and line end.
            literal: octets of a literal that ends the command; its length is announced and waited for.

        Raises:
            Trouble: the tagged line does not say OK.
        """
        tag = b"zq%dx" % next(self._numbers)
        started = time.perf_counter()
        if literal is None:
            self._socket.sendall(b"%s %s\r\n" % (tag, command))
        else:
            self._socket.sendall(b"%s %s {%d}\r\n" % (tag, command, len(literal)))
            while b"+" not in self._receive():
                pass
            self._socket.sendall(literal + b"\r\n")
        self._read_reply(tag, command)
        return time.perf_counter() - started

    def _read_reply(self, tag: bytes, command: bytes) -> None:
        start = b"\r\n%s " % tag
        tail, received = b"\r\n", 0
        while True:
            octets = self._receive()
            received += len(octets)
            tail = (tail + octets)[-_TAIL:]
            place = tail.rfind(start)
            if place >= 0 and tail.endswith(b"\r\n"):
                break
        self.received, self.tail = received, tail
        line = tail[place + 2 :]
        if not line.startswith(tag + b" OK"):
            msg = f"{command[:60]!r} was answered by {line[:200]!r}"
            raise Trouble(msg)


class RawPop3(_Raw):
    """A POP3 connection."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._receive()

    def command(self, command: bytes, *, many_lines: bool = False) -> float:
        """Send a command, read its reply, and return the seconds that took.

        Raises:
            Trouble: the reply does not say +OK.
        """
        started = time.perf_counter()
        self._socket.sendall(command + b"\r\n")
        end = b"\r\n.\r\n" if many_lines else b"\r\n"
        octets = self._receive()
        if not octets.startswith(b"+OK"):
            msg = f"{command!r} was answered by {octets[:200]!r}"
            raise Trouble(msg)
        tail = octets[-5:]
        while not tail.endswith(end):
            tail = (tail + self._receive())[-5:]
        return time.perf_counter() - started
