"""What the clients of all protocols share: the connection, TLS, and its end."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from mailspec.transcript import Ending, visible
from mailspec.verdict import Blocked, Inconclusive, Violation
from mailspec.wire.endpoint import Endpoint, Login
from mailspec.wire.failure import ConnectionClosed, ConnectionReset, TimedOut
from mailspec.wire.recorder import Recorder
from mailspec.wire.stream import Stream

__all__ = ["Client"]

#: Octets that may still come before a connection ends.
FAREWELL_OCTETS = 64 * 1024


class Client:
    """A connected client of one service.

    Attributes:
        account: whom checks write to or log in as, set by fixtures.
        stream: the connection, for checks about the transport itself.
    """

    def __init__(self, stream: Stream, recorder: Recorder) -> None:
        self.stream = stream
        self.recorder = recorder
        self.account: Login | None = None

    @classmethod
    def connect(cls, endpoint: Endpoint, recorder: Recorder) -> Self:
        """Connect, with TLS where the endpoint says implicit; the greeting is not read yet.

        Raises:
            Blocked: the target cannot be reached, or TLS fails.
        """
        return cls(Stream.connect(endpoint, recorder), recorder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, octets: bytes) -> None:
        """Send exactly these octets; `.reply()` reads what they lead to."""
        self.stream.send(octets)

    def handshake(self) -> None:
        """Establish TLS after the server has agreed to it.

        Raises:
            Blocked: the handshake fails.
        """
        if failure := self.stream.start_tls():
            raise Blocked(failure.reason)
        self._forget_capabilities()

    def expect_handshake(self) -> None:
        """Judge that the server, having agreed, establishes TLS.

        Raises:
            Violation: the handshake fails.
            Inconclusive: it does not come to an end in time.
        """
        failure = self.stream.start_tls()
        if isinstance(failure, TimedOut):
            raise Inconclusive(failure.reason)
        if failure is not None:
            raise Violation(["a TLS handshake"], failure.reason)
        self._forget_capabilities()

    def expect_closed(self, seconds: float | None = None) -> bytes:
        """Judge that the target ends the connection, and return what it sent before.

        Raises:
            Violation: the connection is still open at the deadline, or the octets have no end.
        """
        octets, failure = self.stream.read_to_end(FAREWELL_OCTETS, self.recorder.until(seconds))
        if isinstance(failure, ConnectionClosed | ConnectionReset):
            return octets
        still = "a connection still open" if isinstance(failure, TimedOut) else failure.reason
        after = f" after {visible(self.recorder.transcript.secrets.mask(octets)[:80])}" if octets else ""
        raise Violation(["the connection closed"], still + after, self.recorder.transcript.last)

    def vanish(self) -> None:
        """End our side in mid-command and wait until the target has noticed, if it does so in time."""
        self.stream.shut_writing()
        self.stream.read_to_end(FAREWELL_OCTETS, self.recorder.until())
        self.close()

    @property
    def ending(self) -> Ending:
        """How the connection ended so far."""
        return self.recorder.transcript.endings[self.stream.connection]

    def close(self) -> None:
        """Close the connection without a word."""
        self.stream.close()

    def drop(self) -> None:
        """Break the connection with a TCP reset."""
        self.stream.abort()

    def _forget_capabilities(self) -> None:
        """Forget what the server said before TLS (RFC 3207 section 4.2)."""
