"""`mailspec list`: the checks that addresses select, or how much of the documents they cover."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

import click
import msgspec

from mailspec.cli.collect import Check, collect_checks, select_checks
from mailspec.cli.coverage import measure, write
from mailspec.cli.coverage_text import text_table
from mailspec.requirements import Ledger, load_ledger

__all__ = ["command"]

#: Columns for the requirement's id; longer ones push the rest of their line.
_ID_COLUMNS = 38


@click.command("list")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to write it.")
@click.option("--coverage", is_flag=True, help="Count statements, checks and proofs by document and level instead.")
@click.option(
    "--write",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --coverage: put the table between its markers in this Markdown file.",
)
def command(addresses: tuple[str, ...], form: str, coverage: bool, file: Path | None) -> None:
    """List checks by area with the requirement that each judges; `mailspec run --help` explains addresses."""
    if coverage:
        if addresses:
            msg = "--coverage counts whole documents and takes no addresses"
            raise click.UsageError(msg)
        _coverage(form, file)
        return
    if file is not None:
        msg = "--write belongs to --coverage"
        raise click.UsageError(msg)
    ledger = load_ledger()
    checks = select_checks(addresses, collect_checks(ledger))
    if form == "json":
        _print_json([_entry(check, ledger) for check in checks])
        return
    for module, group in groupby(checks, key=lambda check: check.id.rpartition("/")[0]):
        click.echo(click.style(module, bold=True))
        for check in group:
            requirement = ledger.get(check.about.requirement_id)
            level = requirement.level if requirement is not None else "?"
            click.echo(f"  {check.about.requirement_id:<{_ID_COLUMNS}} {level:<7} {check.id.rpartition('/')[2]}")
    requirements = len({check.about.requirement_id for check in checks})
    click.echo(f"{len(checks)} checks of {requirements} requirements")


def _coverage(form: str, file: Path | None) -> None:
    measured = measure()
    if file is not None:
        click.echo(f"{file}: {'rewritten' if write(file, measured) else 'already true'}")
    elif form == "json":
        _print_json(measured)
    else:
        click.echo(text_table(measured))


def _print_json(what: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(what), indent=1).decode() + "\n")


def _entry(check: Check, ledger: Ledger) -> dict[str, object]:
    requirement = ledger.get(check.about.requirement_id)
    needs = dict.fromkeys((*(requirement.needs if requirement else ()), *check.about.needs))
    return {
        "id": check.id,
        "requirement": check.about.requirement_id,
        "level": requirement.level if requirement else None,
        "url": requirement.url if requirement else None,
        "title": check.title,
        "needs": list(needs),
        "tier": check.about.tier,
        "slow": check.about.slow,
        "location": check.location,
    }
