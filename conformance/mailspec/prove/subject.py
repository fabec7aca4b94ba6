"""What is proven on: the reference, its variants, its mutants and the stupid servers."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from refmail.blueprint import Blueprint
from refmail.mutants import all_mutants
from refmail.variants import all_variants

__all__ = ["REFERENCE", "Kind", "Subject", "UnknownSubject", "all_subjects", "chosen", "in_chance_order"]


class Kind(enum.StrEnum):
    """What is expected of a subject; the order is that of the report."""

    #: Everything is passed, observed or not offered.
    REFERENCE = "reference"
    #: Nothing is violated.
    VARIANT = "variant"
    #: Exactly what it declares is violated.
    MUTANT = "mutant"
    #: No check passes.
    STUPID = "stupid"


@dataclass(frozen=True, slots=True)
class Subject:
    """One server to run the suite on."""

    kind: Kind
    name: str
    #: One sentence about it.
    says: str
    #: Turns the reference's blueprint into its own.
    apply: Callable[[Blueprint], Blueprint]
    #: Ids of the requirements that a mutant violates.
    breaks: frozenset[str] = frozenset()


class UnknownSubject(Exception):
    """There is no subject of that name."""


#: The server by the book.
REFERENCE = Subject(Kind.REFERENCE, "reference", "The server by the book.", lambda blueprint: blueprint)


def all_subjects() -> tuple[Subject, ...]:
    """Return every subject: the reference, then variants, mutants and stupid servers by name."""
    variants = [Subject(Kind.VARIANT, each.name, each.says, each.apply) for each in all_variants()]
    mutants = [
        Subject(Kind.STUPID if each.is_stupid else Kind.MUTANT, each.name, each.says, each.apply, each.breaks)
        for each in all_mutants()
    ]
    return (REFERENCE, *variants, *sorted(mutants, key=lambda each: (each.kind is Kind.STUPID, each.name)))


def chosen(names: Iterable[str]) -> tuple[Subject, ...]:
    """Return the subjects of these names, or kinds in the plural ("mutants"); all of them for no names.

    Raises:
        UnknownSubject: a name is neither; the message lists close ones.
    """
    import difflib

    subjects = all_subjects()
    wanted = tuple(names)
    if not wanted:
        return subjects
    kinds = {"variants": Kind.VARIANT, "mutants": Kind.MUTANT, "stupid": Kind.STUPID, "reference": Kind.REFERENCE}
    known = {subject.name for subject in subjects} | set(kinds)
    for name in wanted:
        if name not in known:
            near = ", ".join(difflib.get_close_matches(name, known, 3)) or "none is close"
            msg = f"no mutant or variant is called {name!r} ({near}); `mailspec prove --list` shows all"
            raise UnknownSubject(msg)
    return tuple(each for each in subjects if each.name in wanted or each.kind in {kinds.get(name) for name in wanted})


def in_chance_order(subjects: Iterable[Subject], seed: int) -> tuple[Subject, ...]:
    """Return the subjects in an order that the seed decides, the reference and the stupid servers first."""
    ordered = list(subjects)
    random.Random(seed).shuffle(ordered)
    return tuple(sorted(ordered, key=lambda subject: subject.kind not in {Kind.REFERENCE, Kind.STUPID}))
