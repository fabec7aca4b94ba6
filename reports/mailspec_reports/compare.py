"""Several targets side by side: what they chose where the documents leave a choice, and where their verdicts differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from mailspec.result import CheckResult, RunResult
from mailspec.verdict import Verdict
from mailspec_reports.grouping import section_key

__all__ = ["Choice", "choices", "print_comparison", "verdicts"]

#: What stands where a run has no value: the check was not in it, or found none.
MISSING = "-"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that was asked of every target.

    Args:
        check: id of the check.
        asked: name of the value, or "" for the verdict.
        section: document and section, for people.
        answers: what each target's run has, in the order of the runs.
    """

    check: str
    asked: str
    section: str
    answers: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether two targets that were asked answered differently."""
        return len(set(self.answers) - {MISSING}) > 1


def choices(runs: Sequence[RunResult]) -> tuple[Choice, ...]:
    """Return the values that the runs' censuses recorded, in the order of the documents."""
    by_run = [{check.id: check for check in run.checks} for run in runs]
    found: list[Choice] = []
    for check in _ordered(by_run):
        names = dict.fromkeys(name for each in by_run if check.id in each for name in each[check.id].observed)
        for name in names:
            answers = tuple(
                each[check.id].observed.get(name, MISSING) if check.id in each else MISSING for each in by_run
            )
            found.append(Choice(check.id, name, f"{check.source} {check.section}".strip(), answers))
    return tuple(found)


def verdicts(runs: Sequence[RunResult]) -> tuple[Choice, ...]:
    """Return the verdict of every record, in the order of the documents."""
    by_run = [{check.id: check for check in run.checks} for run in runs]
    return tuple(
        Choice(
            check.id,
            "",
            f"{check.source} {check.section}".strip(),
            tuple(each[check.id].verdict.value if check.id in each else MISSING for each in by_run),
        )
        for check in _ordered(by_run)
    )


def print_comparison(runs: Sequence[RunResult], console: Console, *, everything: bool = False) -> None:
    """Print the choices, and then the verdicts that differ.

    Args:
        runs: one for each target.
        console: where to print.
        everything: also what is the same everywhere.
    """
    names = _names(runs)
    for title, found in (("Choices", choices(runs)), ("Verdicts", verdicts(runs))):
        shown = [choice for choice in found if choice.differs or (everything and choice.asked)]
        console.print(
            Text(f"{title}: {len(found)} compared, {sum(each.differs for each in found)} differ", style="bold")
        )
        for line in _lines(shown, names):
            console.print(line, highlight=False, soft_wrap=True)


def _ordered(by_run: Sequence[Mapping[str, CheckResult]]) -> list[CheckResult]:
    """Return one record for each id that a run has."""
    first: dict[str, CheckResult] = {}
    for each in by_run:
        first = {**each, **first}
    return sorted(first.values(), key=section_key)


def _names(runs: Sequence[RunResult]) -> tuple[str, ...]:
    """Return the targets' names, numbered where two are the same."""
    plain = [run.header.target.name for run in runs]
    return tuple(name if plain.count(name) == 1 else f"{name} #{at}" for at, name in enumerate(plain, 1))


def _lines(shown: Sequence[Choice], names: Sequence[str]) -> Iterator[Text]:
    width = max((len(name) for name in names), default=0)
    for choice in shown:
        asked = f": {choice.asked}" if choice.asked else ""
        yield Text.assemble((f"{choice.section}  ", "dim"), f"{choice.check}{asked}")
        for name, answer in zip(names, choice.answers, strict=True):
            style = "red" if answer == Verdict.VIOLATED.value else ""
            yield Text.assemble((f"  {name:<{width}}  ", "dim"), (answer, style))
