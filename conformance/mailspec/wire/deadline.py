"""A point in time by which a whole reply must be there."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Deadline"]


class Deadline:
    """The end of a wait.

    Args:
        seconds: how long from now.
        clock: seconds that only grow.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, zero or less when none are."""
        return self._end - self._clock()
