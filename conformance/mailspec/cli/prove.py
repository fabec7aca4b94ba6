"""`mailspec prove`: every checked requirement has a mutant that is found, and no legal variant is blamed."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from mailspec.cli.exits import Exit
from mailspec.cli.folders import result_folder
from mailspec.cli.stop import Stop

__all__ = ["command"]


@click.command("prove")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-n", "workers", default="1", metavar="N|auto", help="Processes.")
@click.option("--select", "addresses", multiple=True, metavar="ADDRESS", help="Only these checks; repeatable.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for prove.json and logs.")
@click.option("--full", is_flag=True, help="Run also the checks that a subject cannot affect.")
@click.option(
    "--again",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Run what is not proven up to N times more, and name it.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Begin nothing more after so long; the order then changes from day to day.",
)
@click.option("--list", "only_list", is_flag=True, help="List what could be proven, and prove nothing.")
def command(
    names: tuple[str, ...],
    workers: str,
    addresses: tuple[str, ...],
    out: Path | None,
    *,
    full: bool,
    again: int,
    minutes: float | None,
    only_list: bool,
) -> None:
    """Run the suite on mutants and variants of the reference server, and compare with what each declares.

    NAME is a mutant, a variant, or a kind of them; without one all are run. Exits with 1 where one of them was not
    judged as it should be.
    """
    from mailspec.cli.collect import collect_checks, select_checks
    from mailspec.cli.session import terminable
    from mailspec.prove import ProverDied, UnknownSubject, all_subjects, run

    if only_list:
        for subject in all_subjects():
            click.echo(f"{subject.kind:<10} {subject.name}\n{'':<11}{subject.says}")
        return
    if workers != "auto" and not (workers.isdecimal() and int(workers) > 0):
        message = f"{workers!r} is neither a number above 0 nor auto"
        raise click.BadParameter(message, param_hint="-n")
    if addresses:
        select_checks(addresses, collect_checks())
    number = os.cpu_count() or 1 if workers == "auto" else int(workers)
    folder = result_folder(out, "prove", datetime.now().astimezone())
    try:
        with terminable():
            findings = run(
                names,
                workers=number,
                addresses=addresses,
                out=folder,
                console=Console(),
                full=full,
                again=again,
                minutes=minutes,
                seed=datetime.now().astimezone().toordinal(),
            )
    except UnknownSubject as error:
        raise Stop(str(error), Exit.NOTHING) from error
    except ProverDied as error:
        raise Stop(str(error), Exit.HARNESS) from error
    sys.exit(int(Exit.PASSED if all(finding.proven for finding in findings) else Exit.FAILED))
