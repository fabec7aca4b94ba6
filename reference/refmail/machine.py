"""The base of every protocol machine: octets in, outputs out, no I/O.

A machine is a conversation written top to bottom as a generator (`session`).
Three things can stop it, and each is a value that it yields:

    WAIT        it needs more octets from the peer
    Call        it needs a function run outside (store, password check, queue)
    StartTls    it needs the transport to do a TLS handshake

The transport feeds the machine through `connected`, `receive`, `eof`, `news`,
`tls_established`, `resume`, `expired` and `stop`; each returns the ordered list of outputs
that follow; `abandon` ends it from outside. Because input is only ever taken from
one buffer, a dialogue gives the same output however its octets were split.

While a Call is pending, octets are buffered and nothing else moves.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import msgspec

__all__ = [
    "WAIT",
    "Call",
    "Close",
    "Disconnected",
    "Expired",
    "LineTooLong",
    "Machine",
    "Output",
    "Send",
    "StartTls",
    "Step",
    "Steps",
    "Stopping",
    "TlsInfo",
    "Wake",
]

P = ParamSpec("P")
T = TypeVar("T")


class Wake(enum.Enum):
    """Why a waiting machine goes on."""

    #: The peer sent octets.
    INPUT = "input"
    #: Something outside changed that the machine may want to tell the peer.
    NEWS = "news"


class Wait(enum.Enum):
    """The one value of `WAIT`, an enum so that type checkers can tell it apart."""

    WAIT = "wait"


WAIT = Wait.WAIT


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """What the transport knows of an established TLS layer."""

    version: str
    cipher: str
    #: DER octets of the client's certificate, or None where it sent none.
    client_certificate: bytes | None = None
    #: E-mail addresses in that certificate, if an accepted authority vouches for it.
    client_identities: tuple[bytes, ...] = ()


class Send(msgspec.Struct, frozen=True):
    """Write these octets to the peer, in order, in one write."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class StartTls:
    """Begin the TLS handshake now; answer with `tls_established`."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection after everything sent so far has left."""


class Call(msgspec.Struct, frozen=True):
    """Run `function(*args, **kwargs)` outside the machine; answer with `resume`."""

    function: Callable[..., object]
    args: tuple[object, ...] = ()
    kwargs: dict[str, object] = msgspec.field(default_factory=dict[str, object])

    def run(self) -> object:
        """Run the function here and now; what it raises comes out."""
        return self.function(*self.args, **self.kwargs)


Output = Send | StartTls | Close | Call
#: What a session generator yields.
Step = Wait | Call | StartTls
#: A session, or a part of one that returns T. What is sent in is a Wake, a Call's result or a TlsInfo.
Steps = Generator[Step, Any, T]


class Disconnected(Exception):
    """The peer closed the connection while the machine waited for octets."""


class Expired(Exception):
    """Nothing arrived within the deadline that the machine had set."""


class Stopping(Exception):
    """The server shuts down: say goodbye and return."""


class LineTooLong(Exception):
    """A line exceeded its limit; it has been consumed up to its CRLF."""


class Machine:
    """A protocol conversation without I/O.

    Subclasses write `session`, and read and write only through the helpers below.
    """

    #: Seconds the peer may stay silent, or None for no limit; subclasses set it as they go.
    idle_timeout: float | None = None

    def __init__(self) -> None:
        self.inbox: bytearray = bytearray()
        #: Asks the transport, from any thread, to call `news`; the transport puts its own function here.
        self.nudge: Callable[[], None] = lambda: None
        self.tls: TlsInfo | None = None
        self._outbox: list[bytes] = []
        self._eof = False
        self._stopping = False
        self._steps: Steps[None] | None = None
        self._pending: Step | None = None

    # What a subclass writes.

    def session(self) -> Steps[None]:
        """Hold the whole conversation; returning from it closes the connection."""
        raise NotImplementedError

    def on_disconnect(self) -> None:
        """Release what the session holds; called once, however it ended."""

    # What the transport calls.

    def connected(self) -> list[Output]:
        """Begin: the transport has a connection."""
        self._steps = self.session()
        return self._advance(None)

    def receive(self, octets: bytes) -> list[Output]:
        """Take octets from the peer."""
        self.inbox += octets
        steps = self._steps
        return self._run(steps.send, Wake.INPUT) if self._pending is WAIT and steps is not None else []

    def eof(self) -> list[Output]:
        """Take note that the peer will send no more."""
        self._eof = True
        return self._wake(Wake.INPUT)

    def news(self) -> list[Output]:
        """Take note that something outside has changed (a mailbox, a shutdown)."""
        return self._wake(Wake.NEWS)

    def tls_established(self, tls: TlsInfo) -> list[Output]:
        """Go on inside TLS; whatever was buffered in the clear is discarded (RFC 3207 section 4.2)."""
        self.inbox.clear()
        self.tls = tls
        return self._advance(tls)

    def resume(self, result: object) -> list[Output]:
        """Go on with the result of the pending Call; an exception is raised inside the machine."""
        if isinstance(result, BaseException):
            return self._advance_with(result)
        return self._advance(result)

    def expired(self) -> list[Output]:
        """Take note that `deadline` seconds passed in silence."""
        if self._pending is WAIT:
            return self._advance_with(Expired())
        return []

    def stop(self) -> list[Output]:
        """Ask for an orderly end: what is being answered is finished, then `Stopping` is raised in the session."""
        self._stopping = True
        return self._advance_with(Stopping()) if self._pending is WAIT else []

    def abandon(self) -> None:
        """Give up whatever the machine is doing: the connection is lost or the server stops."""
        if self._steps is not None:
            steps = self._steps
            self._forget()
            try:
                steps.close()
            finally:
                self.on_disconnect()

    def deadline(self) -> float | None:
        """Seconds of silence the machine allows from now on, or None."""
        return self.idle_timeout if self._pending is WAIT else None

    @property
    def finished(self) -> bool:
        """Whether the conversation is over."""
        return self._steps is None

    # What a session uses.

    def send(self, octets: bytes) -> None:
        """Queue octets; they leave in one write when the machine next stops."""
        self._outbox.append(octets)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Steps[T]:
        """Run a function outside the machine and return what it returns."""
        result: T = yield Call(function, args, kwargs)
        return result

    def start_tls(self) -> Steps[TlsInfo]:
        """Hand the connection to TLS; everything sent before leaves first."""
        tls: TlsInfo = yield StartTls()
        return tls

    def wait(self) -> Steps[Wake]:
        """Wait for octets or news.

        Raises:
            Disconnected: the peer is gone and every octet it sent has been read.
            Expired: the deadline passed.
            Stopping: the server shuts down.
        """
        if self._stopping:
            raise Stopping
        if self._eof:
            raise Disconnected
        wake: Wake = yield WAIT
        if not self.inbox and wake is Wake.INPUT and self._at_eof():
            raise Disconnected
        return wake

    def read_line(self, limit: int) -> Steps[bytes]:
        """Read one line that ends in CRLF; a bare CR or LF ends nothing.

        Args:
            limit: longest line in octets, CRLF included.

        Raises:
            LineTooLong: the line was longer; it is consumed whole before this is raised.
            Disconnected, Expired, Stopping: as `wait`.
        """
        searched = 0
        too_long = False
        while True:
            end = self.inbox.find(b"\r\n", searched)
            if end >= 0:
                line = bytes(self.inbox[: end + 2])
                del self.inbox[: end + 2]
                if too_long or len(line) > limit:
                    raise LineTooLong
                return line
            if len(self.inbox) > limit:
                # Keep one octet: it may be the CR of a CRLF.
                too_long = True
                del self.inbox[:-1]
            searched = max(0, len(self.inbox) - 1)
            yield from self.wait()

    def read_exact(self, count: int) -> Steps[bytes]:
        """Read exactly `count` octets."""
        while len(self.inbox) < count:
            yield from self.wait()
        octets = bytes(self.inbox[:count])
        del self.inbox[:count]
        return octets

    # The engine.

    def _at_eof(self) -> bool:
        # A method, because type checkers do not see that `_eof` changes across a yield.
        return self._eof

    def _forget(self) -> None:
        self._steps = None
        self._pending = None

    def _wake(self, wake: Wake) -> list[Output]:
        return self._advance(wake) if self._pending is WAIT else []

    def _advance(self, value: object) -> list[Output]:
        return [] if self._steps is None else self._run(self._steps.send, value)

    def _advance_with(self, error: BaseException) -> list[Output]:
        return [] if self._steps is None else self._run(self._steps.throw, error)

    def _run(self, go: Callable[[Any], Step], value: object) -> list[Output]:
        step: Step | None
        try:
            step = go(value)
        except (StopIteration, Disconnected, Expired, Stopping):
            step = None
        except BaseException:
            self._forget()
            self.on_disconnect()
            raise
        outputs: list[Output] = []
        if self._outbox:
            outputs.append(Send(b"".join(self._outbox)))
            self._outbox.clear()
        self._pending = step
        if step is None:
            self._forget()
            self.on_disconnect()
            outputs.append(Close())
        elif step is not WAIT:
            outputs.append(step)
        return outputs
