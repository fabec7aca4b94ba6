"""`mailspec index FILE`: the normative sentences of an RFC, and whether the completeness index has them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from mailspec.cli.exits import Exit
from mailspec.cli.stop import Stop
from mailspec.requirements.completeness import Index, Row, load_indexes
from mailspec.requirements.rfctext import Sentence, document_number, normative_sentences

__all__ = ["command"]


@click.command("index")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--check", is_flag=True, help="Compare with the index that mailspec has of this RFC; print differences only."
)
@click.option(
    "--words", type=click.IntRange(0), default=8, show_default=True, help="How many words of a sentence to print."
)
def command(file: Path, check: bool, words: int) -> None:
    """List the normative sentences of an RFC: section, ordinal, level, first words, and where each leads.

    FILE is the plain text of the RFC, as the RFC Editor has it.
    """
    text = file.read_text("utf-8", errors="replace")
    sentences = list(normative_sentences(text))
    if not sentences:
        msg = (
            f"{file}: no normative sentence in a numbered section\n  FILE is an RFC in plain text, not HTML, XML or PDF"
        )
        raise Stop(msg)
    number = document_number(text)
    index = load_indexes().get(str(number))
    if check:
        _check(file, number, index, sentences)
        return
    rows = {(row.section, row.ordinal): row for row in index.rows} if index else {}
    for sentence in sentences:
        row = rows.get((sentence.section, sentence.ordinal))
        first = " ".join(sentence.text.split()[:words])
        click.echo(
            "\t".join((sentence.section, str(sentence.ordinal), sentence.level, first, leads(row) if row else ""))
        )


def _check(file: Path, number: int | None, index: Index | None, sentences: list[Sentence]) -> None:
    if index is None:
        known = ", ".join(load_indexes())
        what = f"RFC {number}" if number else "a document whose first page has no RFC number"
        msg = f"{file}: there is no index of {what}\n  there is one of: {known}"
        raise Stop(msg)
    covered = [sentence for sentence in sentences if index.covers(sentence.section)]
    differences = list(_differences(index, covered))
    for difference in differences:
        click.echo(difference)
    if differences:
        msg = f"the index of RFC {number} differs from {file} in {len(differences)} places"
        raise Stop(msg, Exit.FAILED)
    through = f" up to the end of section {index.through}" if index.through else ""
    click.echo(f"the index of RFC {number} has all {len(covered)} normative sentences{through}, and no others")


def _differences(index: Index, sentences: list[Sentence]) -> Iterator[str]:
    rows = {(row.section, row.ordinal): row for row in index.rows}
    for sentence in sentences:
        row = rows.pop((sentence.section, sentence.ordinal), None)
        place = f"{sentence.section}\t{sentence.ordinal}\t{sentence.level}"
        if row is None:
            yield f"{place}\tnot in the index"
        elif row.level != sentence.level:
            yield f"{place}\tthe index says {row.level}"
    for row in rows.values():
        yield f"{row.section}\t{row.ordinal}\t{row.level}\tnot in the text"


def leads(row: Row) -> str:
    """Return where a row leads, as its file writes it."""
    if row.reason is None:
        return ", ".join(row.ids)
    separator = ": " if row.reason.kind in {"not observable", "obsolete"} else " "
    return f"{row.reason.kind}{separator}{row.reason.detail}".strip()
