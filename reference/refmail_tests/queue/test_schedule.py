"""The retry schedule as a value."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.queue.schedule import DAY, HOUR, MINUTE, Schedule


def ages(schedule: Schedule, *, is_report: bool = False) -> list[float]:
    """Return the age at each attempt until it gives up."""
    age, attempts, seen = 0.0, 1, [0.0]
    while (interval := schedule.next_attempt(attempts=attempts, age=age, is_report=is_report)) is not None:
        age += interval
        attempts += 1
        seen.append(age)
    return seen


def test_the_default_follows_the_recommendations() -> None:
    seen = ages(Schedule())

    assert len([age for age in seen if age < HOUR]) == 2
    assert min(later - earlier for earlier, later in itertools.pairwise(seen[:-1])) >= 30 * MINUTE
    assert seen[-1] == 5 * DAY
    assert ages(Schedule(), is_report=True)[-1] == 2 * DAY


@given(
    st.lists(st.floats(0.01, 1e4), min_size=1, max_size=5),
    st.floats(1.0, 1e5),
    st.floats(1.0, 1e6),
)
def test_compression_keeps_the_shape(intervals: list[float], give_up: float, factor: float) -> None:
    schedule = Schedule(tuple(intervals), give_up, give_up)
    small = schedule.compressed(factor)

    for attempts in range(1, 8):
        for share in (0.0, 0.5, 0.9):
            normal = schedule.next_attempt(attempts=attempts, age=share * give_up, is_report=False)
            tiny = small.next_attempt(attempts=attempts, age=share * small.give_up, is_report=False)
            assert normal is not None
            assert tiny == pytest.approx(normal / factor)


def test_senseless_intervals_are_refused() -> None:
    for intervals in ((), (0.0,), (5.0, -1.0)):
        with pytest.raises(ValueError, match="at least one interval"):
            Schedule(intervals)
