"""What the server did and why: a bounded list of entries across all its parts."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Entry", "Journal"]

logger = logging.getLogger("refmail")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    #: Seconds on the server's clock.
    at: float
    #: What happened, as dotted words: "smtp.refused", "queue.retry", "dns.answer".
    topic: str
    facts: dict[str, object]


class Journal:
    """Keeps the last entries and passes each on to `logging`.

    Args:
        clock: seconds, monotonic.
        keep: how many entries are kept; older ones are dropped.
    """

    def __init__(self, clock: Callable[[], float], keep: int = 10_000) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._lock = threading.Lock()

    def note(self, topic: str, /, **facts: object) -> None:
        """Record that something happened; callable from any thread."""
        with self._lock:
            self._entries.append(Entry(self._clock(), topic, facts))
        logger.debug("%s %s", topic, facts)

    def fault(self, topic: str, error: BaseException, /, **facts: object) -> None:
        """Record an internal fault with its traceback: a bug of refmail or of the machine it runs on."""
        with self._lock:
            self._entries.append(Entry(self._clock(), topic, {**facts, "error": repr(error)}))
        logger.error("%s %s", topic, facts, exc_info=error)

    def entries(self, topic: str = "") -> list[Entry]:
        """Return the kept entries whose topic begins with `topic`, oldest first."""
        with self._lock:
            return [entry for entry in self._entries if entry.topic.startswith(topic)]
