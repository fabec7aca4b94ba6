"""One process of `mailspec prove`: one pytest session in which the suite runs on subject after subject."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from mailspec.cli.collect import base_arguments
from mailspec.cli.session import output_to, run_pytest
from mailspec.lab.server import LabPlan, LabServer
from mailspec.plugin.collection import check_id, declared
from mailspec.plugin.session import Observer, RunState, make_header, run_items
from mailspec.prove.judge import Finding, coverage_problems, judge
from mailspec.prove.reach import Reach, Uses, protocols_by_check
from mailspec.prove.recording import recording_blueprint
from mailspec.prove.subject import Kind, Subject
from mailspec.requirements import load_ledger
from mailspec.result import RunResult
from mailspec.suite.fixtures.lab import LAB_ADDRESS
from mailspec.target.embedded import Embedded
from mailspec.target.probe import probe
from mailspec.target.target import TIMEOUT_FACTOR, open_target
from refmail.blueprint import Blueprint

__all__ = ["Prover", "run_session"]

#: Factor on every deadline: the server is in the same process, and many mutants keep silent.
PATIENCE = 0.25


class Prover:
    """The pytest plugin that runs all collected checks on each subject in turn.

    Args:
        subjects: which ones; taken one after the other, from whatever hands them out.
        publish: told of each finding.
        mutants: all mutants there are, for the question whether each checked requirement has one.
        full: run every check on every subject, also those that it cannot affect.
        again: how often a subject that is not proven is run once more.
    """

    def __init__(
        self,
        subjects: Iterator[Subject],
        publish: Callable[[Finding], None],
        mutants: tuple[Subject, ...],
        *,
        full: bool = False,
        again: int = 0,
    ) -> None:
        self._again = again
        self._subjects = subjects
        self._publish = publish
        self._mutants = mutants
        self._full = full
        #: Learned from the reference when first asked for.
        self._reach: Reach | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the checks on each subject."""
        lab = LabServer(LabPlan())
        lab.start()
        try:
            for subject in self._subjects:
                self._slow(subject, session)
                self._publish(self._prove_patiently(subject, session.items, lab))
                lab.forget()
                _forget_reports(session.config)
        finally:
            lab.stop()
        return True

    def _prove_patiently(self, subject: Subject, items: list[pytest.Item], lab: LabServer) -> Finding:
        """Prove a subject; what went wrong before the last try stays in the finding."""
        finding = self._prove(subject, items, lab)
        for _ in range(self._again):
            if finding.proven:
                break
            earlier = (*finding.earlier, *finding.problems)
            finding = msgspec.structs.replace(self._prove(subject, items, lab), earlier=earlier)
        return finding

    def _prove(self, subject: Subject, items: list[pytest.Item], lab: LabServer) -> Finding:
        began = time.monotonic()
        try:
            checks = _run(subject.apply(Blueprint()), self._within_reach(subject, items, lab), lab).checks
        except OSError as error:
            return _failed(subject, f"the server could not be run: {error}", time.monotonic() - began)
        waiting = {check_id(item) for item in items if _slow_requirement(item)} if not subject.breaks else set[str]()
        judged = [check for check in checks if check.id not in waiting]
        finding = judge(subject, judged, time.monotonic() - began)
        if subject.kind is not Kind.REFERENCE:
            return finding
        return _with(finding, coverage_problems(self._mutants, checks))

    def _within_reach(self, subject: Subject, items: list[pytest.Item], lab: LabServer) -> list[pytest.Item]:
        """Return the checks that the subject can affect; every check of a stupid server's."""
        if self._full or subject.kind in {Kind.REFERENCE, Kind.STUPID}:
            return items
        if self._reach is None:
            quick = [item for item in items if not _slow_requirement(item)]
            self._reach = _learn(quick, lab)
        could_notice = self._reach.selector(subject.apply(Blueprint()))
        return [item for item in items if could_notice(check_id(item)) and not _waits_for_others(item, subject)]

    def _slow(self, subject: Subject, session: pytest.Session) -> None:
        """Let the checks that wait for minutes run on a subject that one of them is about; on others they take long."""
        about = {_slow_requirement(item) for item in session.items}
        session.config.option.mailspec_slow = bool(about & subject.breaks)


def _forget_reports(config: pytest.Config) -> None:
    """Let pytest's summary forget what it was to tell: a report of every check of every subject."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.stats.clear()


def _slow_requirement(item: pytest.Item) -> str:
    """Return what a check judges that waits for minutes, or nothing."""
    about = declared(item)
    return about.requirement_id if about is not None and about.slow else ""


def _waits_for_others(item: pytest.Item, subject: Subject) -> bool:
    """Say whether a check waits for minutes where a subject that waits is about something else."""
    requirement_id = _slow_requirement(item)
    return bool(requirement_id) and bool(subject.breaks) and requirement_id not in subject.breaks


def _learn(items: list[pytest.Item], lab: LabServer) -> Reach:
    """Run the reference once and note what each check makes it use."""
    uses = Uses()
    reference = _run(recording_blueprint(uses.note), items, lab, (uses,))
    return Reach(uses.by_check(), protocols_by_check(reference.checks, reference.header.target))


def _run(
    blueprint: Blueprint, items: list[pytest.Item], lab: LabServer, observers: Sequence[Observer] = ()
) -> RunResult:
    with Embedded(blueprint=blueprint, lab=lab) as embedded:
        os.environ[LAB_ADDRESS] = embedded.lab_address
        target = open_target(embedded.profile, tier="destructive").with_offers(probe)
        ledger = load_ledger()
        run = RunState(make_header(target, ledger), ledger, observers=observers)
        return run_items(items, target, run)


def _failed(subject: Subject, problem: str, seconds: float) -> Finding:
    return Finding(
        kind=subject.kind,
        name=subject.name,
        says=subject.says,
        problems=(problem,),
        counts={},
        violated=(),
        seconds=seconds,
    )


def _with(finding: Finding, problems: tuple[str, ...]) -> Finding:
    return msgspec.structs.replace(finding, problems=(*finding.problems, *problems))


def run_session(
    subjects: Iterator[Subject],
    publish: Callable[[Finding], None],
    mutants: tuple[Subject, ...],
    addresses: tuple[str, ...],
    log: Path,
    *,
    full: bool = False,
    again: int = 0,
) -> int:
    """Collect the suite once and prove subjects until there are no more; pytest's words go into `log`.

    Returns:
        pytest's exit code; anything but 0 means that the session itself failed.
    """
    os.environ[TIMEOUT_FACTOR] = f"{PATIENCE:g}"
    arguments = [*base_arguments(), "--mailspec-judge", "--mailspec-tier", "destructive", "-q"]
    arguments += [word for address in addresses for word in ("--mailspec-select", address)]
    with output_to(log):
        return run_pytest(arguments, [Prover(subjects, publish, mutants, full=full, again=again)])
