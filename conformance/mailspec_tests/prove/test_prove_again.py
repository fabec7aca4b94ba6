"""A subject that is not proven may be run again, and what went wrong before stays in the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from mailspec.lab.server import LabServer
from mailspec.prove.judge import Finding
from mailspec.prove.session import Prover
from mailspec.prove.subject import Kind, Subject

MUTANT = Subject(Kind.MUTANT, "it", "It differs.", lambda blueprint: blueprint, frozenset({"1/1/a"}))


class Scripted(Prover):
    """Finds what it is told, run after run."""

    def __init__(self, problems: Sequence[tuple[str, ...]], again: int) -> None:
        super().__init__(iter(()), lambda _: None, (), again=again)
        self.script: Iterator[tuple[str, ...]] = iter(problems)

    def _prove(self, subject: Subject, items: list[pytest.Item], lab: LabServer) -> Finding:
        del items, lab
        return Finding(
            kind=subject.kind,
            name=subject.name,
            says=subject.says,
            problems=next(self.script),
            counts={},
            violated=(),
            seconds=0.0,
        )

    def find(self) -> Finding:
        return self._prove_patiently(MUTANT, [], cast("LabServer", None))


def test_a_second_try_may_prove_it_and_the_first_is_told() -> None:
    finding = Scripted([("slow",), ()], again=1).find()

    assert finding.proven
    assert finding.earlier == ("slow",)


def test_the_last_try_decides() -> None:
    finding = Scripted([("one",), ("two",), ("three",), ()], again=2).find()

    assert finding.problems == ("three",)
    assert finding.earlier == ("one", "two")


def test_nothing_is_run_again_unasked_or_unneeded() -> None:
    assert Scripted([("one",), ()], again=0).find().problems == ("one",)
    assert Scripted([(), ("never",)], again=3).find().earlier == ()
