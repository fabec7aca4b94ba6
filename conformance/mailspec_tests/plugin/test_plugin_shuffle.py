"""Random order: decided by the seed alone, and every check is still run."""

from __future__ import annotations

import shutil

from mailspec_tests.plugin.conftest import RunChecks

pytest_plugins = ["pytester"]

CHECKS = "\n".join(
    f"""
@requirement("9999/1/must")
def test_{name}():
    pass
"""
    for name in "abcdefgh"
)


def order(run_checks: RunChecks, *options: str) -> list[str]:
    shutil.rmtree("out", ignore_errors=True)
    _, result = run_checks(CHECKS, *options)
    return [check.id[-1] for check in result.checks if check.kind == "check"]


def test_the_seed_decides_the_order(run_checks: RunChecks) -> None:
    shuffled = order(run_checks, "--mailspec-shuffle", "--mailspec-seed=1")

    assert sorted(shuffled) == list("abcdefgh")
    assert shuffled == order(run_checks, "--mailspec-shuffle", "--mailspec-seed=1")
    assert shuffled != order(run_checks, "--mailspec-shuffle", "--mailspec-seed=2")


def test_without_it_the_order_is_as_written(run_checks: RunChecks) -> None:
    assert order(run_checks, "--mailspec-seed=1") == list("abcdefgh")
