"""The always-on grammar, over all checks of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailspec.plugin import gate
from mailspec.result import RunResult
from mailspec.verdict import Verdict
from mailspec.wire.grammar import GRAMMAR_REQUIREMENTS

pytest_plugins = ["pytester"]

RunChecks = Callable[..., tuple[pytest.RunResult, RunResult]]

SOURCE = """
@requirement("9999/1/must")
def test_clean(recorder):
    recorder.charges.exercised("5321/4.2/reply-line")
    recorder.charges.exercised("5321/4.2/greeting-line")

@requirement("9999/1/must")
def test_dirty(recorder):
    recorder.charges.charge("5321/4.2/reply-line", b"2x0 ok\\r\\n", 1, "a digit", 1, 3)
    recorder.charges.charge("5321/4.5.3.1.5/reply-line-length", b"250 " + b"x" * 600, 510, "CRLF", 1, 3)

@requirement("9999/1/must")
def test_dirty_too(recorder):
    recorder.charges.charge("5321/4.2/reply-line", b"9", 1, "a digit", 1, 3)
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadfile")])
def test_each_production_has_one_record(run_checks: RunChecks, workers: tuple[str, ...]) -> None:
    outcome, result = run_checks(SOURCE, *workers, subprocess=bool(workers))

    records = {check.requirement: check for check in result.checks if check.kind == "grammar"}
    assert set(records) == set(GRAMMAR_REQUIREMENTS)
    assert len(result.checks) == 3 + len(GRAMMAR_REQUIREMENTS)
    broken = records["5321/4.2/reply-line"]
    assert (broken.verdict, broken.id) == (Verdict.VIOLATED, "grammar/5321/4.2/reply-line")
    assert (broken.expected, broken.actual, broken.event) == (("a digit",), r"2[HERE]x0 ok\r\n", 3)
    assert broken.reason == "first in smtp/inner/dirty, in 2 checks in all"
    assert broken.transcript == "transcripts/smtp.inner.dirty.jsonl"
    assert broken.rerun == "mailspec run smtp/inner/dirty"
    assert records["5321/4.5.3.1.5/reply-line-length"].verdict is Verdict.DEVIATES
    assert records["5321/4.2/greeting-line"].verdict is Verdict.PASSED
    assert records["3501/9/fetch"].verdict is Verdict.NOT_RUN
    assert outcome.ret == gate.FAILED
    assert result.footer.counts["passed"] == 4
