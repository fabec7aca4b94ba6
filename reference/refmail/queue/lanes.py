"""Connections to one host: few at a time, and each handed on to whoever waits for that host (RFC 5321 section 4.5.4.1).

A connection is never kept for nobody: when no message waits for its host, it is closed at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from refmail.queue.dialogue import Dialogue

__all__ = ["Lanes", "RelaySession"]

#: What a connection leads to: host name, address, port. TLS may depend on the name.
Place = tuple[str, str, int]


@dataclass(slots=True)
class RelaySession:
    """An open connection after EHLO, and what is known about it."""

    dialogue: Dialogue
    #: Keyword in upper case -> parameters; empty where only HELO was understood.
    offers: Mapping[bytes, bytes]
    #: Version of TLS; empty in the clear.
    tls: str = ""
    #: Transactions begun on it.
    messages: int = 0
    #: Whether the last transaction is still open at the host, so that RSET must come before MAIL.
    open_transaction: bool = False


@dataclass(slots=True)
class _Lane:
    active: int = 0
    waiting: deque[asyncio.Future[RelaySession | None]] = field(
        default_factory=deque[asyncio.Future["RelaySession | None"]]
    )


class Lanes:
    """Who may talk to which host.

    Args:
        connections: at one time to one place.
        messages: over one connection.
    """

    def __init__(self, connections: int = 2, messages: int = 100) -> None:
        self.connections = connections
        self.messages = messages
        self._lanes: dict[Place, _Lane] = {}

    async def turn(self, place: Place) -> RelaySession | None:
        """Wait for a turn and return the connection that was handed on, or None where a new one is needed.

        Whoever got a turn ends it with `hand_on`.
        """
        lane = self._lanes.setdefault(place, _Lane())
        if lane.active < self.connections:
            lane.active += 1
            return None
        future: asyncio.Future[RelaySession | None] = asyncio.get_running_loop().create_future()
        lane.waiting.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                # The turn came at the same moment: it is not lost.
                left = self.hand_on(place, future.result())
                if left is not None:
                    left.dialogue.abort()
            raise

    def hand_on(self, place: Place, session: RelaySession | None) -> RelaySession | None:
        """End a turn, and return the connection if nobody can go on with it, so that it can be closed.

        Args:
            place: as it was given to `turn`.
            session: the connection, or None if it cannot be used any more.
        """
        lane = self._lanes[place]
        worn_out = session is not None and session.messages >= self.messages
        while lane.waiting:
            future = lane.waiting.popleft()
            if not future.done():
                future.set_result(None if worn_out else session)
                return session if worn_out else None
        lane.active -= 1
        if not lane.active:
            del self._lanes[place]
        return session
