"""The table of `mailspec list --coverage`, and its copy in a Markdown file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from mailspec.cli.collect import collect_checks
from mailspec.cli.stop import Stop
from mailspec.requirements import load_ledger
from mailspec.requirements.completeness import load_indexes
from mailspec.requirements.coverage import Coverage, Line, coverage
from mailspec.requirements.partindex import load_part_indexes
from mailspec.requirements.rfcparts import PARTS
from mailspec.wire.grammar import GRAMMAR_REQUIREMENTS

__all__ = ["BEGIN", "END", "measure", "name_of", "notes", "rewritten", "table", "write"]

BEGIN, END = "<!-- coverage:begin -->", "<!-- coverage:end -->"

_PARTS = {"grammar": "Rules of the grammar", "prose": "Sections, table entries and descriptions of commands"}
_COLUMNS = ("document", "level", "statements", "bind the server", "observable", "checked", "proven", "not observable")


def measure() -> Coverage:
    """Count what the packaged ledger, suite and mutants have."""
    from mailspec.target.embedded import mutants_breaking

    ledger = load_ledger()
    judged = {check.about.requirement_id for check in collect_checks(ledger)} | set(GRAMMAR_REQUIREMENTS)
    checked = {ledger[name].id for name in judged if name in ledger}
    proven = {name for name in checked if any(map(mutants_breaking, (name, *ledger[name].aliases)))}
    return coverage(ledger, load_indexes(), checked, proven, {kind: load_part_indexes(kind) for kind in PARTS})


def table(measured: Coverage) -> str:
    """Return the numbers as a Markdown table, and what they rest on."""
    total = Counter[str]()
    rows: list[tuple[str, ...]] = []
    for line in measured.lines:
        rows.append(_cells(line))
        for name in ("statements", "bound", "observable", "checked", "proven"):
            total[name] += getattr(line, name)
    hidden = sum(sum(line.hidden.values()) for line in measured.lines)
    rows.append(
        ("all", "", *(str(total[n]) for n in ("statements", "bound", "observable", "checked", "proven")), str(hidden))
    )
    head = ["| " + " | ".join(_COLUMNS) + " |", "| --- | --- |" + " ---: |" * 5 + " --- |"]
    body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*head, *body, "", *notes(measured)])


def _cells(line: Line) -> tuple[str, ...]:
    numbers = (line.statements, line.bound, line.observable, line.checked, line.proven)
    hidden = ", ".join(f"{reason} {count}" for reason, count in line.hidden.items())
    return (name_of(line.document), line.level, *map(str, numbers), hidden)


def name_of(document: str) -> str:
    """Return a document's name for people."""
    return f"RFC {document}" if document.isdigit() else document


def notes(measured: Coverage) -> Iterator[str]:
    """Yield what the numbers rest on, a sentence or two at a time."""
    whole = [name_of(document) for document, through in measured.indexed.items() if through is None]
    parts = [f"{name_of(name)} to the end of section {to}" for name, to in measured.indexed.items() if to is not None]
    others = dict.fromkeys(name_of(line.document) for line in measured.lines if line.document not in measured.indexed)
    if whole or parts:
        yield f"Read sentence by sentence: {_listed((*whole, *parts))}."
    for kind, found in measured.parts.items():
        if found:
            each = _listed(f"{name_of(document)} {led} of {count}" for document, (led, count) in found.items())
            yield f"{_PARTS[kind]} that lead to statements: {each}; the others lead to a reason."
    if others:
        yield f"Of {_listed(others)} only what was written down so far is counted."
    if measured.left_out:
        kinds = _listed(f"{kind.removesuffix(' of')} {count}" for kind, count in measured.left_out.items())
        yield f"Sentences that are no statements of their own: {kinds}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def rewritten(text: str, measured: Coverage) -> str | None:
    """Return a text with the table between its markers, or None where it has no markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{table(measured)}\n{end}{after}" if end else None


def write(path: Path, measured: Coverage) -> bool:
    """Put the table into a file, and say whether that changed the file.

    Raises:
        Stop: the file cannot be read or has no markers.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise Stop(msg) from error
    new = rewritten(text, measured)
    if new is None:
        msg = f"{path} has no place for the table\n  put the lines {BEGIN} and {END} where it belongs"
        raise Stop(msg)
    if new != text:
        path.write_text(new, "utf-8")
    return new != text
