"""In suites of others the plugin changes nothing."""

from __future__ import annotations

import re

import pytest

pytest_plugins = ["pytester"]

FOREIGN = """
    import pytest

    @pytest.fixture
    def census():
        return 42

    @pytest.mark.mine
    def test_passes(census):
        assert census == 42

    def test_fails(record_property):
        record_property("mailspec", "not ours")
        assert 1 == 2

    def test_skips():
        pytest.skip("today")

    @pytest.mark.xfail(strict=True)
    def test_expected():
        raise ValueError

    def test_breaks():
        raise RuntimeError("x")
"""

STRICT = """
    [pytest]
    addopts = --strict-markers --strict-config -ra
    filterwarnings = error
    xfail_strict = true
    markers = mine: our own
"""


#: What differs from run to run: times, addresses, workers and the order they finish in, widths of rules.
VOLATILE = re.compile(r"\d+\.\d+s|0x[0-9a-f]+|\[gw\d\]|\[ *\d+%\]|[-=_]{2,}|/\S+/|runpytest-\d+|-p no:mailspec")


def shown(result: pytest.RunResult) -> list[str]:
    """Return the lines of the output without what differs from run to run."""
    lines = [*result.outlines, *result.errlines]
    return sorted(" ".join(VOLATILE.sub(" ", line).split()) for line in lines if not line.startswith("plugins:"))


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_foreign_suite_sees_no_difference(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makeini(STRICT)
    pytester.makepyfile(FOREIGN)
    common = ("-p", "no:cacheprovider", "-v", *workers)

    without = pytester.runpytest_subprocess(*common, "-p", "no:mailspec")
    with_plugin = pytester.runpytest_subprocess(*common)

    assert "mailspec" in str([line for line in with_plugin.outlines if line.startswith("plugins:")])
    assert shown(with_plugin) == shown(without)
    assert with_plugin.ret == without.ret == pytest.ExitCode.TESTS_FAILED
    assert not (pytester.path / "mailspec-results").exists()


def test_the_plugin_imports_next_to_nothing(pytester: pytest.Pytester) -> None:
    heavy = ("mailspec.wire", "mailspec.target", "mailspec.result", "refmail", "jinja2", "rich", "msgspec")
    pytester.makepyfile(
        f"import sys\n\ndef test_modules():\n    assert not [m for m in {heavy!r} if m in sys.modules]\n"
    )

    plain = ("-p", "no:allure_pytest", "-p", "no:syrupy", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
    pytester.runpytest_subprocess(*plain).assert_outcomes(passed=1)
