"""The indexes of grammar and prose: each part leads somewhere, and each requirement of its kind is led to."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailspec.requirements import Ledger, LedgerError, load_ledger
from mailspec.requirements.completeness import load_indexes
from mailspec.requirements.partindex import IN_SENTENCES, load_part_indexes, read_part_index
from mailspec.requirements.rfcparts import PARTS

GRAMMAR, PROSE = load_part_indexes("grammar"), load_part_indexes("prose")


@pytest.mark.parametrize("document", sorted(GRAMMAR))
def test_every_grammar_requirement_is_reached_from_a_production(document: str) -> None:
    index = GRAMMAR[document]

    missed = [
        requirement.id
        for requirement in load_ledger().values()
        if requirement.document == document
        and requirement.kind == "G"
        and index.covers(requirement.section)
        and requirement.id not in index.reached()
    ]

    assert not missed, "lead a production of the grammar index there"


@pytest.mark.parametrize("document", sorted(PROSE))
def test_every_described_requirement_is_reached_from_a_described_part_or_a_sentence(document: str) -> None:
    index, sentences = PROSE[document], load_indexes().get(document)
    reached = index.reached() | (sentences.reached() if sentences else frozenset[str]())

    missed = [
        requirement.id
        for requirement in load_ledger().values()
        if requirement.document == document
        and requirement.kind == "P"
        and index.covers(requirement.section)
        and requirement.id not in reached
    ]

    assert not missed, "lead a row of the prose index there"


@pytest.mark.parametrize("document", sorted(PROSE))
def test_what_is_in_sentences_has_a_sentence(document: str) -> None:
    sentences = load_indexes().get(document)
    sections = {row.section for row in sentences.rows} if sentences else set[str]()

    empty = [
        row.part.section
        for row in PROSE[document].rows
        if row.reason is not None and row.reason.kind == IN_SENTENCES and row.part.section not in sections
    ]

    assert not empty


def test_documents_with_an_index_of_parts_have_one_of_sentences() -> None:
    assert {*GRAMMAR, *PROSE} <= {*load_indexes()}


@pytest.mark.parametrize("kind", PARTS)
def test_an_index_is_read(tmp_path: Path, ledger: Ledger, kind: str) -> None:
    path = tmp_path / "rfc5321.tsv"
    path.write_text(
        "# A comment.\n# complete: through 2.2\n"
        "1\tone\t5321/1/first, 5321/1/second\n1\ttwo\tclient\n2.2\tone\tduplicate of 5321/1/first\n"
    )

    index = read_part_index(path, kind, ledger)

    assert (index.document, index.kind, index.through, index.by_hand, len(index.rows)) == (
        "5321",
        kind,
        "2.2",
        False,
        3,
    )
    assert index.reached() == {"5321/1/first", "5321/1/second"}
    assert [index.covers(section) for section in ("1", "2.2", "2.2.1", "A")] == [True, True, False, False]


def test_what_is_in_sentences_is_so_in_prose_only(tmp_path: Path, ledger: Ledger) -> None:
    path = tmp_path / "rfc5321.tsv"
    path.write_text("# complete: by hand\n1\ttext\tin sentences\n")

    index = read_part_index(path, "prose", ledger)

    assert index.by_hand
    assert index.rows[0].reason is not None
    with pytest.raises(LedgerError, match="neither an id nor a reason"):
        read_part_index(path, "grammar", ledger)


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ("1\tone", 2, ["2 columns", "section, name"]),
        ("1\tone\tbecause", 2, ["'because'", "accepted"]),
        ("1\tone\t5321/1/frist", 2, ["5321/1/frist", "close ids: 5321/1/first"]),
        ("1\tone\tclient\n1\tone\tclient", 3, ["one of section 1", "twice"]),
        ("2\tone\tclient\n1\tone\tclient", 3, ["after 2"]),
        ("2\tone\tclient\n3\tone\tclient", 3, ["beyond 2"]),
    ],
)
def test_errors_name_file_line_and_what_is_accepted(
    tmp_path: Path, ledger: Ledger, rows: str, line: int, words: list[str]
) -> None:
    path = tmp_path / "rfc5321.tsv"
    path.write_text(f"# complete: through 2\n{rows}\n")

    with pytest.raises(LedgerError) as caught:
        read_part_index(path, "grammar", ledger)

    assert str(caught.value).startswith(f"{path}:{line}: ")
    for word in words:
        assert word in str(caught.value)


def test_an_index_says_how_far_it_goes(tmp_path: Path, ledger: Ledger) -> None:
    path = tmp_path / "rfc5321.tsv"
    path.write_text("1\tone\tclient\n")

    with pytest.raises(LedgerError, match="by hand"):
        read_part_index(path, "prose", ledger)
