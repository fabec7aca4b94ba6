"""What the scripted MX hosts saw, in order, with a condition to wait on."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from mailspec.lab.behaviour import Stage

__all__ = ["Attempt", "Connection", "Delivery", "LabLog"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Connection:
    """One TCP connection to an MX host."""

    #: Counts all connections of the lab, from 1.
    number: int
    #: Address of the host.
    host: str
    #: Seconds on the lab's clock.
    at: float
    ended: float | None = None
    #: Everything the target sent, as it came.
    received: bytes = b""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One command about a transaction, and what the host answered."""

    at: float
    host: str
    connection: int
    stage: Stage
    #: The command's argument; for EHLO and HELO the name.
    argument: str
    #: 0 where the connection was dropped instead.
    code: int
    #: Domains of the recipients so far, this one included.
    domains: frozenset[str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that a host accepted."""

    at: float
    host: str
    connection: int
    #: The name in EHLO or HELO.
    helo: str
    esmtp: bool
    #: Without brackets; empty for the null reverse-path.
    sender: str
    #: Parameters of MAIL, as they came.
    parameters: tuple[str, ...]
    recipients: tuple[str, ...]
    #: The message, its leading dots unstuffed, CRLF line ends.
    octets: bytes
    #: The message as it was on the wire, without the final dot's line.
    raw: bytes
    #: Parameters of each RCPT that was accepted, as they came, in the order of the recipients.
    recipient_parameters: tuple[tuple[str, ...], ...] = ()
    #: Octets of each BDAT; empty where the message came by DATA.
    chunks: tuple[int, ...] = ()


class LabLog:
    """Collects from the hosts' threads; every addition wakes those who wait.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._connections: dict[int, Connection] = {}
        self._received: dict[int, bytearray] = {}
        self._attempts: list[Attempt] = []
        self._deliveries: list[Delivery] = []

    # For the hosts.

    def connected(self, host: str) -> int:
        with self._changed:
            number = next(self._numbers)
            self._connections[number] = Connection(number, host, self.clock())
            self._received[number] = bytearray()
            self._changed.notify_all()
            return number

    def received(self, connection: int, octets: bytes) -> None:
        with self._changed:
            self._received[connection] += octets

    def received_count(self, connection: int) -> int:
        with self._changed:
            return len(self._received[connection])

    def received_from(self, connection: int, start: int) -> bytes:
        with self._changed:
            return bytes(self._received[connection][start:])

    def ended(self, connection: int) -> None:
        with self._changed:
            self._connections[connection] = replace(self._connections[connection], ended=self.clock())
            self._changed.notify_all()

    def attempted(self, attempt: Attempt) -> None:
        with self._changed:
            self._attempts.append(attempt)
            self._changed.notify_all()

    def delivered(self, delivery: Delivery) -> None:
        with self._changed:
            self._deliveries.append(delivery)
            self._changed.notify_all()

    def nudge(self) -> None:
        """Wake those who wait: something else of the lab changed."""
        with self._changed:
            self._changed.notify_all()

    def forget(self) -> None:
        """Forget what is over, so that a lab that outlives many targets stays small and quick to look through."""
        with self._changed:
            for number in [number for number, connection in self._connections.items() if connection.ended is not None]:
                del self._connections[number], self._received[number]
            self._attempts.clear()
            self._deliveries.clear()

    # For checks.

    def connections(self, host: str | None = None) -> tuple[Connection, ...]:
        """Return connections by number, of one host if given."""
        with self._changed:
            return tuple(
                replace(connection, received=bytes(self._received[number]))
                for number, connection in self._connections.items()
                if host is None or connection.host == host
            )

    def attempts(self, domain: str) -> tuple[Attempt, ...]:
        """Return what was tried for recipients in a domain, oldest first."""
        with self._changed:
            return tuple(attempt for attempt in self._attempts if domain.lower() in attempt.domains)

    def deliveries(self, domain: str) -> tuple[Delivery, ...]:
        """Return the messages accepted for recipients in a domain, oldest first."""
        suffix = f"@{domain.lower()}"
        with self._changed:
            return tuple(
                delivery
                for delivery in self._deliveries
                if any(recipient.lower().endswith(suffix) for recipient in delivery.recipients)
            )

    def wait(self, look: Callable[[], tuple[T, ...]], count: int, deadline: float) -> tuple[T, ...]:
        """Return what `look` returns once it has `count` items, or after `deadline` seconds whatever there is."""
        with self._changed:
            self._changed.wait_for(lambda: len(look()) >= count, deadline)
        return look()
