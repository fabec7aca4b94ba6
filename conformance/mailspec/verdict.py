"""Verdicts, and the exceptions by which a check or the harness arrives at one.

    exception        verdict          raised by
    (none)           passed           a check that came to its end
    Violation        violated         `.expect(...)`, and checks that compare octets
                     deviates         the same where the level is should, or the reading is contested
                     observed         the same where the level is may
    Blocked          blocked          `.require(...)`, fixtures: preparation did not reach the point
    Inconclusive     inconclusive     the wire, where the target did not answer in time or throttles
    NotOffered       not offered      `needs=`: the target does not advertise it
    NotRun           not run          fixtures: the profile lacks something
    anything else    error            a bug of ours

Only a Violation says anything about the target.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

__all__ = [
    "FAILING",
    "Blocked",
    "Inconclusive",
    "NotOffered",
    "NotRun",
    "Outcome",
    "Verdict",
    "Violation",
    "violation_verdict",
]


class Verdict(enum.StrEnum):
    """What a check found."""

    PASSED = "passed"
    VIOLATED = "violated"
    DEVIATES = "deviates"
    OBSERVED = "observed"
    NOT_OFFERED = "not offered"
    NOT_RUN = "not run"
    BLOCKED = "blocked"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


#: The verdicts that say that the target did otherwise than the requirement says.
FAILING = frozenset({Verdict.VIOLATED, Verdict.DEVIATES})


def violation_verdict(level: str, *, contested: bool = False) -> Verdict:
    """Return the verdict that a Violation of a requirement of this level becomes."""
    if level == "may":
        return Verdict.OBSERVED
    if level == "should" or contested:
        return Verdict.DEVIATES
    return Verdict.VIOLATED


class Outcome(Exception):
    """The reason why a check did not simply pass."""

    verdict: Verdict

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Violation(Outcome):
    """The target did not do what the requirement says.

    Args:
        expected: every alternative that would have been right.
        actual: what the target did.
        event: index in the transcript of the event that deviates, or None for the last one.
    """

    verdict = Verdict.VIOLATED

    def __init__(self, expected: Sequence[str], actual: str, event: int | None = None) -> None:
        super().__init__(f"expected {' or '.join(expected)}; got {actual}")
        self.expected = tuple(expected)
        self.actual = actual
        self.event = event


class Blocked(Outcome):
    """A step before the one to be judged failed."""

    verdict = Verdict.BLOCKED


class Inconclusive(Outcome):
    """The target's behaviour could not be told: it was silent, throttled or greylisted."""

    verdict = Verdict.INCONCLUSIVE


class NotOffered(Outcome):
    """The target does not offer what the requirement is about: a capability, or something that a server may choose to do."""

    verdict = Verdict.NOT_OFFERED


class NotRun(Outcome):
    """The profile or this machine lacks what the check needs."""

    verdict = Verdict.NOT_RUN
