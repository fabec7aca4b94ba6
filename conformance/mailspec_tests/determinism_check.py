"""The whole suite again and again in random order with four workers: every verdict must be the same each time.

Run by `tox -e determinism`, which takes the number of runs as an argument; exits 1 with the findings.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from mailspec.result import RunResult
from mailspec_tests.runs import run_suite

#: Runs, unless another number is given.
RUNS = 20


def verdicts(result: RunResult) -> dict[str, str]:
    """Return the verdict of each record."""
    return {check.id: check.verdict.value for check in result.checks}


def differences(first: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Say where two runs differ."""
    return [
        f"{name}: {first.get(name, 'missing')} in the first run, {other.get(name, 'missing')} now"
        for name in sorted({*first, *other})
        if first.get(name) != other.get(name)
    ]


def main(runs: int) -> int:
    """Run the suite so many times and print a line for each run."""
    failed = 0
    first: dict[str, str] | None = None
    for seed in range(1, runs + 1):
        code, result = run_suite(["-n", "4", "--shuffle", "--seed", str(seed)])
        found = verdicts(result)
        first = found if first is None else first
        lines = differences(first, found)
        lines += [f"exit code {code}"] if code else []
        click.echo(f"seed {seed}: {len(found)} records, {len(lines)} differences")
        click.echo("".join(f"  {line}\n" for line in lines), nl=False)
        failed += len(lines)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
