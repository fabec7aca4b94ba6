"""Whole runs of the suite on the embedded server, for the programs that compare them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mailspec.result import RunResult, load
from mailspec.verdict import Verdict

__all__ = ["UNWANTED", "findings", "run_suite"]

#: What the reference server must never get.
UNWANTED = frozenset(Verdict) - {Verdict.PASSED, Verdict.OBSERVED, Verdict.NOT_OFFERED, Verdict.NOT_RUN}


def run_suite(options: Sequence[str]) -> tuple[int, RunResult]:
    """Run `mailspec run` with the options and return its exit code and what it found.

    Raises:
        mailspec.result.ResultError: it wrote no result.
    """
    with tempfile.TemporaryDirectory(prefix="mailspec-run-") as scratch:
        out = Path(scratch) / "out"
        command = [sys.executable, "-m", "mailspec", "run", *options, "--out", str(out)]
        code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
        return code, load(out)


def findings(code: int, result: RunResult) -> list[str]:
    """Return what a run of the reference server should not have shown."""
    lines = [
        f"{check.id}: {check.verdict}: {check.reason or check.actual}"
        for check in result.checks
        if check.verdict in UNWANTED
    ]
    return lines or ([f"exit code {code}"] if code else [])
