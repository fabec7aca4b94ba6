"""From a finding to the record of a check, and to what pytest prints of it."""

from __future__ import annotations

import functools
import inspect
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailspec.plugin.outcome import Finding
from mailspec.requirements import Requirement
from mailspec.result import CheckResult, ConnectionEnding, Line, parse_lines
from mailspec.wire.recorder import Recorder

__all__ = ["check_result", "lines_of", "location_of", "longest_wait", "rerun_line"]

#: Share of the deadline from which on a reply counts as slow.
SLOW_SHARE = 0.8

#: Folder that holds the package, to which locations are relative.
_PACKAGES = Path(__file__).parents[2]


def check_result(
    item: pytest.Item,
    check_id: str,
    requirement: Requirement,
    finding: Finding,
    *,
    needs: tuple[str, ...] = (),
    recorder: Recorder | None = None,
    observed: dict[str, str] | None = None,
    exposure: str = "",
    location: str = "",
    duration: float = 0.0,
    rerun: str = "",
    worker: str = "",
) -> CheckResult:
    """Return the record of one check; its texts are not masked yet.

    Args:
        item: pytest's item.
        check_id: the check's permanent name.
        requirement: the ledger's entry.
        finding: what the phases came to.
        needs: capabilities, each "service CAPABILITY".
        recorder: of the check, or None where it never got one.
        observed: what a census recorded.
        exposure: what the check says about who is exposed.
        location: "file:line" of the deciding statement.
        duration: seconds.
        rerun: command that runs this check alone.
        worker: name of the xdist worker.
    """
    return CheckResult(
        id=check_id,
        nodeid=item.nodeid,
        requirement=requirement.id,
        source=requirement.source,
        rfc=requirement.rfc,
        section=requirement.section,
        url=requirement.url,
        level=requirement.level,
        contested=requirement.contested,
        says=requirement.says,
        title=_title(item),
        verdict=finding.verdict,
        expected=finding.expected,
        actual=finding.actual,
        reason=finding.reason,
        cleanup=finding.cleanup,
        observed=observed or {},
        exposure=exposure,
        location=location,
        duration=round(duration, 4),
        event=finding.event,
        connections=_endings(recorder),
        rerun=rerun,
        slow=recorder is not None and longest_wait(recorder) > SLOW_SHARE * recorder.deadline,
        needs=needs,
        worker=worker,
    )


def lines_of(recorder: Recorder | None) -> tuple[Line, ...]:
    """Return the transcript so far, masked."""
    return parse_lines(recorder.transcript.to_json_lines().splitlines()) if recorder is not None else ()


def location_of(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException] | None) -> str:
    """Return "file:line" of the check's own statement that was running, or of its definition."""
    path, line, _ = item.location
    number = (line or 0) + 1
    where = Path(item.config.rootpath, path)
    if excinfo is not None:
        own = [entry for entry in excinfo.traceback if Path(entry.path) == item.path]
        if own:
            where, number = item.path, own[-1].lineno + 1
    return f"{_relative(where, item.config.rootpath)}:{number}"


def rerun_line(check_id: str, *options: str) -> str:
    """Return the command that runs one check alone."""
    return " ".join(("mailspec run", shlex.quote(check_id), *(option for option in options if option)))


def longest_wait(recorder: Recorder) -> float:
    """Return the longest time, in seconds, from sending to what came next on the same connection."""
    sent: dict[int, float] = {}
    longest = 0.0
    for event in recorder.transcript.events:
        if event.direction == "C":
            sent[event.connection] = event.at
        elif event.direction == "S" and event.connection in sent:
            longest = max(longest, event.at - sent.pop(event.connection))
    return longest


@functools.lru_cache(maxsize=1024)
def _relative(path: Path, root: Path) -> str:
    """Return a path that says nothing about this machine."""
    path = path.resolve()
    for base in (_PACKAGES, root.resolve()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.name


def _title(item: pytest.Item) -> str:
    doc = inspect.getdoc(getattr(item, "function", None)) or ""
    return next(iter(doc.splitlines()), "")


def _endings(recorder: Recorder | None) -> tuple[ConnectionEnding, ...]:
    return tuple(_each_ending(recorder)) if recorder is not None else ()


def _each_ending(recorder: Recorder) -> Iterator[ConnectionEnding]:
    transcript = recorder.transcript
    for connection, label in transcript.labels.items():
        yield ConnectionEnding(connection=connection, label=label, ending=str(transcript.endings[connection]))
