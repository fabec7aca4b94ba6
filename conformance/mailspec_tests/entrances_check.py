"""The whole suite on each store, through each kind of listener, with octets one by one and gathered.

Run by `tox -e entrances`; exits 1 with the findings. A combination that had any is run once more, for a busy machine can
keep a server from answering in time, and both runs are told; that verdicts do not change is what `determinism_check` sees to.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter

import click

from mailspec_tests.runs import findings, run_suite

STORES = ("maildir", "mbox", "memory")
LISTENERS = ("clear", "starttls", "implicit")
TRANSFORMS = ("one-octet", "coalesced")


def judged(options: list[str]) -> list[str]:
    """Run one combination, tell how it went, and return its findings."""
    code, result = run_suite(options)
    counts = Counter(check.verdict.value for check in result.checks)
    click.echo("  " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    found = findings(code, result)
    for line in found:
        click.echo(f"    {line}")
    return found


def main() -> int:
    """Run every combination and print what was found."""
    failed: list[str] = []
    for store, listeners, transform in itertools.product(STORES, LISTENERS, TRANSFORMS):
        options = ["--store", store, "--listeners", listeners, "--transform", transform, "-n", "2"]
        name = f"{store} {listeners} {transform}"
        click.echo(name)
        if judged(options):
            click.echo("  once more:")
            if judged(options):
                failed.append(name)
    if failed:
        click.echo(f"findings twice: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
