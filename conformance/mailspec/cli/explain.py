"""`mailspec explain ID`: what a requirement asks for, how it is read, checked, and proven."""

from __future__ import annotations

import importlib.resources
import textwrap
import tomllib
from collections.abc import Iterator

import click

from mailspec.cli.collect import Check, collect_checks
from mailspec.cli.exits import Exit
from mailspec.cli.stop import Stop
from mailspec.requirements import Ledger, Requirement, UnknownRequirement, load_ledger
from mailspec.requirements.completeness import load_indexes
from mailspec.requirements.partindex import load_part_indexes
from mailspec.target.tiers import MEANING
from mailspec.verdict import violation_verdict
from mailspec.wire.grammar import GRAMMAR_REQUIREMENTS

__all__ = ["command"]

_LEVELS = {
    "must": "must: whoever breaks it does not conform",
    "should": "should: recommended; whoever has no good reason against it follows it",
    "may": "may: allowed; what is found is recorded",
    "implied": "implied: plain prose that binds as a must does",
}
_OBSERVE = {
    "wire": "on the connection",
    "store": "in the mail store",
    "dns": "by the lab's DNS and MX hosts",
    "config": "by changing the target's configuration, which this suite does not do",
    "none": "not from outside",
}


#: What the name of a part is called, by kind.
_PARTS = {"grammar": "rule ", "prose": ""}


@click.command("explain")
@click.argument("name", metavar="ID")
def command(name: str) -> None:
    """Explain a requirement, named by its id or by the id of a check."""
    ledger = load_ledger()
    checks = collect_checks(ledger)
    requirement = _requirement(name, ledger, checks)
    for label, text in _facts(requirement, [c for c in checks if _judges(c, requirement)]):
        body = textwrap.wrap(text, width=66, break_long_words=False, break_on_hyphens=False) or [""]
        click.echo(f"{click.style(f'{label:<10}', bold=True)}  {body[0]}")
        for line in body[1:]:
            click.echo(f"{'':<12}{line}")


def _requirement(name: str, ledger: Ledger, checks: list[Check]) -> Requirement:
    wanted = name.strip("/").removeprefix("grammar/")
    for check in checks:
        if check.id == wanted:
            wanted = check.about.requirement_id
    try:
        return ledger[wanted]
    except UnknownRequirement as error:
        msg = f"{error}\n  `mailspec list` shows every id"
        raise Stop(msg, Exit.USAGE) from error


def _judges(check: Check, requirement: Requirement) -> bool:
    return check.about.requirement_id in (requirement.id, *requirement.aliases)


def _facts(requirement: Requirement, checks: list[Check]) -> Iterator[tuple[str, str]]:
    from mailspec.target.embedded import mutants_breaking

    yield requirement.id, f"{requirement.source}, section {requirement.section}"
    yield "says", requirement.says
    verdict = violation_verdict(requirement.level, contested=requirement.contested)
    yield "level", f"{_LEVELS[requirement.level]}; breaking it is: {verdict}"
    if requirement.contested:
        yield "contested", "only the strict reading of the text forbids it, so it never counts as violated"
    yield "binds", {"both": "servers and clients"}.get(requirement.binds, f"the {requirement.binds}")
    yield "observed", _OBSERVE[requirement.observe] + (f": {requirement.why}" if requirement.why else "")
    if requirement.needs:
        yield "needs", f"{', '.join(requirement.needs)}; without it no check of this is judged"
    if requirement.reading is not None:
        yield "reading", f"{requirement.reading}: {reading(requirement.reading)}"
    if requirement.errata:
        links = (f"https://www.rfc-editor.org/errata/eid{number}" for number in requirement.errata)
        yield "errata", " ".join(links)
    if places := "; ".join(said_in(requirement)):
        yield "said in", places
    if requirement.cite:
        yield "also in", ", ".join(requirement.cite)
    if requirement.aliases:
        yield "once called", ", ".join(requirement.aliases)
    if requirement.id in GRAMMAR_REQUIREMENTS:
        yield "checked by", "the strict grammar, in every reply of every check"
    for check in checks:
        slow = "; takes minutes, runs with --slow" if check.about.slow else ""
        tier = "" if check.about.tier == "normal" else f"; tier {check.about.tier}: {MEANING[check.about.tier]}"
        yield "checked by", f"{check.id} ({check.location}): {check.title}{tier}{slow}"
    if not checks and requirement.id not in GRAMMAR_REQUIREMENTS:
        yield "checked by", "nothing yet"
    for mutant, says in mutants_breaking(requirement.id):
        yield "broken by", f"{mutant}: {says}"
    yield "read it at", requirement.url


def said_in(requirement: Requirement) -> Iterator[str]:
    """Yield the normative sentences, rules of grammar and described parts of all documents that lead to a requirement."""
    for document, index in load_indexes().items():
        of = "" if document == requirement.document else f" of RFC {document}"
        for row in index.rows:
            if requirement.id in row.ids:
                yield f"sentence {row.ordinal} of section {row.section}{of} ({row.level})"
    for kind, what in _PARTS.items():
        for document, parts in load_part_indexes(kind).items():
            of = "" if document == requirement.document else f" of RFC {document}"
            for led in parts.rows:
                if requirement.id in led.ids:
                    yield f"{what}{led.part.name} of section {led.part.section}{of}"


def reading(number: str) -> str:
    """Return the text of a numbered reading, or what to think of its absence."""
    text = importlib.resources.files("mailspec").joinpath("readings.toml").read_text()
    for entry in tomllib.loads(text).get("reading", ()):
        if entry.get("id") == number:
            return " ".join(str(entry.get("says", "")).split())
    return "its text is missing from readings.toml, which is a bug of mailspec"
