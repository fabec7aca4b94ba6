"""The packaged ledger, and what checks and mutants say about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mailspec
from mailspec.requirements import load_ledger
from mailspec.wire.grammar import GRAMMAR_REQUIREMENTS
from refmail.mutants import all_mutants

SUITE = Path(mailspec.__file__).parent / "suite"


def declared_in_suite() -> Iterator[tuple[str, str]]:
    """Yield (place, id) of every `@requirement("id")` and `case("id")` in the suite, without importing it."""
    for path in sorted(SUITE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"requirement", "case"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield f"{path.relative_to(SUITE)}:{node.lineno}", str(node.args[0].value)


def test_every_check_judges_a_requirement_of_the_ledger() -> None:
    ledger = load_ledger()

    unknown = [
        f"{place}: {name}, near {ledger.near(name)}" for place, name in declared_in_suite() if name not in ledger
    ]

    assert not unknown


def test_no_check_uses_a_former_id() -> None:
    ledger = load_ledger()

    former = [
        f"{place}: {n} is now {ledger[n].id}" for place, n in declared_in_suite() if n in ledger and ledger[n].id != n
    ]

    assert not former


def test_every_mutant_breaks_requirements_of_the_ledger() -> None:
    ledger = load_ledger()

    unknown = [f"{mutant.name}: {name}" for mutant in all_mutants() for name in mutant.breaks if name not in ledger]

    assert not unknown


def test_every_grammar_requirement_is_in_the_ledger_as_one() -> None:
    ledger = load_ledger()

    assert {ledger[name].kind for name in GRAMMAR_REQUIREMENTS} == {"G"}


def test_statements_are_short_sentences() -> None:
    odd = [
        r.id
        for r in load_ledger().values()
        if len(r.says) > 240 or not r.says.rstrip(")").endswith(".") or "\n" in r.says
    ]

    assert not odd


def test_only_what_cannot_be_observed_says_why_not() -> None:
    odd = [entry.id for entry in load_ledger().values() if entry.why and entry.observe not in {"none", "config"}]

    assert not odd
