"""`mailspec compare`: several runs side by side, without a verdict about who is right."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from mailspec.cli.stop import Stop

__all__ = ["command"]


@click.command("compare")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULT...")
@click.option("--all", "everything", is_flag=True, help="Also choices that all targets made alike.")
def command(results: tuple[Path, ...], *, everything: bool) -> None:
    """Show what targets chose where the documents leave a choice, and where their verdicts differ.

    RESULT is the folder of a run, or its result.json; one for each target.
    """
    from mailspec.result import ResultError, load
    from mailspec_reports.compare import print_comparison

    try:
        runs = [load(path) for path in results]
    except ResultError as error:
        raise Stop(str(error)) from error
    if len(runs) < 2 and not everything:
        msg = "one result has nothing to be compared with\n  name another, or list its choices with --all"
        raise Stop(msg)
    if len({run.header.ledger for run in runs}) > 1:
        click.echo("warning: these runs had different ledgers, so a check may have changed between them", err=True)
    print_comparison(runs, Console(), everything=everything)
