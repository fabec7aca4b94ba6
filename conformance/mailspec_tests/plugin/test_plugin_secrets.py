"""No secret leaves the process, whatever the target sends back."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from rich.console import Console

from mailspec.result import RunResult
from mailspec_reports.console import print_failures, print_summary
from mailspec_reports.html import render_html

pytest_plugins = ["pytester"]

RunChecks = Callable[..., tuple[pytest.RunResult, RunResult]]

SECRET = "s3cret-word"
BLOB = base64.b64encode(b"\0one\0s3cret-word").decode()

#: A target that answers with the password, plain and as a SASL blob, in every place that a report quotes.
SOURCE = f"""
import logging
from mailspec.transcript import Direction

def leak(recorder):
    recorder.transcript.add(1, Direction.SENT, b"AUTH PLAIN {BLOB}\\r\\n")
    recorder.transcript.add(1, Direction.RECEIVED, b"535 {SECRET} is wrong\\r\\n")
    recorder.charges.charge("5321/4.2/reply-line", b"5x5 {SECRET}", 1, "no digit in {SECRET}", 1, 4)
    logging.getLogger("wire").warning("answer: {SECRET}")
    print("{SECRET}")

@requirement("9999/1/must")
def test_violated(recorder):
    leak(recorder)
    raise Violation(["250"], "535 {SECRET} is wrong")

@requirement("9999/1/should")
def test_deviates(recorder):
    leak(recorder)
    raise Violation(["no {SECRET}"], "535 {SECRET} is wrong")

@requirement("9999/1/must")
def test_blocked(recorder):
    leak(recorder)
    raise Blocked("after AUTH: 535 {SECRET}")

@requirement("9999/1/must")
def test_error(recorder):
    leak(recorder)
    raise ValueError("{SECRET}")

@requirement("9999/1/may")
def test_observed(recorder, census):
    leak(recorder)
    census("reply", b"535 {SECRET}")

@pytest.fixture
def dirty(recorder):
    yield
    raise Blocked("{SECRET}")

@requirement("9999/1/must")
def test_cleanup(dirty):
    pass

@requirement("9999/1/must")
def test_without_recorder():
    raise Blocked("{SECRET}")
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_secret_in_replies_appears_nowhere(
    run_checks: RunChecks, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    outcome, result = run_checks(
        SOURCE, "-rA", "--junitxml=junit.xml", "--log-file=pytest.log", "--log-file-level=WARNING", *workers,
        subprocess=bool(workers),
    )  # fmt: skip

    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    out = pytester.path / "out"
    print_failures(result, out, console)
    print_summary(result, out, console)
    console.file.close()
    texts = {str(path.relative_to(pytester.path)): path.read_text() for path in out.rglob("*") if path.is_file()}
    texts |= {"html": render_html(result, out), "console": console.export_text()}
    texts |= {"junit": (pytester.path / "junit.xml").read_text()}
    texts |= {"stdout": outcome.stdout.str(), "stderr": outcome.stderr.str()}
    if not workers:  # xdist writes no log file
        texts |= {"log": (pytester.path / "pytest.log").read_text()}
        assert "answer: ********" in texts["log"]
    leaking = [name for name, text in texts.items() if SECRET in text or BLOB in text]

    assert not leaking
    assert "********" in texts["html"]
    assert len([name for name in texts if "transcripts" in name]) == 6
    assert result.footer.counts["violated"] == 2
