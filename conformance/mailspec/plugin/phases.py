"""One check while it runs: what its phases came to, and what pytest is told of each."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from mailspec.plugin import xdist
from mailspec.plugin.collection import Declared, check_id
from mailspec.plugin.failure import check_result, lines_of, location_of, rerun_line
from mailspec.plugin.grammar import Sightings
from mailspec.plugin.options import option
from mailspec.plugin.outcome import Finding, judge_call, judge_setup, judge_teardown
from mailspec.plugin.session import CENSUS_KEY, EXPOSURE_KEY, RECORDER_KEY, RUN_KEY, TARGET_KEY, secrets_of
from mailspec.requirements import Requirement
from mailspec.result import CheckResult, failure_block, masked, write_lines
from mailspec.verdict import Verdict
from mailspec.wire.recorder import Recorder

__all__ = ["LETTERS", "RUNNING_KEY", "VERDICT", "Running", "finish_phase", "mask_of"]

#: Name of the entry in a report's user_properties that carries a verdict pytest has no word for.
VERDICT = "mailspec-verdict"

#: Those verdicts, with the letters of pytest's progress line.
LETTERS = {
    Verdict.DEVIATES: "d",
    Verdict.OBSERVED: "o",
    Verdict.NOT_OFFERED: "-",
    Verdict.NOT_RUN: "n",
    Verdict.BLOCKED: "b",
    Verdict.INCONCLUSIVE: "i",
}

#: Verdicts of which pytest is told nothing but that the check passed.
_QUIET = frozenset({Verdict.PASSED, Verdict.OBSERVED})

_SKIPPED = frozenset({Verdict.NOT_OFFERED, Verdict.NOT_RUN, Verdict.BLOCKED, Verdict.INCONCLUSIVE})

#: Fields of a record that may quote the target or a traceback.
_FREE_TEXT = ("expected", "actual", "reason", "cleanup", "observed")


@dataclass(slots=True)
class Running:
    """What is known of a check so far."""

    about: Declared
    requirement: Requirement
    #: time.monotonic() at its start.
    began: float
    finding: Finding | None = None
    location: str = ""


RUNNING_KEY = pytest.StashKey[Running]()


def finish_phase(item: pytest.Item, running: Running, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Judge the phase that just ended, reword pytest's report of it, and after clean-up attach the record."""
    recorder = item.stash.get(RECORDER_KEY, None)
    mask = mask_of(item)
    former = running.finding
    _judge(item, running, call, recorder)
    report.sections = [(name, mask(text)) for name, text in report.sections]
    if running.finding is None:
        return
    is_last = call.when == "teardown"
    if running.finding.verdict in _QUIET and not is_last:
        # The record is made once, at the end.
        _say_passed(report, running.finding.verdict)
        return
    result = masked(_record(item, running, recorder), mask, *_FREE_TEXT)
    if running.finding is not former:
        result = _reword(item, report, result, recorder, mask, has_error=call.excinfo is not None)
        running.finding = replace(running.finding, reason=result.reason)
    if is_last:
        result = msgspec.structs.replace(result, transcript=_write(item, result.id, recorder))
        xdist.pack(report, xdist.Parcel(check=result, sightings=Sightings.of(recorder)))


def _judge(item: pytest.Item, running: Running, call: pytest.CallInfo[None], recorder: Recorder | None) -> None:
    """Bring the finding up to date with the phase that just ended."""
    error = call.excinfo.value if call.excinfo is not None else None
    before = running.finding
    if call.when == "setup":
        running.finding = judge_setup(error)
    elif call.when == "call":
        running.finding = judge_call(error, running.requirement, recorder)
    elif before is not None:
        running.finding = judge_teardown(error, before)
    if running.finding is not before and running.finding is not None:
        running.location = location_of(item, call.excinfo)


def _record(item: pytest.Item, running: Running, recorder: Recorder | None) -> CheckResult:
    assert running.finding is not None
    name = check_id(item)
    return check_result(
        item,
        name,
        running.requirement,
        running.finding,
        needs=tuple(dict.fromkeys((*running.requirement.needs, *running.about.needs))),
        recorder=recorder,
        observed=item.stash.get(CENSUS_KEY, None),
        exposure=item.stash.get(EXPOSURE_KEY, ""),
        location=running.location,
        duration=time.monotonic() - running.began,
        rerun=rerun_line(name, *_rerun_options(item.config, running.about)),
        worker=xdist.worker_id(item.config),
    )


def _reword(
    item: pytest.Item,
    report: pytest.TestReport,
    result: CheckResult,
    recorder: Recorder | None,
    mask: Callable[[str], str],
    *,
    has_error: bool,
) -> CheckResult:
    """Make pytest's report say what the verdict says; return the record, with the traceback of an error."""
    verdict = result.verdict
    if verdict in _QUIET:
        _say_passed(report, verdict)
        return result
    fails = verdict in (Verdict.VIOLATED, Verdict.ERROR) or (
        verdict is Verdict.DEVIATES and option(item.config, "strict")
    )
    if verdict in LETTERS and not fails:
        report.user_properties.append((VERDICT, verdict.value))
    if fails:
        if verdict is Verdict.ERROR and has_error and not isinstance(report.longrepr, tuple):
            result = msgspec.structs.replace(result, reason=f"{result.reason}\n\n{mask(str(report.longrepr))}")
        report.outcome = "failed"
        report.longrepr = failure_block(result, lines_of(recorder))
    elif verdict in _SKIPPED:
        report.outcome = "skipped"
        path, line, _ = item.location
        report.longrepr = (path, (line or 0) + 1, f"{verdict}: {result.reason}")
    else:
        report.outcome = "passed"
        report.longrepr = None
        report.sections.append(("mailspec", failure_block(result, lines_of(recorder))))
    return result


def _say_passed(report: pytest.TestReport, verdict: Verdict) -> None:
    if verdict in LETTERS:
        report.user_properties.append((VERDICT, verdict.value))
    report.outcome = "passed"
    report.longrepr = None


def mask_of(item: pytest.Item) -> Callable[[str], str]:
    """Return what takes every secret of the profile and of the check out of a text."""
    target = item.config.stash.get(TARGET_KEY, None)
    recorder = item.stash.get(RECORDER_KEY, None)
    if recorder is None:
        return secrets_of(target).mask_text if target is not None else str
    if target is not None:
        for login in target.logins:
            recorder.transcript.secrets.add(login.secret)
    return recorder.transcript.secrets.mask_text


def _write(item: pytest.Item, name: str, recorder: Recorder | None) -> str:
    """Write the transcript where results go to files; return its name there, or ""."""
    run = item.config.stash.get(RUN_KEY, None)
    folder: Path | None = run.folder if run is not None else option(item.config, "out")
    if folder is None or recorder is None or recorder.transcript.last < 0:
        return ""
    return write_lines(folder, name, recorder.transcript.to_json_lines())


def _rerun_options(config: pytest.Config, about: Declared) -> tuple[str, ...]:
    """Return the options without which the check would not run as it ran."""
    target: str | None = option(config, "rerun")
    path: Path | None = option(config, "target")
    if target is None:
        target = f"--target {shlex.quote(str(path))}" if path is not None else ""
    transform = option(config, "transform")
    return (
        target,
        f"--tier {about.tier}" if about.tier in ("destructive", "intrusive") else "",
        "--slow" if about.slow else "",
        f"--transform {shlex.quote(transform)}" if transform != "as-sent" else "",
    )
