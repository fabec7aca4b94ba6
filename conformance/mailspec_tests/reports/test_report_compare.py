"""Targets side by side."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from mailspec.result import CheckResult, RunResult
from mailspec.verdict import Verdict
from mailspec_reports.compare import choices, print_comparison, verdicts


@pytest.fixture
def runs(result: RunResult) -> tuple[RunResult, RunResult]:
    """Return two runs of targets with one name that differ in one choice and one verdict."""

    def otherwise(check: CheckResult) -> CheckResult:
        if check.id == "smtp/help/text":
            return msgspec.structs.replace(check, observed={"code": "211", "lines": "2"})
        if check.id == "smtp/noop/plain":
            return msgspec.structs.replace(check, verdict=Verdict.PASSED)
        return check

    return result, msgspec.structs.replace(result, checks=tuple(map(otherwise, result.checks)))


def test_choices_stand_side_by_side(runs: tuple[RunResult, RunResult]) -> None:
    found = choices(runs)

    assert [(each.check, each.asked, each.answers, each.differs) for each in found] == [
        ("smtp/help/text", "code", ("214", "211"), True),
        ("smtp/help/text", "lines", ("-", "2"), False),
    ]


def test_verdicts_that_differ_are_found(runs: tuple[RunResult, RunResult]) -> None:
    assert [(each.check, each.answers) for each in verdicts(runs) if each.differs] == [
        ("smtp/noop/plain", ("violated", "passed"))
    ]


def test_a_check_that_one_run_lacks_is_no_difference(runs: tuple[RunResult, RunResult]) -> None:
    first, second = runs
    without = msgspec.structs.replace(second, checks=())

    assert not any(each.differs for each in (*choices((first, without)), *verdicts((first, without))))


def test_the_comparison_fits_and_numbers_targets_of_one_name(runs: tuple[RunResult, RunResult]) -> None:
    out = io.StringIO()
    print_comparison(runs, Console(file=out, width=80))
    lines = out.getvalue().splitlines()

    assert any("#1" in line and "214" in line for line in lines)
    assert any("#2" in line and "211" in line for line in lines)
    assert all(len(line) <= 80 for line in lines)
