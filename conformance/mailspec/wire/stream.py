"""One recorded connection: blocking, with a deadline for each whole reply and bounded buffers.

Reads return octets or a Failure and never raise. Received octets are recorded when they are consumed, and before
anything is sent, so that the transcript's order is the order in which this side saw things.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct

from mailspec.transcript import Direction, Ending
from mailspec.verdict import Blocked
from mailspec.wire.deadline import Deadline
from mailspec.wire.endpoint import Endpoint
from mailspec.wire.failure import (
    ConnectionClosed,
    ConnectionReset,
    Failure,
    HandshakeFailed,
    TimedOut,
    TooLong,
)
from mailspec.wire.recorder import Recorder
from mailspec.wire.tls import client_context

__all__ = ["Stream"]

#: Octets asked for in one read.
CHUNK_OCTETS = 65536

#: Octets that are held back at most; what is longer fills segments anyway.
HELD_OCTETS = 65536

#: Octets that a failure keeps of what had arrived.
KEPT_OCTETS = 4096


class Stream:
    """A connected socket that records everything.

    Args:
        sock: connected; the stream owns it.
        endpoint: where it leads, for TLS.
        recorder: transcript, deadline, transform.
    """

    def __init__(self, sock: socket.socket, endpoint: Endpoint, recorder: Recorder) -> None:
        self.endpoint = endpoint
        self.recorder = recorder
        self.connection = recorder.transcript.open(endpoint.label)
        self.ended: Failure | None = None
        #: Plaintext octets that arrived before the TLS handshake and were thrown away.
        self.plaintext_left = b""
        self._sock = sock
        self._buffer = bytearray()
        #: Octets that wait to go out with what follows them.
        self._held = bytearray()
        self._recorded = 0
        #: Index of the transcript's event that holds the last octets that were read.
        self.event: int | None = None
        recorder.opened(self)

    @classmethod
    def connect(cls, endpoint: Endpoint, recorder: Recorder) -> Stream:
        """Connect, and establish TLS where the endpoint says so.

        Raises:
            Blocked: the target cannot be reached, or TLS fails; the reason says why.
        """
        recorder.flush()
        try:
            sock = socket.create_connection((endpoint.host, endpoint.port), timeout=recorder.deadline)
        except (OSError, ValueError) as error:
            # ValueError: a host that can be no name, for its label is too long or it holds a NUL.
            msg = f"cannot connect to {endpoint.label}: {error}; is the service running and the profile right?"
            recorder.transcript.add(0, Direction.NOTE, msg.encode())
            raise Blocked(msg) from error
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = cls(sock, endpoint, recorder)
        if endpoint.tls == "implicit" and (failure := stream.start_tls()):
            raise Blocked(failure.reason)
        return stream

    @property
    def unread(self) -> bytes:
        """Octets that have arrived and were not read yet."""
        return bytes(self._buffer)

    def take_unread(self) -> bytes:
        """Read the octets that have arrived, without waiting for more."""
        return self._take(len(self._buffer))

    @property
    def tls_version(self) -> str | None:
        """The TLS version in use, None without TLS."""
        return self._sock.version() if isinstance(self._sock, ssl.SSLSocket) else None

    @property
    def local_port(self) -> int:
        """The TCP port of this side."""
        port: int = self._sock.getsockname()[1]
        return port

    def send(self, octets: bytes, seconds: float | None = None) -> None:
        """Send octets, cut as the recorder's transform says, or with the next ones where it gathers.

        A failure is not raised: the target may have said why before it closed, so the next read tells.

        Args:
            octets: exactly what goes out.
            seconds: time for all of it, None for the recorder's deadline.
        """
        self._record(len(self._buffer))
        self.recorder.transcript.add(self.connection, Direction.SENT, octets)
        if self.recorder.transform.gathers and len(self._held) + len(octets) <= HELD_OCTETS:
            self._held += octets
            return
        self.flush()
        self._transmit(octets, seconds)

    def flush(self) -> None:
        """Send what is held back."""
        if self._held:
            held = bytes(self._held)
            self._held.clear()
            self._transmit(held, None)

    def _transmit(self, octets: bytes, seconds: float | None) -> None:
        transcript = self.recorder.transcript
        deadline = self.recorder.until(seconds)
        try:
            for segment in self.recorder.transform.cut(octets):
                self._sock.settimeout(_timeout(deadline))
                self._sock.sendall(segment)
        except TimeoutError:
            transcript.add(self.connection, Direction.NOTE, b"the target did not take all octets in time")
        except (OSError, ValueError) as error:
            transcript.add(self.connection, Direction.NOTE, f"sending failed: {error}".encode())

    def read_line(self, limit: int, deadline: Deadline) -> bytes | Failure:
        """Return octets up to and including the next LF, or a failure.

        Args:
            limit: longest line in octets; TooLong beyond it.
            deadline: for the whole read.
        """
        found = self._buffer.find(b"\n")
        return self._take(found + 1) if 0 <= found < limit else self.read_until(b"\n", limit, deadline)

    def read_until(self, delimiter: bytes, limit: int, deadline: Deadline, before: bytes = b"") -> bytes | Failure:
        """Return octets up to and including the delimiter, or a failure.

        Args:
            delimiter: what ends the octets.
            limit: most octets to read; TooLong beyond it.
            deadline: for the whole read.
            before: the end of what was read before, in which the delimiter may begin.
        """
        overlap = next((n for n in range(len(before), 0, -1) if delimiter.startswith(before[-n:])), 0)
        if failure := self._fill_to(len(delimiter) - overlap, deadline):
            return failure
        if overlap and self._buffer.startswith(delimiter[overlap:]):
            return self._take(len(delimiter) - overlap)
        scanned = 0
        while (found := self._buffer.find(delimiter, scanned)) < 0:
            if len(self._buffer) > limit:
                return self._too_long(limit)
            scanned = max(0, len(self._buffer) - len(delimiter) + 1)
            if failure := self._fill(deadline):
                return failure
        size = found + len(delimiter)
        return self._too_long(limit) if size > limit else self._take(size)

    def read_exact(self, size: int, deadline: Deadline) -> bytes | Failure:
        """Return exactly `size` octets, or a failure; the caller has checked that `size` is bearable."""
        return self._fill_to(size, deadline) or self._take(size)

    def read_to_end(self, limit: int, deadline: Deadline) -> tuple[bytes, Failure]:
        """Return what comes until the connection ends, and how it ended.

        Args:
            limit: octets to read at most; TooLong beyond them.
            deadline: for the whole read.
        """
        while True:
            if len(self._buffer) > limit:
                failure: Failure | None = self._too_long(limit)
            else:
                failure = self._fill(deadline)
            if failure:
                return self._take(len(self._buffer)), failure

    def waiting(self, seconds: float = 0.0) -> bool:
        """Whether octets, or the end of the connection, are there to be read within so many seconds."""
        if self._buffer or self.ended:
            return True
        self.recorder.flush()
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return True
        try:
            return bool(select.select([self._sock], [], [], max(0.0, seconds))[0])
        except (OSError, ValueError):
            # Closed by us: a read will say so at once.
            return True

    def start_tls(self, seconds: float | None = None) -> Failure | None:
        """Establish TLS; return the failure if it cannot be.

        Octets that came before the handshake were not protected and are thrown away (RFC 3207 section 4.2).
        """
        self.recorder.flush()
        self._record(len(self._buffer))
        self.plaintext_left = bytes(self._buffer)
        self._buffer.clear()
        self._recorded = 0
        deadline = self.recorder.until(seconds)
        name = self.endpoint.server_name or self.endpoint.host
        try:
            context = client_context(self.endpoint)
            self._sock.settimeout(_timeout(deadline))
            # Raises where the peer has gone; `wrap_socket` would raise too, and leave a socket that nobody closes.
            self._sock.getpeername()
            self._sock = context.wrap_socket(self._sock, server_hostname=name, suppress_ragged_eofs=False)
            if self.tls_version is None:
                # Python wraps a socket whose peer has gone, and does no handshake then.
                msg = "the connection had ended"
                raise ConnectionResetError(msg)
        except TimeoutError as error:
            silent = TimedOut(f"the TLS handshake with {name} failed: {error}")
            self._end(silent, Ending.TIMEOUT)
            return silent
        except (OSError, ValueError) as error:
            failure = HandshakeFailed(f"the TLS handshake with {name} failed: {error}")
            self._end(failure, Ending.RESET)
            return failure
        self._note(f"TLS established: {self.tls_version}")
        return None

    def give_up(self, failure: TooLong) -> TooLong:
        """Close the connection after more than can be borne, and return the failure of all later reads."""
        self._end(failure, Ending.RESET)
        self._buffer.clear()
        self._recorded = 0
        # A flood must not go on filling buffers: nothing later on this connection can be understood.
        self._sock.close()
        return failure

    def shut_writing(self) -> None:
        """Say that nothing more will be sent, and go on reading."""
        self.flush()
        self._note("sending side shut")
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection; what was not read is recorded first."""
        if self._sock.fileno() >= 0:
            self.flush()
        self._record(len(self._buffer))
        if self._sock.fileno() >= 0:
            self.recorder.transcript.ended(self.connection, Ending.CLEAN)
        self._sock.close()

    def abort(self) -> None:
        """Break the connection with a TCP reset."""
        if self._sock.fileno() >= 0:
            self.flush()
            self._note("reset by the client")
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.recorder.transcript.ended(self.connection, Ending.RESET)
        self._sock.close()

    def _fill_to(self, size: int, deadline: Deadline) -> Failure | None:
        while len(self._buffer) < size:
            if failure := self._fill(deadline):
                return failure
        return None

    def _fill(self, deadline: Deadline) -> Failure | None:
        """Read some octets into the buffer, or return why none came."""
        if self.ended:
            return self.ended
        if deadline.remaining() <= 0:
            return self._timed_out(deadline)
        self.recorder.flush()
        try:
            self._sock.settimeout(_timeout(deadline))
            octets = self._sock.recv(CHUNK_OCTETS)
        except TimeoutError:
            return self._timed_out(deadline)
        except ssl.SSLEOFError:
            self._note("closed without a TLS close_notify")
            octets = b""
        except (OSError, ValueError) as error:
            return self._end(ConnectionReset(f"the connection broke: {error}", self._kept()), Ending.RESET)
        if not octets:
            return self._end(ConnectionClosed("the target closed the connection", self._kept()), Ending.CLEAN)
        self._buffer += octets
        return None

    def _take(self, size: int) -> bytes:
        self._record(size)
        octets = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._recorded -= size
        return octets

    def _record(self, size: int) -> None:
        """Record the first `size` octets of the buffer, as far as that has not been done."""
        if size > self._recorded:
            octets = bytes(self._buffer[self._recorded : size])
            self.event = self.recorder.transcript.add(self.connection, Direction.RECEIVED, octets)
            self._recorded = size

    def _timed_out(self, deadline: Deadline) -> Failure:
        self._record(len(self._buffer))
        self._note(f"no complete reply within {deadline.seconds:g} seconds")
        return TimedOut(f"no complete reply within {deadline.seconds:g} seconds", self._kept())

    def _too_long(self, limit: int) -> TooLong:
        return self.give_up(TooLong(f"more than {limit} octets came for one reply", self._kept()))

    def _end(self, failure: Failure, ending: Ending) -> Failure:
        self._record(len(self._buffer))
        self.ended = failure
        self.recorder.transcript.ended(self.connection, ending)
        return failure

    def _note(self, text: str) -> None:
        self.recorder.transcript.add(self.connection, Direction.NOTE, text.encode())

    def _kept(self) -> bytes:
        return bytes(self._buffer[:KEPT_OCTETS])


def _timeout(deadline: Deadline) -> float:
    # Zero would mean non-blocking.
    return max(0.001, deadline.remaining())
