"""Whether a run on a subject found what it had to find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from mailspec.prove.subject import Kind, Subject
from mailspec.result import CheckResult
from mailspec.verdict import FAILING, Verdict

__all__ = ["Finding", "coverage_problems", "judge"]

#: Verdicts that the reference may have: it has everything, and nothing keeps a check from its point.
_GREEN = frozenset({Verdict.PASSED, Verdict.OBSERVED, Verdict.NOT_OFFERED})


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the suite found on one subject."""

    kind: Kind
    name: str
    says: str
    #: What is wrong with it, one sentence each; empty where the subject is proven.
    problems: tuple[str, ...]
    counts: Mapping[str, int]
    #: Ids of the requirements that were violated or deviated from.
    violated: tuple[str, ...]
    #: How long its run took.
    seconds: float
    #: What was wrong in runs before this one, which were done again; a server that is slow at the wrong moment.
    earlier: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether the suite found just what it had to."""
        return not self.problems


def judge(subject: Subject, checks: Iterable[CheckResult], seconds: float) -> Finding:
    """Compare what was found with what had to be found."""
    records = tuple(checks)
    violated = {check.requirement for check in records if check.verdict in FAILING}
    counts: dict[str, int] = {}
    for check in records:
        counts[check.verdict] = counts.get(check.verdict, 0) + 1
    problems = [f"error in {check.id}: {check.reason}" for check in records if check.verdict is Verdict.ERROR]
    if not records:
        problems.append("nothing ran")
    problems += _EXPECTATIONS[subject.kind](subject, records, violated)
    return Finding(
        kind=subject.kind,
        name=subject.name,
        says=subject.says,
        problems=tuple(problems),
        counts=counts,
        violated=tuple(sorted(violated)),
        seconds=seconds,
    )


def coverage_problems(subjects: Iterable[Subject], checks: Iterable[CheckResult]) -> tuple[str, ...]:
    """Say which requirements are checked without a mutant, or broken by a mutant without a check.

    Checks of MAY-level requirements record what they see and have no mutants.

    Args:
        subjects: every mutant there is.
        checks: the records of a run on the reference, those of the grammar among them.
    """
    records = tuple(checks)
    checked = {check.requirement for check in records if check.level != "may"}
    broken = {each for subject in subjects for each in subject.breaks}
    problems = [f"{each} is checked, and no mutant breaks it" for each in sorted(checked - broken)]
    known = {check.requirement for check in records}
    problems += [f"{each} is broken by a mutant, and no check judges it" for each in sorted(broken - known)]
    return tuple(problems)


def _reference(_subject: Subject, records: tuple[CheckResult, ...], _violated: set[str]) -> list[str]:
    return [f"{check.verdict}: {check.id}: {check.reason}" for check in records if check.verdict not in _GREEN]


def _variant(_subject: Subject, _records: tuple[CheckResult, ...], violated: set[str]) -> list[str]:
    return [f"{each} is violated, by a server that differs legally" for each in sorted(violated)]


def _mutant(subject: Subject, _records: tuple[CheckResult, ...], violated: set[str]) -> list[str]:
    missed = [f"{each} is broken, and no check noticed" for each in sorted(subject.breaks - violated)]
    return missed + [f"{each} is violated, and not broken" for each in sorted(violated - subject.breaks)]


def _stupid(_subject: Subject, records: tuple[CheckResult, ...], _violated: set[str]) -> list[str]:
    passed = (check for check in records if check.verdict is Verdict.PASSED and check.kind == "check")
    return [f"{check.id} passes against a server that understands nothing" for check in passed]


_EXPECTATIONS = {Kind.REFERENCE: _reference, Kind.VARIANT: _variant, Kind.MUTANT: _mutant, Kind.STUPID: _stupid}
