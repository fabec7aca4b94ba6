"""The part of the plugin that judges; registered only where a target is given."""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mailspec.baseline import Baseline, BaselineError, load_baseline
from mailspec.plugin import fixtures, xdist
from mailspec.plugin.collection import declared, require_possible, requirement_of, select, shuffle
from mailspec.plugin.gate import Gate
from mailspec.plugin.logs import masked_logs
from mailspec.plugin.options import option
from mailspec.plugin.phases import LETTERS, RUNNING_KEY, VERDICT, Running, finish_phase, mask_of
from mailspec.plugin.session import CENSUS_KEY, ITEM_KEY, RECORDER_KEY, RUN_KEY, TARGET_KEY, RunState, make_header
from mailspec.requirements import load_ledger
from mailspec.result import ResultError, SelectionFacts
from mailspec.target.probe import probe
from mailspec.target.profile import ProfileError
from mailspec.target.target import Target, open_target
from mailspec.verdict import Outcome, Verdict

__all__ = ["Judge"]

T = TypeVar("T")


class Judge:
    """The hooks of a judging session, in one process or in a worker of xdist.

    Args:
        config: pytest's configuration.

    Raises:
        pytest.UsageError: the profile cannot be used.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ledger = load_ledger()
        if option(config, "seed") is None:
            # Set before xdist copies the options, so that all workers have the same one.
            config.option.mailspec_seed = random.randrange(2**31)
        config.pluginmanager.register(fixtures, "mailspec-fixtures")
        config.pluginmanager.register(fixtures.session_fixtures(config), "mailspec-session-fixtures")
        if TARGET_KEY not in config.stash and option(config, "target") is not None:
            config.stash[TARGET_KEY] = self._open()

    def _open(self) -> Target:
        path: Path = option(self._config, "target")
        try:
            target = open_target(
                path,
                worker=xdist.worker_number(self._config),
                workers=xdist.workers(self._config),
                tier=option(self._config, "tier"),
            )
        except ProfileError as error:
            raise pytest.UsageError(str(error)) from error
        offers = xdist.offers_for(self._config)
        return target if offers is None else target.with_offers(lambda _target: offers)

    # The session

    def pytest_sessionstart(self) -> None:
        """Probe the target and begin a run, where results arrive and something will run."""
        config = self._config
        target = config.stash.get(TARGET_KEY, None)
        if target is None or RUN_KEY in config.stash or not xdist.is_controller(config) or config.option.collectonly:
            return
        if target.offers is None:
            target = config.stash[TARGET_KEY] = target.with_offers(probe)
        limit = option(config, "blocked-limit")
        gate = Gate(option(config, "strict"), target.profile.limits.blocked if limit is None else limit)
        selection = SelectionFacts(
            addresses=tuple(option(config, "select")), tier=target.tier, slow=option(config, "slow")
        )
        header = make_header(
            target,
            self._ledger,
            seed=option(config, "seed"),
            selection=selection,
            transform=option(config, "transform"),
        )
        try:
            run = RunState(
                header, self._ledger, gate=gate, folder=option(config, "out"), baseline=self._baseline(target.name)
            )
        except (ResultError, BaselineError) as error:
            raise pytest.UsageError(str(error)) from error
        config.stash[RUN_KEY] = run
        config.hook.pytest_mailspec_started(config=config, run=run)

    def _baseline(self, target: str) -> Baseline | None:
        path: Path | None = option(self._config, "baseline")
        if path is None:
            return None
        return load_baseline(path, target=target, today=datetime.now().astimezone().date())

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Close the run, and let the gate decide the exit code."""
        target = self._config.stash.get(TARGET_KEY, None)
        leftovers = target.leftovers if target is not None else []
        if not xdist.is_controller(self._config):
            xdist.report_leftovers(self._config, leftovers)
            return
        run = self._config.stash.get(RUN_KEY, None)
        if run is None:
            return
        run.broken += exitstatus == pytest.ExitCode.INTERNAL_ERROR
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED and not run.broken
        cut_short = interrupted or run.broken or session.shouldstop or session.shouldfail
        result = run.finish(complete=not cut_short, interrupted=interrupted, leftovers=leftovers)
        if result.footer.exit_code is not None:
            session.exitstatus = result.footer.exit_code

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was found in one line, and where the whole of it is."""
        run = self._config.stash.get(RUN_KEY, None)
        if run is None or run.result is None:
            return
        counts = ", ".join(f"{count} {verdict}" for verdict, count in run.result.footer.counts.items() if count)
        terminalreporter.section("mailspec")
        terminalreporter.write_line(f"{run.header.target.name}: {counts or 'nothing ran'}")
        if run.unmatched:
            terminalreporter.write_line(f"these addresses name nothing: {' '.join(run.unmatched)}")
        if run.folder is not None:
            terminalreporter.write_line(f"results: {run.folder}")

    # Collection

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note modules that cannot be loaded: their checks are missing from the run."""
        run = self._config.stash.get(RUN_KEY, None)
        if report.failed and run is not None:
            run.broken += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what the addresses do not select."""
        kept, left, unmatched = select(
            items, option(self._config, "select"), self._ledger, option(self._config, "level")
        )
        run = self._config.stash.get(RUN_KEY, None)
        if run is not None:
            run.unmatched = unmatched
        xdist.report_unmatched(self._config, unmatched)
        if left:
            self._config.hook.pytest_deselected(items=left)
            items[:] = kept
        if option(self._config, "shuffle"):
            shuffle(items, option(self._config, "seed"))

    # pytest-xdist

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give each worker what probing found."""
        target = self._config.stash.get(TARGET_KEY, None)
        xdist.send_offers(node.workerinput, target.offers if target is not None else None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker says at its end."""
        run = self._config.stash.get(RUN_KEY, None)
        if run is not None:
            unmatched, leftovers = xdist.last_words(node)
            run.unmatched = unmatched
            run.leftovers += leftovers

    # One check

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin a check with a clean slate, also when the item has run before."""
        _forget(item, RECORDER_KEY)
        _forget(item, CENSUS_KEY)
        _forget(item, RUNNING_KEY)
        about = declared(item)
        if about is None:
            return (yield)
        self._config.stash[ITEM_KEY] = item
        item.stash[RUNNING_KEY] = Running(about, requirement_of(about, self._ledger), time.monotonic())
        with masked_logs(lambda text: mask_of(item)(text)):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Stop before the fixtures where this run or the target does not allow for the check."""
        running = item.stash.get(RUNNING_KEY, None)
        if running is None:
            return
        # Looked up again for the exception, which names close ids.
        requirement = self._ledger[running.about.requirement_id]
        require_possible(running.about, requirement, self._target, slow=option(self._config, "slow"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Judge each phase; after the last one send the record on its way."""
        report = yield
        running = item.stash.get(RUNNING_KEY, None)
        if running is not None:
            finish_phase(item, running, call, report)
        return report

    @pytest.hookimpl(wrapper=True, trylast=True, specname="pytest_runtest_makereport")
    def pytest_runtest_makereport_without_traceback(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Make the report of a verdict without the traceback that led to it, which nobody sees and which takes long.

        Only pytest's own making of the report is deceived: every other plugin has the exception.
        """
        raised = call.excinfo
        if item.stash.get(RUNNING_KEY, None) is None or raised is None or not isinstance(raised.value, Outcome):
            return (yield)
        call.excinfo = None
        try:
            report = yield
        finally:
            call.excinfo = raised
        report.outcome = "failed"
        report.longrepr = str(raised.value)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in the record of a check, whichever process it ran in."""
        run = self._config.stash.get(RUN_KEY, None)
        if run is None:
            return
        parcel = xdist.unpack(report)
        if parcel is not None:
            run.add(parcel.check, parcel.sightings)
        elif str(report.when) == "???" and report.failed:
            # So xdist reports the check during which a worker died.
            run.broken += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
        """Show verdicts that pytest has no word for."""
        if not isinstance(report, pytest.TestReport):
            return None
        verdict = next((str(value) for name, value in report.user_properties if name == VERDICT), None)
        return (verdict, LETTERS[Verdict(verdict)], verdict.upper()) if verdict else None

    @property
    def _target(self) -> Target:
        return self._config.stash[TARGET_KEY]


def _forget(item: pytest.Item, key: pytest.StashKey[T]) -> None:
    if key in item.stash:
        del item.stash[key]
