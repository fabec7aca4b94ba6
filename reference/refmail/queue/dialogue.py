"""One SMTP connection from the client's side: commands out, replies in, each with its own timeout."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, SupportsIndex

__all__ = ["ConnectionFailed", "Dialogue", "Reply", "TlsFailed"]

#: Octets of a reply line that we take, CRLF included: four times what RFC 5321 section 4.5.3.1.5 allows.
LONGEST_LINE = 2048
#: Lines of one reply that we take.
MOST_LINES = 200

# Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
# Bare LF is tolerated: a relay that refuses it gets no mail through.
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?\r?\n")
# status-code = class "." subject "." detail      (RFC 2034 section 4, RFC 3463 section 2)
_STATUS = re.compile(rb"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")


class ConnectionFailed(Exception):
    """The host could not be reached, hung up, kept silent for too long or talked nonsense."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply."""

    code: int
    #: Text of each line.
    lines: tuple[bytes, ...]

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def intermediate(self) -> bool:
        return 300 <= self.code < 400

    @property
    def permanent(self) -> bool:
        return self.code >= 500

    @property
    def status(self) -> str:
        """The enhanced status code, or the undefined one of the reply's class (RFC 3463 section 2)."""
        match = _STATUS.match(self.lines[-1])
        kind = str(self.code)[0] if self.code >= 400 or self.positive else "4"
        if match is not None and match[1].decode("ascii")[0] == kind:
            return match[1].decode("ascii")
        return f"{kind}.0.0"

    def offers(self) -> dict[bytes, bytes]:
        """Read an EHLO reply as keyword in upper case -> parameters."""
        pairs = (line.partition(b" ") for line in self.lines[1:])
        return {keyword.upper(): parameters for keyword, _, parameters in pairs}

    def __str__(self) -> str:
        text = b" ".join(self.lines).decode("ascii", "backslashreplace")
        return f"{self.code} {text}".strip()


class TlsFailed(Exception):
    """The handshake failed; the connection is of no use any more."""


class _CountingReader(asyncio.StreamReader):
    """Knows how many octets nobody has read yet."""

    unread = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        octets = bytes(data)
        self.unread += len(octets)
        super().feed_data(octets)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override]  # nobody here gives a tuple
        octets = await super().readuntil(separator)
        self.unread -= len(octets)
        return octets


class Dialogue:
    """A connection as an async context manager.

    Args:
        host: IP address.
        port: TCP port.
        timeout: seconds for connecting.

    Raises:
        ConnectionFailed: from every method, whatever went wrong.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._place = (host, port)
        self._timeout = timeout
        self._reader: _CountingReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> Self:
        """Connect."""
        host, port = self._place
        try:
            async with asyncio.timeout(self._timeout):
                loop = asyncio.get_running_loop()
                self._reader = _CountingReader(limit=LONGEST_LINE, loop=loop)
                protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
                transport, _ = await loop.create_connection(lambda: protocol, host, port)
                self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        except (OSError, TimeoutError) as error:
            msg = f"no connection to {host} port {port}: {str(error) or 'timed out'}"
            raise ConnectionFailed(msg) from error
        return self

    async def close(self) -> None:
        """Close the connection after what was sent has left."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._writer.transport.abort()

    async def start_tls(self, context: ssl.SSLContext, server_name: str, seconds: float) -> str:
        """Do the client's side of a handshake after 220 to STARTTLS, and return the version of TLS.

        Raises:
            TlsFailed: it failed, or the host had sent something in the clear behind its 220: that is no part of
                what TLS protects, and must not be read as if it were.
        """
        if self._reader.unread:
            msg = f"{self._place[0]} sent more than a reply to STARTTLS"
            raise TlsFailed(msg)
        try:
            async with asyncio.timeout(seconds):
                await self._writer.start_tls(context, server_hostname=server_name)
        except (OSError, TimeoutError) as error:
            # ssl.SSLError and certificate errors are OSErrors.
            msg = f"TLS with {self._place[0]} failed: {str(error) or 'timed out'}"
            raise TlsFailed(msg) from error
        tls: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return tls.version() or "TLS"

    async def command(self, line: bytes, seconds: float) -> Reply:
        """Send one command and return the reply to it."""
        await self.send(line + b"\r\n", seconds)
        return await self.reply(seconds)

    async def send(self, octets: bytes, seconds: float) -> None:
        """Send octets; `seconds` is how long they may take until they have left."""
        try:
            async with asyncio.timeout(seconds):
                self._writer.write(octets)
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            msg = f"sending to {self._place[0]} failed: {str(error) or 'timed out'}"
            raise ConnectionFailed(msg) from error

    async def reply(self, seconds: float) -> Reply:
        """Read one whole reply; `seconds` is for all its lines."""
        try:
            async with asyncio.timeout(seconds):
                return await self._read_reply()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            msg = f"no reply from {self._place[0]}: {str(error) or 'timed out'}"
            raise ConnectionFailed(msg) from error

    async def _read_reply(self) -> Reply:
        lines: list[bytes] = []
        while len(lines) < MOST_LINES:
            line = await self._reader.readuntil(b"\n")
            match = _LINE.fullmatch(line)
            if match is None:
                msg = f"{self._place[0]} sent what is no reply: {line!r}"
                raise ConnectionFailed(msg)
            lines.append(match[3] or b"")
            if match[2] != b"-":
                return Reply(int(match[1]), tuple(lines))
        msg = f"{self._place[0]} sent a reply of more than {MOST_LINES} lines"
        raise ConnectionFailed(msg)
