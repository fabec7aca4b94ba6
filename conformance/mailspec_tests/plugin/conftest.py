"""A small suite of checks with a target of its own, to run with pytester."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailspec.requirements import load_ledger
from mailspec.result import RunResult, load

INNER_CONFTEST = """
import dataclasses
from pathlib import Path
import pytest
from mailspec.plugin import hooks
from mailspec.plugin.session import RECORDER_KEY, TARGET_KEY
from mailspec.requirements import Ledger, Requirement, load_ledger
from mailspec.target.offers import Offers, ServiceOffers
from mailspec.target.profile import Profile, Service
from mailspec.target.target import Target
from mailspec.transcript import Direction
from mailspec.wire.endpoint import Login
from mailspec.wire.recorder import Recorder

SAYS = "The server does it."
EXTRA = (
    Requirement(id="9999/1/must", level="must", says=SAYS),
    Requirement(id="9999/1/should", level="should", says=SAYS),
    Requirement(id="9999/1/may", level="may", says=SAYS),
    Requirement(id="9999/1.2/contested", level="must", says=SAYS, contested=True),
    Requirement(id="9999/1.2/starttls", level="must", says=SAYS, needs=("smtp STARTTLS",)),
)

def make_target(name="inner"):
    profile = Profile(name=name, smtp=Service(host="192.0.2.1", port=25))
    logins = (Login(b"one@example.test", b"one", b"s3cret-word"),)
    offers = Offers(services={"smtp": ServiceOffers(greeting="220 x", stages={"plain": ("SIZE",)})})
    return Target(profile, Path("target.toml"), logins, offers=offers)

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    packaged = load_ledger()
    ledger = Ledger((*packaged.values(), *EXTRA), {}, packaged.digest)
    hooks.load_ledger = lambda: ledger
    config.stash[TARGET_KEY] = make_target()

class Clock:
    now = 0.0
    def __call__(self):
        return self.now

@pytest.fixture
def recorder(request):
    clock = Clock()
    recorder = Recorder(clock=clock)
    request.node.stash[RECORDER_KEY] = recorder
    recorder.transcript.open("smtp")
    clock.now = 0.25
    recorder.transcript.add(1, Direction.RECEIVED, b"220 mx.example.test ready\\r\\n")
    clock.now = 0.5
    recorder.transcript.add(1, Direction.SENT, b"NOOP\\r\\n")
    clock.now = 0.75
    recorder.transcript.add(1, Direction.RECEIVED, b"500 \\x80 what?\\r\\n")
    return recorder
"""

HEAD = """
import pytest
from mailspec.requirement import requirement
from mailspec.verdict import Blocked, Inconclusive, NotOffered, NotRun, Violation
"""

#: Runs pytest on checks and returns its outcome and the result that was written.
RunChecks = Callable[..., tuple[pytest.RunResult, RunResult]]


@pytest.fixture(autouse=True)
def _ledger_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """In-process runs replace the ledger; put the real one back afterwards."""
    monkeypatch.setattr("mailspec.plugin.hooks.load_ledger", load_ledger)


@pytest.fixture
def inner_conftest() -> str:
    """Return the conftest.py of the inner suite."""
    return INNER_CONFTEST


@pytest.fixture
def run_checks(pytester: pytest.Pytester) -> RunChecks:
    """Return a function that runs the text of a module as suite/smtp/test_inner.py."""

    def run(source: str, *args: str, subprocess: bool = False) -> tuple[pytest.RunResult, RunResult]:
        pytester.makeconftest(INNER_CONFTEST)
        module = Path(pytester.path, "suite", "smtp", "test_inner.py")
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text(HEAD + source)
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        options = ("--mailspec-judge", "--mailspec-out", "out", "-p", "no:cacheprovider", *args)
        outcome = start("--import-mode=importlib", *options, "suite")
        return outcome, load(pytester.path / "out")

    return run
