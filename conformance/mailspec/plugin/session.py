"""What one run needs to know while it goes, kept where it can be exchanged for another run's.

Nothing here is global: the state hangs on pytest's stashes, so that `run_items` can
run the same items again against another target within one pytest session.

    config.stash[TARGET_KEY]   the target being judged
    config.stash[RUN_KEY]      the state of the run that results go to
    config.stash[ITEM_KEY]     the check that is running
    item.stash[CENSUS_KEY]     what the check recorded with the `census` fixture
    item.stash[RECORDER_KEY]   the recorder of the check, put there by the `recorder` fixture
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec
import pytest

import mailspec
from mailspec.baseline import Baseline
from mailspec.plugin import advertised
from mailspec.plugin.gate import Gate
from mailspec.plugin.grammar import GrammarTally, Sightings
from mailspec.requirements import Ledger
from mailspec.result import (
    CheckResult,
    Footer,
    Header,
    Journal,
    RunResult,
    SelectionFacts,
    ServiceFacts,
    TargetFacts,
    count_verdicts,
    masked,
)
from mailspec.target.target import Target
from mailspec.transcript import Secrets
from mailspec.wire.recorder import Recorder

__all__ = [
    "CENSUS_KEY",
    "EXPOSURE_KEY",
    "ITEM_KEY",
    "RECORDER_KEY",
    "RUN_KEY",
    "TARGET_KEY",
    "Observer",
    "RunState",
    "facts_of",
    "make_header",
    "run_items",
    "secrets_of",
]


class Observer(Protocol):
    """Somebody who follows a run, such as a progress display."""

    def on_check(self, result: CheckResult) -> None:
        """Called with every record as soon as it is known; also with those of the grammar."""
        ...


TARGET_KEY = pytest.StashKey[Target]()
ITEM_KEY = pytest.StashKey[pytest.Item]()
RECORDER_KEY = pytest.StashKey[Recorder]()

#: What a check's census recorded, by name.
CENSUS_KEY = pytest.StashKey[dict[str, str]]()

#: What a check says about who is exposed.
EXPOSURE_KEY = pytest.StashKey[str]()


class RunState:
    """Collects the results of one run.

    Args:
        header: what is known at the start.
        ledger: where levels and wording come from.
        gate: decides the exit code.
        folder: where the result files go, or None to keep everything in memory.
        baseline: the target's known deviations.
        observers: told of every record.

    Raises:
        ResultError: the folder cannot be used.
    """

    def __init__(
        self,
        header: Header,
        ledger: Ledger,
        *,
        gate: Gate | None = None,
        folder: Path | None = None,
        baseline: Baseline | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.header = header
        self.ledger = ledger
        self.gate = gate or Gate()
        self.folder = folder
        self.baseline = baseline
        self.observers = list(observers)
        self.checks: list[CheckResult] = []
        #: Addresses of the selection that named nothing.
        self.unmatched: tuple[str, ...] = ()
        #: What could not be removed from the target, as workers reported it.
        self.leftovers: list[str] = []
        #: Modules that could not be collected and workers that crashed.
        self.broken = 0
        self.result: RunResult | None = None
        self._grammar = GrammarTally()
        self._journal = Journal(folder, header) if folder is not None else None

    def add(self, check: CheckResult, sightings: Sightings) -> None:
        """Take in one check and what its replies showed of the grammar."""
        self._publish(check)
        self._grammar.add(check, sightings)

    def finish(self, *, complete: bool = True, interrupted: bool = False, leftovers: Sequence[str] = ()) -> RunResult:
        """Add the grammar's records and the footer, close the files, and return everything; once is enough.

        Args:
            complete: every selected check ran.
            interrupted: the user, or a failure of pytest itself, ended the run.
            leftovers: what could not be removed from the target.
        """
        if self.result is not None:
            return self.result
        for check in self._grammar.results(self.ledger):
            self._publish(check)
        footer = Footer(
            complete=complete,
            finished=_now(),
            counts=count_verdicts(self.checks),
            leftovers=tuple(dict.fromkeys((*self.leftovers, *leftovers))),
            wrong=advertised.wrong(self.checks),
            unexercised=self._unexercised() if complete else (),
            baseline=self.baseline.facts(self.checks) if self.baseline is not None else None,
        )
        result = RunResult(header=self.header, checks=tuple(self.checks), footer=footer)
        code = self.gate.exit_code(result, unmatched=self.unmatched, interrupted=interrupted, broken=self.broken)
        footer = msgspec.structs.replace(footer, exit_code=code)
        self.result = msgspec.structs.replace(result, footer=footer)
        if self._journal is not None:
            self._journal.close(footer)
        return self.result

    def _unexercised(self) -> tuple[str, ...]:
        """Return what is advertised and was not tried; a selection of checks says nothing about that."""
        if self.header.selection.addresses:
            return ()
        return advertised.unexercised(self.checks, self.header.target)

    def _publish(self, check: CheckResult) -> None:
        if self.baseline is not None:
            check = self.baseline.mark(check)
        self.checks.append(check)
        if self._journal is not None:
            self._journal.add(check)
        for observer in self.observers:
            observer.on_check(check)


RUN_KEY = pytest.StashKey[RunState]()


def make_header(
    target: Target,
    ledger: Ledger,
    *,
    seed: int = 0,
    selection: SelectionFacts | None = None,
    transform: str = "as-sent",
) -> Header:
    """Return the header of a run that starts now."""
    return Header(
        suite_version=mailspec.__version__,
        ledger=ledger.digest,
        target=facts_of(target),
        seed=seed,
        started=_now(),
        platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        selection=selection or SelectionFacts(),
        transform=transform,
    )


def run_items(
    items: Sequence[pytest.Item],
    target: Target,
    run: RunState,
    *,
    stop: Callable[[RunState], bool] = lambda _run: False,
) -> RunResult:
    """Run items against a target within the current pytest session, and return what they found.

    Fixtures of every scope are torn down at the end, so the next call starts afresh.

    Args:
        items: checks of the session, in the order to run them.
        target: put in the place of the session's target until this returns.
        run: where the results go; it is finished here.
        stop: asked after each item; the run ends early, as incomplete, when it says so.
    """
    if not items:
        return run.finish()
    config = items[0].config
    former = config.stash.get(TARGET_KEY, None), config.stash.get(RUN_KEY, None)
    _install(config, target, run)
    complete, interrupted = False, False
    try:
        for index, item in enumerate(items):
            last = index + 1 == len(items)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None if last else items[index + 1])
            if stop(run) and not last:
                break
        else:
            complete = True
    except BaseException:
        interrupted = True
        raise
    finally:
        # Also after an interrupt: no fixture of this target may live on into the next run.
        items[0].session._setupstate.teardown_exact(None)  # noqa: SLF001 - pytest has no public way
        result = run.finish(complete=complete, interrupted=interrupted, leftovers=target.leftovers)
        _install(config, *former)
    return result


def _install(config: pytest.Config, target: Target | None, run: RunState | None) -> None:
    """Make these the target and the run of the session; None takes away what was there."""
    if target is not None:
        config.stash[TARGET_KEY] = target
    elif TARGET_KEY in config.stash:
        del config.stash[TARGET_KEY]
    if run is not None:
        config.stash[RUN_KEY] = run
    elif RUN_KEY in config.stash:
        del config.stash[RUN_KEY]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def secrets_of(target: Target) -> Secrets:
    """Return what must not appear in any output about the target."""
    secrets = Secrets()
    for login in target.logins:
        secrets.add(login.secret)
    return secrets


def facts_of(target: Target) -> TargetFacts:
    """Return what a report says about the target: its services and what they offer."""
    mask = secrets_of(target).mask_text
    services: list[ServiceFacts] = []
    for name, service in target.profile.services.items():
        offers = target.offers.services.get(name) if target.offers else None
        stages = offers.stages if offers else {}
        facts = ServiceFacts(
            name=name,
            host=service.host,
            port=service.port_of(name),
            tls=service.tls,
            banner=_fingerprint(offers.greeting if offers else ""),
            problem=offers.problem if offers else "",
            before_tls=stages.get("plain", ()),
            after_tls=stages.get("tls", ()),
            after_login=stages.get("login", ()),
        )
        services.append(masked(facts, mask, "problem", "before_tls", "after_tls", "after_login"))
    return TargetFacts(name=target.name, services=tuple(services))


def _fingerprint(greeting: str) -> str:
    """Return a digest of a greeting without its dates and APOP challenge, which change each time."""
    constant = re.sub(r"\d+", "#", re.sub(r"<[^>]*>", "<>", greeting))
    return hashlib.sha256(constant.encode()).hexdigest()[:16] if greeting else ""
