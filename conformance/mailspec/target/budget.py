"""Politeness: how many wrong passwords and how many new connections a run spends on the target.

Workers do not talk to each other; each gets its share of the profile's limits.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mailspec.target.profile import Limits
from mailspec.verdict import NotRun

__all__ = ["ConnectionPace", "FailedLogins", "share"]


def share(limit: int, worker: int, workers: int) -> int:
    """Return worker `worker`'s part of `limit`; the parts of all workers add up to it."""
    part, rest = divmod(limit, workers)
    return part + (worker < rest)


class FailedLogins:
    """The wrong passwords that this worker may still try.

    Servers lock accounts and ban addresses after some; a check spends one before each try. Refusals of the
    profile's own passwords count too.
    """

    def __init__(self, limits: Limits, worker: int = 0, workers: int = 1) -> None:
        self.total = limits.failed_logins
        self.left = share(limits.failed_logins, worker, workers)

    def spend(self, count: int = 1) -> None:
        """Take `count` failed logins from what is left.

        Raises:
            NotRun: fewer are left; nothing is taken.
        """
        if count > self.left:
            msg = (
                f"the profile allows {self.total} failed logins in a run, and {self.left} are left here;"
                " raise limits.failed_logins if the target locks nobody out"
            )
            raise NotRun(msg)
        self.left -= count

    def refused(self) -> None:
        """Count a login with the profile's own password that the target refused."""
        self.left -= 1

    @property
    def exhausted(self) -> str:
        """Why no login is to be tried any more, "" while one may be."""
        if self.left >= 0:
            return ""
        return f"more logins were refused than the {self.total} that limits.failed_logins allows: no more are tried"

    def require_more(self) -> None:
        """Make sure that a login may be tried.

        Raises:
            NotRun: too many were refused.
        """
        if self.exhausted:
            raise NotRun(self.exhausted)


class ConnectionPace:
    """Spaces new connections so that all workers together stay below the profile's rate.

    Args:
        limits: the profile's limits.
        workers: how many workers share the rate.
        clock: monotonic seconds.
        wait: waits for so many seconds; pacing is the one place where waiting is the purpose.
    """

    def __init__(
        self,
        limits: Limits,
        workers: int = 1,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        rate = limits.connections_per_second
        #: Seconds between two connections of this worker.
        self.interval = workers / rate if rate else 0.0
        self._clock = clock
        self._wait = wait
        self._next = 0.0

    def before_connecting(self) -> None:
        """Wait until this worker may open its next connection."""
        if not self.interval:
            return
        now = self._clock()
        if now < self._next:
            self._wait(self._next - now)
            now = self._next
        self._next = now + self.interval
