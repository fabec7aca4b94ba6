"""`mailspec index`: the left side of the completeness index, from the text of an RFC."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailspec.cli import index as verb
from mailspec.cli import main
from mailspec.requirements.completeness import Index, Reason, Row

TEXT = """
Request for Comments: 99999                                 January 2001

1.  Gulls

   A gull MUST cry.  A gull SHOULD be seen.  RFC 2119 says what that means.

2.  Eggs

   An egg MAY be blue.
"""

ROWS = (
    Row("1", 1, "MUST", reason=Reason("client")),
    Row("1", 2, "SHOULD", reason=Reason("not observable", "fog")),
    Row("2", 1, "MAY", ("99999/2/blue", "99999/2/green")),
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "rfc99999.txt"
    path.write_text(TEXT)
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["index", *map(str, arguments)])


def have(monkeypatch: pytest.MonkeyPatch, through: str | None, *rows: Row) -> None:
    monkeypatch.setattr(verb, "load_indexes", lambda: {"99999": Index("99999", through, rows)})


def test_it_prints_places_levels_first_words_and_where_they_lead(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, None, *ROWS)

    lines = invoke(text, "--words", "3").output.splitlines()

    assert lines == [
        "1\t1\tMUST\tA gull MUST\tclient",
        "1\t2\tSHOULD\tA gull SHOULD\tnot observable: fog",
        "2\t1\tMAY\tAn egg MAY\t99999/2/blue, 99999/2/green",
    ]


@pytest.mark.parametrize(("through", "rows"), [(None, ROWS), ("1", ROWS[:2])])
def test_an_index_that_has_all_passes(
    text: Path, monkeypatch: pytest.MonkeyPatch, through: str | None, rows: tuple[Row, ...]
) -> None:
    have(monkeypatch, through, *rows)

    result = invoke(text, "--check")

    assert result.exit_code == 0
    assert f"all {len(rows)} normative sentences" in result.output


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[:2], "2\t1\tMAY\tnot in the index"),
        ((*ROWS, Row("2", 2, "MAY", reason=Reason("client"))), "2\t2\tMAY\tnot in the text"),
        ((Row("1", 1, "MAY", reason=Reason("client")), *ROWS[1:]), "1\t1\tMUST\tthe index says MAY"),
    ],
)
def test_differences_fail(text: Path, monkeypatch: pytest.MonkeyPatch, rows: tuple[Row, ...], words: str) -> None:
    have(monkeypatch, None, *rows)

    result = invoke(text, "--check")

    assert result.exit_code == 1
    assert words in result.output


def test_a_text_without_an_index_is_told_so(text: Path) -> None:
    result = invoke(text, "--check")

    assert result.exit_code == 2
    assert "there is no index of RFC 99999" in result.output
    assert "1939" in result.output


def test_a_file_that_is_no_rfc_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html>You MUST see it.</html>")

    result = invoke(path)

    assert result.exit_code == 2
    assert "plain text" in result.output
