r"""A blocking, recorded POP3 client (RFC 1939).

recorder = Recorder(deadline=5)
pop3 = Pop3Client.connect(Endpoint("127.0.0.1", 1110), recorder)
pop3.greeting().require(OK)
if b"STLS" in pop3.capa():
    pop3.start_tls()
pop3.login(Login(b"user@target.test", b"user", b"secret"))
count, octets = pop3.stat()
message = pop3.retr(1).expect(OK).body
pop3.command(b"DELE 99").expect(ERR)
pop3.quit().expect(OK)
pop3.expect_closed()
"""

from __future__ import annotations

import re

from mailspec.verdict import Blocked
from mailspec.wire.client import Client
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3_reply import CONTINUE, ERR, OK, Pop3Reply, Status, read_response
from mailspec.wire.recorder import Recorder
from mailspec.wire.reply import CLOSED
from mailspec.wire.stream import Stream

__all__ = ["CLOSED", "CONTINUE", "ERR", "OK", "Pop3Client", "Pop3Reply", "Status"]

# The drop listing: number of messages, a space, octets; more may follow (RFC 1939 section 5).
DROP_LISTING = re.compile(rb"([0-9]{1,18}) ([0-9]{1,18})(?: |\Z)")


class Pop3Client(Client):
    """One connection to a POP3 service.

    Attributes:
        capabilities: upper-cased keyword of CAPA to its parameters, of the last `.capa()`.
    """

    def __init__(self, stream: Stream, recorder: Recorder) -> None:
        super().__init__(stream, recorder)
        self.capabilities: dict[bytes, bytes] = {}
        self._asked = b""

    def greeting(self) -> Pop3Reply:
        """Read the greeting."""
        return self._read(multi=False)

    def send(self, octets: bytes) -> None:
        """Send exactly these octets; `.reply()` or `.reply(multi=True)` reads one response."""
        self._asked = octets
        super().send(octets)

    def command(self, line: bytes) -> Pop3Reply:
        """Send one command line, CRLF added, and read its single-line response."""
        self.send(line + b"\r\n")
        return self._read(multi=False)

    def multi(self, line: bytes) -> Pop3Reply:
        """Send one command line and read its response, whose lines follow if it is positive."""
        self.send(line + b"\r\n")
        return self._read(multi=True)

    def reply(self, seconds: float | None = None, *, multi: bool = False) -> Pop3Reply:
        """Read one response.

        Args:
            seconds: time for all of it, None for the recorder's deadline.
            multi: whether lines follow a positive first line.
        """
        return self._read(multi=multi, seconds=seconds)

    def capa(self) -> dict[bytes, bytes]:
        """Return the capabilities, none where CAPA is refused (RFC 2449 section 5).

        Raises:
            Blocked: no response came.
        """
        reply = self.multi(b"CAPA")
        if not reply.ok:
            self.capabilities = {}
            return self.capabilities
        parts = [line.partition(b" ") for line in reply.lines if line]
        self.capabilities = {keyword.upper(): params for keyword, _, params in parts}
        return self.capabilities

    def login(self, login: Login) -> None:
        """Log in with USER and PASS.

        Raises:
            Blocked: the target refuses.
        """
        self.recorder.transcript.secrets.add(login.secret)
        self.command(b"USER " + login.login).require(OK)
        self.command(b"PASS " + login.secret).require(OK)

    def stat(self) -> tuple[int, int]:
        """Return the number of messages and their octets (RFC 1939 section 5, STAT).

        Raises:
            Blocked: the target refuses, or sends no drop listing.
        """
        reply = self.command(b"STAT").require(OK)
        found = DROP_LISTING.match(reply.text)
        if found is None:
            msg = f"STAT brought no drop listing: {reply.text!r}"
            raise Blocked(msg)
        return int(found[1]), int(found[2])

    def retr(self, number: int) -> Pop3Reply:
        """Retrieve a message; `.body` holds its octets."""
        return self.multi(b"RETR %d" % number)

    def top(self, number: int, lines: int) -> Pop3Reply:
        """Retrieve the header and the first lines of a message."""
        return self.multi(b"TOP %d %d" % (number, lines))

    def dele(self, number: int) -> Pop3Reply:
        """Mark a message as deleted."""
        return self.command(b"DELE %d" % number)

    def start_tls(self) -> None:
        """Send STLS and establish TLS (RFC 2595 section 4).

        Raises:
            Blocked: the target refuses, or the handshake fails.
        """
        self.command(b"STLS").require(OK)
        self.handshake()

    def quit(self) -> Pop3Reply:
        """Send QUIT and read its response."""
        return self.command(b"QUIT")

    def leave(self) -> None:
        """Quit and close without judging anything, as fixtures do."""
        if self.stream.ended is None:
            self.quit().judged = True
        self.close()

    def _read(self, *, multi: bool, seconds: float | None = None) -> Pop3Reply:
        deadline = self.recorder.until(seconds)
        return self.recorder.track(read_response(self.stream, self._asked, deadline, multi=multi))

    def _forget_capabilities(self) -> None:
        self.capabilities = {}
