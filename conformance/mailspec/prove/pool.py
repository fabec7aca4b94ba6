"""The processes of `mailspec prove`: each takes the next subject when it has done one."""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

import pytest

from mailspec.cli.session import terminable
from mailspec.prove.judge import Finding
from mailspec.prove.session import run_session
from mailspec.prove.subject import Kind, Subject, all_subjects

__all__ = ["ProverDied", "prove_all"]

#: Seconds between two looks at whether a process still lives.
PULSE = 0.5
#: Seconds that processes get to put their servers away.
GRACE = 10.0
#: Seconds that they get when all is proven: pytest looks through a large heap several times.
WINDING_DOWN = 60.0


class _Channel(Protocol):
    """What a multiprocessing queue is used for here."""

    def get(self, block: bool = True, timeout: float | None = None) -> object: ...
    def put(self, obj: Any) -> None: ...


class ProverDied(Exception):
    """A process ended without doing its part; the log says why."""


def prove_all(
    subjects: Sequence[Subject],
    workers: int,
    addresses: tuple[str, ...],
    folder: Path,
    on_finding: Callable[[Finding], None],
    *,
    full: bool = False,
    again: int = 0,
    until: float | None = None,
) -> list[Finding]:
    """Run the suite on every subject and return the findings, in the order of the subjects.

    Args:
        subjects: what to prove.
        workers: processes to use; each runs one server at a time.
        addresses: the checks to run, all of them for none.
        folder: where the processes' logs go.
        on_finding: told of each finding as it comes.
        full: run also the checks that a subject cannot affect.
        again: how often a subject that is not proven is run once more.
        until: seconds of `time.time` after which no further subject is begun; those have no finding.

    Raises:
        ProverDied: a process failed; nothing of it is left.
    """
    context = multiprocessing.get_context("spawn")
    names, findings = context.Queue(), context.Queue()
    for subject in subjects:
        names.put(subject.name)
    count = min(workers, len(subjects))
    for _ in range(count):
        names.put(None)
    processes: list[BaseProcess] = []
    try:
        for number in range(count):
            log = folder / f"prove-{number}.log"
            process: BaseProcess = context.Process(
                target=_work, args=(names, findings, addresses, log, full, again, until), daemon=True
            )
            process.start()
            processes.append(process)
        found = _gather(findings, len(subjects), processes, folder, on_finding)
        for process in processes:
            process.join(WINDING_DOWN)
    finally:
        _end(processes)
    order = {subject.name: index for index, subject in enumerate(subjects)}
    return sorted(found, key=lambda finding: order[finding.name])


def _work(
    names: _Channel,
    findings: _Channel,
    addresses: tuple[str, ...],
    log: Path,
    full: bool,
    again: int,
    until: float | None,
) -> None:
    """Prove what is handed out; the body of one process, which the parent ends by SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    known = all_subjects()
    by_name = {subject.name: subject for subject in known}

    def handed_out() -> Iterator[Subject]:
        while isinstance(name := names.get(), str):
            if until is not None and time.time() >= until:
                findings.put(None)
            else:
                yield by_name[name]

    mutants = tuple(subject for subject in known if subject.kind is Kind.MUTANT)
    with terminable(), contextlib.suppress(KeyboardInterrupt):
        code = run_session(handed_out(), findings.put, mutants, addresses, log, full=full, again=again)
        # That checks failed is the point of mutants.
        raise SystemExit(0 if code == pytest.ExitCode.TESTS_FAILED else code)
    raise SystemExit(pytest.ExitCode.INTERRUPTED)


def _gather(
    findings: _Channel,
    wanted: int,
    processes: Sequence[BaseProcess],
    folder: Path,
    on_finding: Callable[[Finding], None],
) -> list[Finding]:
    found: list[Finding] = []
    left_out = 0
    while len(found) + left_out < wanted:
        try:
            finding = findings.get(timeout=PULSE)
        except queue.Empty:
            _watch(processes, folder)
            continue
        if isinstance(finding, Finding):
            found.append(finding)
            on_finding(finding)
        else:
            left_out += 1
    return found


def _watch(processes: Sequence[BaseProcess], folder: Path) -> None:
    """Notice processes that failed, and that nobody is left to work."""
    failed = [number for number, process in enumerate(processes) if process.exitcode]
    if failed or not any(process.is_alive() for process in processes):
        logs = ", ".join(str(folder / f"prove-{number}.log") for number in failed or range(len(processes)))
        msg = f"a process of the proof ended early; see {logs}"
        raise ProverDied(msg)


def _end(processes: Sequence[BaseProcess]) -> None:
    """End what still runs; SIGTERM lets each put its server away first."""
    for process in processes:
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(GRACE)
        if process.is_alive():
            process.kill()
            process.join()
