"""The table of `mailspec list --coverage` as a terminal shows it: 80 columns, however many documents there are."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from mailspec.cli.coverage import name_of, notes
from mailspec.requirements.coverage import Coverage, Line

__all__ = ["text_table"]

_WIDTH = 80
_NUMBERS = ("statements", "bound", "observable", "checked", "proven", "hidden")
_EXPLAINED = (
    "bound: those that bind a server, also as the client that it is when it relays. proven: those that have a check and a "
    "mutant that the check finds. hidden: those that bind a server and cannot be observed."
)


def text_table(measured: Coverage) -> str:
    """Return the numbers by document and level, why some cannot be observed, and what all rests on."""
    rows = [_row("document", "level", _NUMBERS), *_rows(measured)]
    paragraphs = [_EXPLAINED, *_hidden(measured), *notes(measured)]
    return "\n".join([*rows, "", *(textwrap.fill(text, _WIDTH, subsequent_indent="  ") for text in paragraphs)])


def _rows(measured: Coverage) -> Iterator[str]:
    total = Counter[str]()
    for document, lines in groupby(measured.lines, key=lambda line: line.document):
        name = name_of(document)
        for line in lines:
            counts = _counts(line)
            total.update(counts)
            yield _row(name, line.level, [str(counts[number]) for number in _NUMBERS])
            name = ""
    yield _row("all", "", [str(total[number]) for number in _NUMBERS])


def _row(document: str, level: str, cells: list[str] | tuple[str, ...]) -> str:
    widths = [len(number) + 2 for number in _NUMBERS]
    numbers = "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{document:<9} {level:<8}{numbers}"


def _counts(line: Line) -> dict[str, int]:
    found = {name: int(getattr(line, name)) for name in _NUMBERS[:-1]}
    return found | {"hidden": sum(line.hidden.values())}


def _hidden(measured: Coverage) -> Iterator[str]:
    """Yield, for each document, why parts of it cannot be observed and how many each reason hides."""
    for document, lines in groupby(measured.lines, key=lambda line: line.document):
        reasons = Counter[str]()
        for line in lines:
            reasons.update(line.hidden)
        if reasons:
            said = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
            yield f"Hidden in {name_of(document)}: {said}."
