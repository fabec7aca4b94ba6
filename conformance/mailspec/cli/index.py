"""`mailspec index FILE`: what an RFC says and defines, and whether the completeness indexes have all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from mailspec.cli.exits import Exit
from mailspec.cli.stop import Stop
from mailspec.requirements.completeness import Index, Reason, Row, load_indexes
from mailspec.requirements.partindex import PartIndex, load_part_indexes
from mailspec.requirements.rfcparts import PARTS, Part
from mailspec.requirements.rfctext import Sentence, document_number, normative_sentences

__all__ = ["command"]

_KINDS = ("sentences", *PARTS)
#: What a kind counts, for people.
_COUNTED = {
    "sentences": "normative sentences",
    "grammar": "productions",
    "prose": "sections, table entries and descriptions",
}


@click.command("index")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    help="Sentences with words of RFC 2119 (as without this option), the rules of the grammar, or all sections with "
    "their tables and descriptions of commands.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Compare with the index that mailspec has of this RFC; print differences only. All kinds but for --kind.",
)
@click.option(
    "--words", type=click.IntRange(0), default=8, show_default=True, help="How many words of a sentence to print."
)
def command(file: Path, kind: str | None, check: bool, words: int) -> None:
    """List the normative sentences of an RFC: section, ordinal, level, first words, and where each leads.

    Of the other kinds: section, name, and where it leads. FILE is the plain text of the RFC, as the RFC Editor has it.
    """
    text = file.read_text("utf-8", errors="replace")
    if not any(True for _ in PARTS["prose"](text)):
        msg = f"{file}: no numbered section with any text\n  FILE is an RFC in plain text, not HTML, XML or PDF"
        raise Stop(msg)
    number = _number(file, text)
    if check:
        _check(file, number, text, _KINDS if kind is None else (kind,))
    elif kind is None or kind == "sentences":
        _list_sentences(text, number, words)
    else:
        _list_parts(kind, text, number)


def _number(file: Path, text: str) -> int | None:
    """Return the RFC's number from its first page, or from the file's name: old texts have it nowhere else."""
    named = re.fullmatch(r"rfc(\d{1,5})", file.stem, re.IGNORECASE)
    return document_number(text) or (int(named[1]) if named else None)


def _list_sentences(text: str, number: int | None, words: int) -> None:
    index = load_indexes().get(str(number))
    rows = {(row.section, row.ordinal): row for row in index.rows} if index else {}
    for sentence in normative_sentences(text):
        row = rows.get((sentence.section, sentence.ordinal))
        first = " ".join(sentence.text.split()[:words])
        where = leads(row.ids, row.reason) if row else ""
        click.echo("\t".join((sentence.section, str(sentence.ordinal), sentence.level, first, where)))


def _list_parts(kind: str, text: str, number: int | None) -> None:
    index = load_part_indexes(kind).get(str(number))
    rows = {row.part: row for row in index.rows} if index else {}
    for part in PARTS[kind](text):
        row = rows.get(part)
        click.echo("\t".join((part.section, part.name, leads(row.ids, row.reason) if row else "")))


def _check(file: Path, number: int | None, text: str, kinds: tuple[str, ...]) -> None:
    indexes = [(kind, index) for kind in kinds if (index := _index(kind, str(number))) is not None]
    if not indexes:
        known = ", ".join(dict.fromkeys(name for kind in kinds for name in _known(kind)))
        what = f"RFC {number}" if number else "a document with no RFC number on its first page or in its name"
        msg = f"{file}: there is no index of {what}\n  there is one of: {known}"
        raise Stop(msg)
    count = 0
    for kind, index in indexes:
        found = list(_differences(index, text))
        for difference in found:
            click.echo(difference)
        count += len(found)
        if not found:
            click.echo(_agrees(number, kind, index))
    if count:
        msg = f"the index of RFC {number} differs from {file} in {count} places"
        raise Stop(msg, Exit.FAILED)


def _known(kind: str) -> tuple[str, ...]:
    return tuple(load_indexes() if kind == "sentences" else load_part_indexes(kind))


def _index(kind: str, document: str) -> Index | PartIndex | None:
    return load_indexes().get(document) if kind == "sentences" else load_part_indexes(kind).get(document)


def _agrees(number: int | None, kind: str, index: Index | PartIndex) -> str:
    ours = 0 if isinstance(index, Index) else sum(index.is_own(row.part) for row in index.rows)
    if isinstance(index, PartIndex) and index.by_hand:
        return f"the index of RFC {number} has {ours} {_COUNTED[kind]} that were named by hand"
    through = f" up to the end of section {index.through}" if index.through else ""
    more = f"{ours} more that were named by hand" if ours else "no others"
    return f"the index of RFC {number} has all {len(index.rows) - ours} {_COUNTED[kind]}{through}, and {more}"


def _differences(index: Index | PartIndex, text: str) -> Iterator[str]:
    if isinstance(index, Index):
        return _of_sentences(index, [s for s in normative_sentences(text) if index.covers(s.section)])
    parts = [] if index.by_hand else [part for part in PARTS[index.kind](text) if index.covers(part.section)]
    return _of_parts([row.part for row in index.rows if not index.is_own(row.part)], parts, _of_sections(index, text))


def _of_sentences(index: Index, sentences: list[Sentence]) -> Iterator[str]:
    rows = {(row.section, row.ordinal): row for row in index.rows}
    for sentence in sentences:
        row = rows.pop((sentence.section, sentence.ordinal), None)
        place = f"{sentence.section}\t{sentence.ordinal}\t{sentence.level}"
        if row is None:
            yield f"{place}\tnot in the index"
        elif row.level != sentence.level:
            yield f"{place}\tthe index says {row.level}"
    for row in rows.values():
        yield f"{_place(row)}\tnot in the text"


def _place(row: Row) -> str:
    return f"{row.section}\t{row.ordinal}\t{row.level}"


def _of_parts(indexed: list[Part], parts: list[Part], more: Iterator[str]) -> Iterator[str]:
    rows = dict.fromkeys(indexed)
    for part in parts:
        if part not in rows:
            yield f"{part.section}\t{part.name}\tnot in the index"
        rows.pop(part, None)
    for part in rows:
        yield f"{part.section}\t{part.name}\tnot in the text"
    yield from more


def _of_sections(index: PartIndex, text: str) -> Iterator[str]:
    """Yield the rows with names of our own whose section the text does not have."""
    sections = {part.section for part in PARTS["prose"](text)}
    for row in index.rows:
        if index.is_own(row.part) and row.part.section not in sections:
            yield f"{row.part.section}\t{row.part.name}\tthe text has no such section"


def leads(ids: tuple[str, ...], reason: Reason | None) -> str:
    """Return where a row leads, as its file writes it."""
    if reason is None:
        return ", ".join(ids)
    separator = ": " if reason.kind in {"not observable", "obsolete"} else " "
    return f"{reason.kind}{separator}{reason.detail}".strip()
