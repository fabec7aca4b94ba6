"""What counts as proven."""

from __future__ import annotations

import pytest

from mailspec.prove import UnknownSubject, chosen
from mailspec.prove.judge import coverage_problems, judge
from mailspec.prove.subject import Kind, Subject
from mailspec.result import CheckResult
from mailspec.verdict import Verdict


def subject(kind: Kind, *breaks: str) -> Subject:
    return Subject(kind, "it", "It differs.", lambda blueprint: blueprint, frozenset(breaks))


def check(requirement: str, verdict: Verdict, level: str = "must") -> CheckResult:
    return CheckResult(id=f"smtp/{requirement}", requirement=requirement, level=level, says="", verdict=verdict)


def problems(kind: Kind, *checks: CheckResult, breaks: tuple[str, ...] = ()) -> tuple[str, ...]:
    return judge(subject(kind, *breaks), checks, 0.0).problems


def test_mutant_is_proven_by_exactly_what_it_breaks() -> None:
    found = (check("1/1/a", Verdict.VIOLATED), check("1/1/b", Verdict.PASSED), check("1/1/c", Verdict.BLOCKED))

    assert problems(Kind.MUTANT, *found, breaks=("1/1/a",)) == ()
    assert judge(subject(Kind.MUTANT, "1/1/a"), found, 0.0).violated == ("1/1/a",)


def test_deviation_counts_as_found() -> None:
    assert problems(Kind.MUTANT, check("1/1/a", Verdict.DEVIATES), breaks=("1/1/a",)) == ()


def test_mutant_that_nobody_notices_is_a_problem() -> None:
    (problem,) = problems(Kind.MUTANT, check("1/1/a", Verdict.PASSED), breaks=("1/1/a",))

    assert problem.startswith("1/1/a ")


def test_mutant_that_trips_another_check_is_a_problem() -> None:
    found = (check("1/1/a", Verdict.VIOLATED), check("1/1/b", Verdict.VIOLATED))

    (problem,) = problems(Kind.MUTANT, *found, breaks=("1/1/a",))

    assert problem.startswith("1/1/b ")


@pytest.mark.parametrize("kind", [Kind.MUTANT, Kind.VARIANT, Kind.REFERENCE, Kind.STUPID])
def test_error_is_always_a_problem_and_so_is_nothing(kind: Kind) -> None:
    assert problems(kind, check("1/1/a", Verdict.ERROR))
    assert problems(kind)


@pytest.mark.parametrize("verdict", [Verdict.VIOLATED, Verdict.DEVIATES])
def test_variant_must_not_be_blamed(verdict: Verdict) -> None:
    assert problems(Kind.VARIANT, check("1/1/a", verdict))
    assert problems(Kind.VARIANT, check("1/1/a", Verdict.NOT_OFFERED)) == ()


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {Verdict.PASSED, Verdict.OBSERVED, Verdict.NOT_OFFERED}))
def test_reference_must_be_green(verdict: Verdict) -> None:
    assert problems(Kind.REFERENCE, check("1/1/a", verdict))
    assert problems(Kind.REFERENCE, check("1/1/a", Verdict.PASSED)) == ()


def test_no_check_passes_against_a_stupid_server() -> None:
    assert problems(Kind.STUPID, check("1/1/a", Verdict.PASSED))
    assert problems(Kind.STUPID, check("1/1/a", Verdict.VIOLATED), check("1/1/b", Verdict.BLOCKED)) == ()


def test_every_checked_requirement_needs_a_mutant() -> None:
    found = (check("1/1/a", Verdict.PASSED), check("1/1/b", Verdict.PASSED), check("1/1/m", Verdict.OBSERVED, "may"))

    (missing,) = coverage_problems([subject(Kind.MUTANT, "1/1/a")], found)
    (unknown,) = coverage_problems([subject(Kind.MUTANT, "1/1/a", "1/1/b", "1/1/z")], found)

    assert missing.startswith("1/1/b ")
    assert unknown.startswith("1/1/z ")


def test_subjects_are_chosen_by_name_and_kind() -> None:
    assert [each.name for each in chosen(["reference", "rset-of220"])] == ["reference", "rset-of220"]
    assert {each.kind for each in chosen(["variants"])} == {Kind.VARIANT}
    assert {each.kind for each in chosen([])} == set(Kind)
    with pytest.raises(UnknownSubject, match="rset-of220"):
        chosen(["rset-of221"])
