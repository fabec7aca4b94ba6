"""How a program that looks for faults ends: what it found, and an exit code that says whether it found anything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

__all__ = ["conclude"]

#: Findings that are printed; one cause often has hundreds.
_SHOWN = 20


def conclude(findings: Sequence[str], seconds: float | None = None) -> NoReturn:
    """Print the first findings, how many there are and, if it is given, how long it took; then end the program."""
    for finding in findings[:_SHOWN]:
        click.echo(f"  {finding}")
    took = "" if seconds is None else f", {seconds:.0f} seconds"
    click.echo(f"{len(findings)} findings{took}")
    sys.exit(1 if findings else 0)
