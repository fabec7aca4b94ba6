"""The same items against one target after the other, within one pytest session."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
from mailspec.plugin.session import RUN_KEY, RunState, make_header, run_items

seen = []

class Watcher:
    def on_check(self, result):
        if result.kind == "check":
            seen.append(f"{result.id} {result.verdict}")

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    own = session.config.stash[RUN_KEY]
    for name in ("first", "second"):
        target = make_target(name)
        ledger = hooks.load_ledger()
        run = RunState(make_header(target, ledger), ledger, observers=[Watcher()])
        result = run_items(session.items, target, run, stop=lambda run: name == "second")
        seen.append(f"{name} {result.footer.complete} {result.footer.exit_code} {result.header.target.name}")
    assert session.config.stash[RUN_KEY] is own
    assert not own.checks
    Path("seen").write_text("\\n".join(seen))
    return True
"""

MODULE = """
import pytest
from mailspec.plugin.session import TARGET_KEY
from mailspec.requirement import requirement
from mailspec.verdict import Violation

@pytest.fixture(scope="session")
def name(pytestconfig):
    return pytestconfig.stash[TARGET_KEY].name

@requirement("9999/1/must")
def test_a(name, recorder):
    if name == "second":
        raise Violation(["first"], name)

@requirement("9999/1/must")
def test_b(name):
    pass
"""


def test_items_run_again_with_fresh_fixtures_and_state(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    inner = request.getfixturevalue("inner_conftest")
    pytester.makeconftest(inner + CONFTEST)
    pytester.makepyfile(test_m=MODULE)

    pytester.runpytest_subprocess("--mailspec-judge", "-p", "no:cacheprovider", "-p", "no:terminal")

    folder = pytester.path.name
    assert (pytester.path / "seen").read_text().splitlines() == [
        f"{folder}/m/a passed",
        f"{folder}/m/b passed",
        "first True 0 first",
        f"{folder}/m/a violated",
        "second False 1 second",
    ]
