"""When a message is tried again, and when it is given up (RFC 5321 section 4.5.4.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["Schedule"]

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intervals between attempts; all numbers are seconds.

    The default makes two attempts in the first hour and one every two hours after it.
    """

    #: From each attempt to the next; the last one repeats.
    intervals: tuple[float, ...] = (30 * MINUTE, 2 * HOUR)
    #: Age at which a message is returned to its sender.
    give_up: float = 5 * DAY
    #: Age at which a message with the null reverse-path is dropped.
    give_up_reports: float = 2 * DAY
    #: Age at which its sender is told that a message still waits; None for never (RFC 3464 section 2.3.3, "delayed").
    warn_after: float | None = 4 * HOUR

    def __post_init__(self) -> None:
        if not self.intervals or min(self.intervals) <= 0:
            msg = "a retry schedule needs at least one interval, each above 0 seconds"
            raise ValueError(msg)

    def next_attempt(self, *, attempts: int, age: float, is_report: bool) -> float | None:
        """Return the seconds to the next attempt, or None when it is time to give up.

        Args:
            attempts: how many were made, at least 1.
            age: seconds since the message arrived.
            is_report: whether its reverse-path is null.
        """
        limit = self.give_up_reports if is_report else self.give_up
        if age >= limit:
            return None
        interval = self.intervals[min(attempts, len(self.intervals)) - 1]
        # The last attempt falls on the limit, so that the whole time given is used.
        return min(interval, max(limit - age, 0.0))

    def is_warning_due(self, age: float) -> bool:
        """Say whether a message that arrived `age` seconds ago has waited long enough for a report about the delay."""
        return self.warn_after is not None and age >= self.warn_after

    def compressed(self, factor: float) -> Schedule:
        """Return the same schedule with all times divided by `factor`."""
        return replace(
            self,
            intervals=tuple(interval / factor for interval in self.intervals),
            give_up=self.give_up / factor,
            give_up_reports=self.give_up_reports / factor,
            warn_after=None if self.warn_after is None else self.warn_after / factor,
        )
