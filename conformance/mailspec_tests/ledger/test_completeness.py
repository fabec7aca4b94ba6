"""The completeness index: each normative sentence leads somewhere, and each keyword requirement is led to."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailspec.requirements import Ledger, LedgerError, load_ledger
from mailspec.requirements.completeness import load_indexes, read_index

INDEXES = load_indexes()


@pytest.mark.parametrize("document", sorted(INDEXES))
def test_every_keyword_requirement_is_reached_from_a_sentence(document: str) -> None:
    index = INDEXES[document]
    reached = index.reached()

    missed = [
        requirement.id
        for requirement in load_ledger().values()
        if requirement.document == document
        and requirement.kind == "K"
        and index.covers(requirement.section)
        and requirement.id not in reached
    ]

    assert not missed, 'lead a row of the index there, or make it kind "P" if no normative sentence says it'


@pytest.mark.parametrize("document", sorted(INDEXES))
def test_duplicates_lead_to_what_another_sentence_or_a_description_says(document: str) -> None:
    index = INDEXES[document]
    led_to = {name for row in index.rows for name in row.ids}

    lonely = [
        f"{row.section} {row.ordinal}: {row.reason.detail}"
        for row in index.rows
        if row.reason is not None
        and row.reason.kind == "duplicate of"
        and row.reason.detail not in led_to
        and load_ledger()[row.reason.detail].kind == "K"
        and load_ledger()[row.reason.detail].document == document
        and index.covers(load_ledger()[row.reason.detail].section)
    ]

    assert not lonely


@pytest.mark.parametrize("document", sorted(INDEXES))
def test_obligations_do_not_lead_to_permissions_alone(document: str) -> None:
    ledger = load_ledger()

    weak = [
        f"{row.section} {row.ordinal}: {row.ids}"
        for row in INDEXES[document].rows
        if row.ids and row.level in {"MUST", "SHOULD"} and all(ledger[name].level == "may" for name in row.ids)
    ]

    assert not weak


def test_an_index_is_read(tmp_path: Path, ledger: Ledger) -> None:
    path = tmp_path / "rfc5321.tsv"
    path.write_text(
        "# A comment.\n# complete: through 2.2\n"
        "1\t1\tMUST\t5321/1/first, 5321/1/second\n"
        "1\t2\tSHOULD\tclient\n"
        "2\t1\tMAY\tduplicate of 5321/1/first\n"
        "2.2\t1\tprose\tnot observable: people\n"
    )

    index = read_index(path, ledger)

    assert (index.document, index.through, len(index.rows)) == ("5321", "2.2", 4)
    assert index.rows[0].ids == ("5321/1/first", "5321/1/second")
    assert [row.reason.kind for row in index.rows if row.reason] == ["client", "duplicate of", "not observable"]
    assert index.reached() == {"5321/1/first", "5321/1/second"}
    assert [index.covers(section) for section in ("1", "2.2", "2.2.1", "2.10", "A")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ("1\t1\tMUST", 2, ["3 columns", "section, ordinal, level"]),
        ("1\tx\tMUST\tclient", 2, ["'x'", "counted from 1"]),
        ("1\t1\tmust\tclient", 2, ["'must'", "MUST, SHOULD, MAY, prose"]),
        ("1\t1\tMUST\tbecause", 2, ["'because'", "accepted", "not observable: why"]),
        ("1\t1\tMUST\tnot observable", 2, ["'not observable'", "why"]),
        ("1\t1\tMUST\tclient: yes", 2, ["nothing follows 'client'"]),
        ("1\t1\tMUST\t5321/1/frist", 2, ["5321/1/frist", "close ids: 5321/1/first"]),
        ("1\t1\tMUST\t5321/1/former", 2, ["former", "write 5321/1/first"]),
        ("1\t1\tMUST\tduplicate of 5321/1/third", 2, ["5321/1/third"]),
        ("1\t1\tMUST\tclient\n1\t3\tMUST\tclient", 3, ["1 rows so far", "number 3"]),
        ("2\t1\tMUST\tclient\n1\t1\tMUST\tclient", 3, ["after 2"]),
        ("2\t1\tMUST\tclient\n3\t1\tMUST\tclient", 3, ["beyond 2", "finish the section"]),
    ],
)
def test_errors_name_file_line_and_what_is_accepted(
    tmp_path: Path, ledger: Ledger, rows: str, line: int, words: list[str]
) -> None:
    path = tmp_path / "rfc5321.tsv"
    path.write_text(f"# complete: through 2\n{rows}\n")

    with pytest.raises(LedgerError) as caught:
        read_index(path, ledger)

    assert str(caught.value).startswith(f"{path}:{line}: ")
    for word in words:
        assert word in str(caught.value)


def test_an_index_says_how_far_it_goes(tmp_path: Path, ledger: Ledger) -> None:
    path = tmp_path / "rfc5321.tsv"
    path.write_text("1\t1\tMUST\tclient\n")

    with pytest.raises(LedgerError, match="how far it goes"):
        read_index(path, ledger)
