"""`mailspec prove`: every checked requirement has a mutant that is found, and no legal variant is blamed."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

__all__ = ["command"]


@click.command("prove")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("-n", "workers", default="1", metavar="N|auto", help="Processes.")
@click.option("--mutant", "mutants", multiple=True, metavar="NAME", help="Only this mutant; repeatable.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only this variant; repeatable.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of variants and checks.")
@click.option("-v", "--verbose", is_flag=True, help="Say what each of them was found to do.")
def command(**values: Any) -> None:
    """Run the suite on every mutant and variant of the reference server, and compare with what each declares."""
    prove = importlib.import_module("mailspec.prove")
    sys.exit(prove.run(**values))
