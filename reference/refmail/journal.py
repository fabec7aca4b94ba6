"""What the server did and why: a bounded list of entries across all its parts, for whoever listens."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

import msgspec

__all__ = ["Entry", "Journal"]

logger = logging.getLogger("refmail")


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened."""

    #: Seconds on the server's clock.
    at: float
    #: What happened, as dotted words: "smtp.refused", "queue.retry", "dns.answer".
    topic: str
    facts: dict[str, object]


class Journal:
    """Keeps the last entries and passes each on to `logging` and to whoever has subscribed.

    Args:
        clock: seconds, monotonic.
        keep: how many entries are kept; older ones are dropped.
    """

    def __init__(self, clock: Callable[[], float], keep: int = 10_000) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[Entry], None], ...] = ()

    def subscribe(self, listener: Callable[[Entry], None]) -> None:
        """Call `listener` with each entry from now on, from whatever thread it comes; it must not raise."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    @property
    def has_listeners(self) -> bool:
        """Whether somebody has subscribed; each single reply is noted only then, as there are very many."""
        return bool(self._listeners)

    def note(self, topic: str, /, **facts: object) -> None:
        """Record that something happened; callable from any thread."""
        self._keep(topic, facts)
        logger.debug("%s %s", topic, facts)

    def reply(self, protocol: str, peer: str, *, command: str, reply: str, requirement: str) -> None:
        """Record a reply, where anybody listens.

        Args:
            protocol: "smtp", "pop3" or "imap".
            peer: address and port of the client.
            command: the keyword it answers, without arguments: they may be secret; "" for what nobody asked for.
            reply: its first line.
            requirement: id in the ledger of what decided it; "" where the ledger has none.
        """
        if self._listeners:
            facts = {"protocol": protocol, "peer": peer, "command": command, "reply": reply}
            self._keep("reply", {**facts, "requirement": requirement or None})

    def fault(self, topic: str, error: BaseException, /, **facts: object) -> None:
        """Record an internal fault with its traceback: a bug of refmail or of the machine it runs on."""
        self._keep(topic, {**facts, "error": repr(error)})
        logger.error("%s %s", topic, facts, exc_info=error)

    def _keep(self, topic: str, facts: dict[str, object]) -> None:
        entry = Entry(self._clock(), topic, facts)
        with self._lock:
            self._entries.append(entry)
            listeners = self._listeners
        for listener in listeners:
            listener(entry)

    def entries(self, topic: str = "") -> list[Entry]:
        """Return the kept entries whose topic begins with `topic`, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry.topic.startswith(topic)]
