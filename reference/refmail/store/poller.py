"""Notices, while somebody watches, what other programs do to the mail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from refmail.store.watchers import Watchers

__all__ = ["Poller"]


class Poller:
    """A thread that compares a user's mail with what it was; it lives only as long as somebody watches.

    Args:
        watchers: whom to tell.
        signature: changes whenever a user's mail does.
        seconds: how often it looks.
    """

    def __init__(self, watchers: Watchers, signature: Callable[[str], Hashable], seconds: float) -> None:
        self._watchers = watchers
        self._signature = signature
        self._seconds = seconds
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to look, unless it does already."""
        with self._lock:
            if self._thread is None:
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="refmail-store-poller", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stop looking and wait until that is so."""
        with self._lock:
            thread = self._thread
        self._stop.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        known: dict[str, Hashable] = {}
        while True:
            with self._lock:
                users = self._watchers.users()
                if not users or self._stop.is_set():
                    self._thread = None
                    return
            # A user who was not watched before is told once more than needed rather than once less.
            signatures = {user: self._signature(user) for user in users}
            for user, now in signatures.items():
                if known.get(user) != now:
                    self._watchers.notify(user)
            known = signatures
            self._stop.wait(self._seconds)
