"""Plain clients for what is done to a server here: lines out, lines in, and an exception when it dies."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
from collections.abc import Sequence
from typing import Self

__all__ = ["Gone", "ImapWire", "SmtpWire", "Wire"]


class Gone(Exception):
    """The server has closed the connection, or died."""


class Wire:
    """A connection and its lines."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._file = sock.makefile("rb")

    def send(self, octets: bytes) -> None:
        """Send octets.

        Raises:
            Gone
        """
        try:
            self.sock.sendall(octets)
        except OSError as error:
            raise Gone from error

    def line(self) -> bytes:
        """Read a line, without its end.

        Raises:
            Gone: there is no whole one.
        """
        try:
            line = self._file.readline()
        except OSError as error:
            raise Gone from error
        if not line.endswith(b"\r\n"):
            raise Gone
        return line[:-2]

    def exactly(self, count: int) -> bytes:
        """Read that many octets.

        Raises:
            Gone: there are fewer.
        """
        try:
            octets = self._file.read(count)
        except OSError as error:
            raise Gone from error
        if len(octets) < count:
            raise Gone
        return octets

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SmtpWire(Wire):
    """A client of SMTP."""

    def code(self) -> int:
        """Read a reply and return its code."""
        while (line := self.line())[3:4] == b"-":
            pass
        return int(line[:3])

    def ask(self, *lines: bytes) -> list[int]:
        """Send command lines at once and return the codes of the replies."""
        self.send(b"".join(line + b"\r\n" for line in lines))
        return [self.code() for _ in lines]

    def begin(self, user: str | None = None, password: str = "") -> None:
        """Read the greeting, say EHLO and, where a user is given, log in."""
        assert self.code() == 220
        assert self.ask(b"EHLO client.test") == [250]
        if user is not None:
            token = base64.b64encode(f"\0{user}\0{password}".encode())
            assert self.ask(b"AUTH PLAIN " + token) == [235]

    def deliver(self, sender: bytes, recipients: Sequence[bytes], octets: bytes) -> int:
        """Send one message and return the code of the reply to its end."""
        codes = self.ask(b"MAIL FROM:<%s>" % sender, *(b"RCPT TO:<%s>" % each for each in recipients), b"DATA")
        if codes[-1] != 354:
            return next(code for code in codes if code >= 400)
        self.send(octets + b".\r\n")
        return self.code()


class ImapWire(Wire):
    """A client of IMAP."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._tag = 0

    def begin(self, user: str, password: str) -> None:
        """Read the greeting and log in."""
        assert self.line().startswith(b"* OK")
        self.ok(b"LOGIN %s %s" % (user.encode(), password.encode()))

    def response(self) -> bytes:
        """Read one response with its literals."""
        whole = self.line()
        while found := re.search(rb"\{(\d+)\}\Z", whole):
            whole += b"\r\n" + self.exactly(int(found[1])) + self.line()
        return whole

    def ask(self, command: bytes) -> tuple[list[bytes], bytes]:
        """Run a command and return its untagged responses and the tagged one, without the tag."""
        self._tag += 1
        tag = b"t%d " % self._tag
        self.send(tag + command + b"\r\n")
        untagged: list[bytes] = []
        while not (response := self.response()).startswith(tag):
            untagged.append(response)
        return untagged, response.removeprefix(tag)

    def ok(self, command: bytes) -> tuple[list[bytes], bytes]:
        """Run a command that must succeed."""
        untagged, tagged = self.ask(command)
        assert tagged.startswith(b"OK"), (command[:80], tagged)
        return untagged, tagged

    def append(self, mailbox: bytes, octets: bytes, flags: bytes = b"()") -> bytes:
        """Append a message and return the tagged response."""
        return self.ask(b"APPEND %s %s {%d+}\r\n%s" % (mailbox, flags, len(octets), octets))[1]
