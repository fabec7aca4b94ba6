"""The one rule by which every store keeps a user's quota, for delivery, APPEND and COPY alike.

A message is let in where neither limit is exceeded with it, and not at all
otherwise. What a message takes is the store's matter: its octets on the wire in
memory and mbox, its file's size in a Maildir, as Maildir++ counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from refmail.store.api import OverQuota, Quota, QuotaLimits, QuotaUsage
from refmail.store.files import replace_file

__all__ = ["Books", "Gate", "LimitsFile", "QuotaOf", "fits", "require_room", "unlimited"]

#: A user's name -> the limits that are configured.
QuotaOf = Callable[[str], QuotaLimits]


def unlimited(_user: str) -> QuotaLimits:
    """Limit nobody."""
    return QuotaLimits()


def fits(limits: QuotaLimits, usage: QuotaUsage) -> bool:
    """Whether so much is allowed."""
    return (limits.octets is None or usage.octets <= limits.octets) and (
        limits.messages is None or usage.messages <= limits.messages
    )


def require_room(user: str, limits: QuotaLimits, used: QuotaUsage, more: QuotaUsage) -> None:
    """Raise OverQuota where there is no room for more."""
    if not fits(limits, used + more):
        octets = "any number of" if limits.octets is None else str(limits.octets)
        messages = "any number of" if limits.messages is None else str(limits.messages)
        msg = f"the quota of {user!r}, {octets} octets in {messages} messages, leaves no room"
        raise OverQuota(msg)


class Books(Protocol):
    """How a store on disk knows what a user's mail takes; the gate's lock is held around every call."""

    def used(self, limits: QuotaLimits, more: QuotaUsage) -> QuotaUsage:
        """Return what is used, in the knowledge that `more` is about to be asked for."""
        ...

    def exact(self, limits: QuotaLimits) -> QuotaUsage:
        """Return what is used after looking at all of it."""
        ...

    def changed(self, limits: QuotaLimits, by: QuotaUsage) -> None:
        """Note that so much was added, or removed where it is negative."""
        ...

    def forget(self) -> None:
        """Count anew the next time: more changed than single messages."""
        ...


class LimitsFile:
    """Limits that were set for one user in place of the configured ones.

    Args:
        path: the file, which need not exist.
        configured: what counts as long as nothing was set.
        sync: whether changes are forced to the disk.
    """

    def __init__(self, path: Path, configured: QuotaLimits, *, sync: bool) -> None:
        self._path = path
        self._configured = configured
        self._sync = sync

    def load(self) -> QuotaLimits:
        """Return what counts."""
        try:
            stored = json.loads(self._path.read_bytes())
            return QuotaLimits(_limit(stored["octets"]), _limit(stored["messages"]))
        except FileNotFoundError:
            return self._configured
        except (ValueError, KeyError, TypeError):
            return self._configured

    def save(self, limits: QuotaLimits) -> None:
        """Set limits."""
        stored = {"octets": limits.octets, "messages": limits.messages}
        replace_file(self._path, json.dumps(stored).encode("ascii"), sync=self._sync)


def _limit(stored: object) -> int | None:
    if stored is None or (isinstance(stored, int) and stored >= 0):
        return stored
    msg = f"{stored!r} is no limit"
    raise ValueError(msg)


class Gate:
    """Lets messages into one user's mailboxes on disk, as long as the quota has room for them.

    Args:
        user: whose, for the error.
        limits: where the limits stand.
        books: what is used.
        lock: held from the check until the messages are in; reentrant; taken before any mailbox's lock.
    """

    def __init__(self, user: str, limits: LimitsFile, books: Books, lock: AbstractContextManager[object]) -> None:
        self._user = user
        self._limits = limits
        self._books = books
        self._lock = lock

    @contextmanager
    def admit(self, more: QuotaUsage) -> Generator[None]:
        """Let messages be added within.

        Raises:
            OverQuota: there is no room; nothing may be added.
        """
        limits = self._limits.load()
        if limits.unlimited:
            yield
            return
        with self._lock:
            require_room(self._user, limits, self._books.used(limits, more), more)
            yield
            self._books.changed(limits, more)

    @contextmanager
    def release(self) -> Generator[list[int]]:
        """Let messages be removed within; takes the octets of each that was."""
        limits = self._limits.load()
        removed: list[int] = []
        if limits.unlimited:
            yield removed
            return
        with self._lock:
            try:
                yield removed
            finally:
                if removed:
                    self._books.changed(limits, QuotaUsage(-sum(removed), -len(removed)))

    def forget(self) -> None:
        """Count anew the next time."""
        with self._lock:
            self._books.forget()

    def quota(self) -> Quota:
        """Return limits and exact usage."""
        with self._lock:
            limits = self._limits.load()
            return Quota(limits, self._books.exact(limits))

    def set_limits(self, limits: QuotaLimits) -> None:
        """Set limits in place of those that counted."""
        with self._lock:
            self._limits.save(limits)
            self._books.forget()
