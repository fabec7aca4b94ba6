"""The exit code of a run."""

from __future__ import annotations

import pytest

from mailspec.cli.exits import Exit
from mailspec.plugin import gate
from mailspec.plugin.gate import Gate
from mailspec.result import CheckResult, Footer, Header, RunResult, TargetFacts
from mailspec.verdict import Verdict


def run(*verdicts: str, grammar: str = "passed", complete: bool = True) -> RunResult:
    def record(verdict: str, **more: str) -> CheckResult:
        return CheckResult(id="a", requirement="1/1/a", level="must", says="x", verdict=Verdict(verdict), **more)  # type: ignore[arg-type]  # texts only

    header = Header(suite_version="1", ledger="0", target=TargetFacts(name="t"), seed=0, started="", platform="")
    checks = (*map(record, verdicts), record(grammar, kind="grammar"))
    return RunResult(header=header, checks=checks, footer=Footer(complete=complete))


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (run("passed"), gate.OK),
        (run("passed", "deviates", "observed", "not offered", "not run"), gate.OK),
        (run("passed", "violated"), gate.FAILED),
        (run("passed", grammar="violated"), gate.FAILED),
        (run("violated", "error"), gate.ERROR),
        (run(), gate.NOTHING),
        (run("not run", "not offered"), gate.NOTHING),
        (run("blocked"), gate.BLOCKED),
        (run("inconclusive"), gate.BLOCKED),
        (run("passed", "passed", "passed", "passed", "blocked"), gate.OK),
        (run("passed", "passed", "passed", "blocked"), gate.BLOCKED),
        (run("passed", "inconclusive", "inconclusive"), gate.OK),
    ],
)
def test_the_verdicts_decide(result: RunResult, code: int) -> None:
    assert Gate().exit_code(result) == code


def test_strictness_and_the_limit_decide() -> None:
    assert Gate(strict=True).exit_code(run("deviates")) == gate.FAILED
    assert Gate(blocked_limit=0.5).exit_code(run("passed", "blocked")) == gate.OK


def test_what_happened_to_the_run_decides_first() -> None:
    assert Gate().exit_code(run("error"), interrupted=True) == gate.INTERRUPTED
    assert Gate().exit_code(run("violated"), broken=1) == gate.ERROR
    assert Gate().exit_code(run("violated"), unmatched=("x",)) == gate.USAGE
    assert Gate().exit_code(run(), unmatched=("x",)) == gate.NOTHING
    assert Gate().exit_code(run("violated", complete=False)) == gate.FAILED


def test_the_command_line_means_the_same_codes() -> None:
    mine = (gate.OK, gate.FAILED, gate.USAGE, gate.ERROR, gate.NOTHING, gate.BLOCKED, gate.INTERRUPTED)

    assert mine == tuple(map(int, Exit))
