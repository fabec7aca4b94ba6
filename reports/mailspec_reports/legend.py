"""What each verdict means, as every report says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailspec.verdict import Verdict

__all__ = ["LEGEND", "Legend"]


@dataclass(frozen=True, slots=True)
class Legend:
    """How one verdict is shown.

    Args:
        sign: one character, so that colour is never the only difference.
        style: of the terminal, in rich's words.
        meaning: in terms of the RFCs.
    """

    sign: str
    style: str
    meaning: str


#: The verdicts, the ones a reader must see first first.
LEGEND: Mapping[Verdict, Legend] = {
    Verdict.VIOLATED: Legend("✗", "bold red", "a MUST, or a plain obligation of an older text, was broken"),
    Verdict.DEVIATES: Legend("~", "yellow", "a SHOULD was not followed, or a contested MUST in its strict reading"),
    Verdict.ERROR: Legend("!", "bold magenta", "a bug of the suite; it says nothing about the target"),
    Verdict.BLOCKED: Legend("#", "cyan", "preparation did not reach the point that was to be judged"),
    Verdict.INCONCLUSIVE: Legend("?", "cyan", "it could not be told: throttled, greylisted, no answer in time"),
    Verdict.OBSERVED: Legend("o", "blue", "a MAY: what the target chose is recorded, and cannot be wrong"),
    Verdict.PASSED: Legend("✓", "green", "the requirement held"),
    Verdict.NOT_OFFERED: Legend("-", "dim", "the target does not advertise the capability"),
    Verdict.NOT_RUN: Legend("·", "dim", "the profile, the tier or the selection left it out"),
}
