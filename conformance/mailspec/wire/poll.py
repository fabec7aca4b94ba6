"""Waiting for something to become true: the only place that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from mailspec.wire.deadline import Deadline

__all__ = ["until"]

#: Seconds of the first and of the longest wait between two looks.
FIRST_WAIT, LONGEST_WAIT = 0.005, 0.25

T = TypeVar("T")


def until(
    condition: Callable[[], T],
    deadline: float,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> T:
    """Return the condition's first true value, or its last one when the deadline has passed.

    Args:
        condition: looked at once at least.
        deadline: seconds from now.
        clock: seconds that only grow.
        wait: passes the given seconds.
    """
    end = Deadline(deadline, clock)
    pause = FIRST_WAIT
    while not (value := condition()):
        remaining = end.remaining()
        if remaining <= 0:
            break
        wait(min(pause, remaining))
        pause = min(pause * 1.5, LONGEST_WAIT)
    return value
