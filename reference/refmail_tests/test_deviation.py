"""Names, sentences and registration of mutants and variants."""

from __future__ import annotations

import pytest

import refmail.mutants
import refmail.variants
from refmail.blueprint import Blueprint
from refmail.deviation import Deviation, Registry, filtering, kebab, replacing, says_of


def test_names_become_kebab_case() -> None:
    assert [kebab(name) for name in ("RcptWithoutMail", "QuitOf250", "bare_lf")] == [
        "rcpt-without-mail",
        "quit-of250",
        "bare-lf",
    ]


def test_every_deviation_says_how_it_differs() -> None:
    everything = (*refmail.mutants.all_mutants(), *refmail.variants.all_variants())

    assert all(each.says.endswith(".") for each in everything)
    assert len({each.name for each in everything}) == len(everything)

    class Silent:
        pass

    with pytest.raises(TypeError, match="docstring"):
        says_of(Silent)


def test_a_name_is_taken_once() -> None:
    registry: Registry[Deviation] = Registry("mutant")
    registry.add(Deviation("one", "One.", replacing("smtp", object)))

    with pytest.raises(ValueError, match="one"):
        registry.add(Deviation("one", "Another.", replacing("smtp", object)))


def test_an_unknown_name_brings_close_ones() -> None:
    with pytest.raises(KeyError, match="rset-of220"):
        refmail.mutants.by_name("rset-of-220")


def test_applying_changes_one_part_or_adds_a_filter() -> None:
    part = object()

    replaced = replacing("smtp", part)(Blueprint())
    filtered = filtering("smtp", bytes.upper)(Blueprint())

    assert replaced.parts == {"smtp": part}
    assert [factory()(b"ok") for factory in filtered.filters["smtp"]] == [b"OK"]
