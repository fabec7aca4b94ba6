"""Who wants to hear of changes to whose mail."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Watchers"]


class Watchers:
    """Callbacks by user; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: dict[str, list[Callable[[], None]]] = {}

    def add(self, user: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Remember a callback and return how to forget it; forgetting twice does no harm.

        Once it is forgotten the callback is not running and will not be called, not even by a `notify` under way.
        """
        # Reentrant: a callback may forget itself.
        turn = threading.RLock()
        wanted = True

        # A fresh function, so that a callback that is given twice is forgotten one at a time.
        def entry() -> None:
            with turn:
                if wanted:
                    callback()

        with self._lock:
            self._callbacks.setdefault(user, []).append(entry)

        def stop() -> None:
            nonlocal wanted
            with turn:
                wanted = False
            with self._lock:
                entries = self._callbacks.get(user, [])
                if entry in entries:
                    entries.remove(entry)
                if not entries:
                    self._callbacks.pop(user, None)

        return stop

    def users(self) -> list[str]:
        """Return the users whom somebody watches."""
        with self._lock:
            return list(self._callbacks)

    def notify(self, user: str) -> None:
        """Call everybody who watches this user; the caller holds no lock of the store."""
        with self._lock:
            callbacks = list(self._callbacks.get(user, ()))
        for callback in callbacks:
            callback()
