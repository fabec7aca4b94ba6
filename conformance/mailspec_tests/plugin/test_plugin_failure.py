"""The failure block, as pytest shows it and as reports do."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from mailspec.result import CheckResult, Line, RunResult, failure_block, read_lines
from mailspec.verdict import Verdict

pytest_plugins = ["pytester"]

RunChecks = Callable[..., tuple[pytest.RunResult, RunResult]]

VIOLATED = '''
@requirement("9999/1/must")
def test_noop(recorder):
    """NOOP gets 250."""
    raise Violation(["250", "the connection closed"], "500 \\\\x80 what?")
'''


def test_block_of_a_violation(run_checks: RunChecks, pytester: pytest.Pytester, snapshot: SnapshotAssertion) -> None:
    outcome, result = run_checks(VIOLATED, "--mailspec-rerun=--smtp localhost:2525", "--mailspec-transform=octets")

    (check,) = [check for check in result.checks if check.kind == "check"]
    block = failure_block(check, read_lines(pytester.path / "out", check.transcript))
    assert block == snapshot
    assert block in "\n".join(line.rstrip() for line in outcome.outlines)


def test_block_of_an_error_keeps_the_traceback(run_checks: RunChecks, snapshot: SnapshotAssertion) -> None:
    _, result = run_checks('@requirement("9999/1/must")\ndef test_bug():\n    {}["missing"]\n')

    (check,) = [check for check in result.checks if check.kind == "check"]
    assert failure_block(check) == snapshot


def make(**more: object) -> CheckResult:
    fields: dict[str, object] = {
        "id": "imap/fetch/long", "requirement": "3501/7/x", "source": "RFC 3501", "rfc": 3501, "section": "7",
        "level": "should", "contested": True, "says": "A statement that is long enough to be folded. " * 4,
        "verdict": Verdict.DEVIATES, "location": "mailspec/suite/imap/test_fetch.py:7", "actual": "nothing",
    }  # fmt: skip
    return CheckResult(**{**fields, **more})  # type: ignore[arg-type]  # fields by name, checked by msgspec's users


def test_block_of_a_long_transcript(snapshot: SnapshotAssertion) -> None:
    lines = [
        Line(at=n / 8, connection=1 + n % 2, direction="CS"[n % 2], octets=f"line {n}\r\nmore\rof it\n", index=n)
        for n in range(80)
    ]
    lines[50] = Line(at=6.25, connection=1, direction="S", octets="\0\xff" * 1500, index=50, omitted=7)

    block = failure_block(make(event=50, observed={"code": "500"}, cleanup="INBOX stays"), lines)

    shortened = re.sub(r"(?:\\x00\\xff){100,}", "<many>", block)
    assert shortened == snapshot


def test_block_without_anything_to_show(snapshot: SnapshotAssertion) -> None:
    assert failure_block(make(actual="")) == snapshot
