"""`mailspec index --kind`: grammar and prose of an RFC's text against their indexes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailspec.cli import index as verb
from mailspec.cli import main
from mailspec.requirements.completeness import Index, Reason
from mailspec.requirements.partindex import PartIndex, PartRow
from mailspec.requirements.rfcparts import Part

TEXT = """
Request for Comments: 99999                                 January 2001

1.  Gulls

   cry = "kee"
   mew = "ow"

2.  Eggs

   An egg is blue.
"""

GRAMMAR = (PartRow(Part("1", "cry"), ("99999/1/cry",)), PartRow(Part("1", "mew"), reason=Reason("client")))
PROSE = (
    PartRow(Part("1", "text"), reason=Reason("in sentences")),
    PartRow(Part("2", "text"), reason=Reason("not a requirement")),
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "rfc99999.txt"
    path.write_text(TEXT)
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["index", *map(str, arguments)])


def have(monkeypatch: pytest.MonkeyPatch, *, by_hand: bool = False, **rows: tuple[PartRow, ...]) -> None:
    def load(kind: str) -> Mapping[str, PartIndex]:
        return {"99999": PartIndex("99999", kind, None, by_hand, rows[kind])} if kind in rows else {}

    monkeypatch.setattr(verb, "load_part_indexes", load)
    monkeypatch.setattr(verb, "load_indexes", dict[str, Index])


def test_it_prints_sections_names_and_where_they_lead(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, grammar=GRAMMAR[:1])

    lines = invoke(text, "--kind", "grammar").output.splitlines()

    assert lines == ["1\tcry\t99999/1/cry", "1\tmew\t"]


def test_every_kind_that_has_an_index_is_checked(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, grammar=GRAMMAR, prose=PROSE)

    result = invoke(text, "--check")

    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 2
    assert "all 2 productions" in result.output


@pytest.mark.parametrize(
    ("grammar", "words"),
    [
        (GRAMMAR[:1], "1\tmew\tnot in the index"),
        ((*GRAMMAR, PartRow(Part("2", "egg"), reason=Reason("client"))), "2\tegg\tnot in the text"),
    ],
)
def test_differences_fail(
    text: Path, monkeypatch: pytest.MonkeyPatch, grammar: tuple[PartRow, ...], words: str
) -> None:
    have(monkeypatch, grammar=grammar, prose=PROSE)

    result = invoke(text, "--check")

    assert result.exit_code == 1
    assert words in result.output
    assert invoke(text, "--check", "--kind", "prose").exit_code == 0


def test_names_given_by_hand_need_only_a_section(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, by_hand=True, grammar=(PartRow(Part("2", "shell"), reason=Reason("client")),))
    assert "by hand" in invoke(text, "--check").output

    have(monkeypatch, by_hand=True, grammar=(PartRow(Part("7", "shell"), reason=Reason("client")),))
    result = invoke(text, "--check")

    assert result.exit_code == 1
    assert "7\tshell\tthe text has no such section" in result.output


def test_a_kind_without_an_index_is_told_so(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(monkeypatch, grammar=GRAMMAR)

    result = invoke(text, "--check", "--kind", "prose")

    assert result.exit_code == 2
    assert "no index of RFC 99999" in result.output


def test_a_first_page_without_a_number_leaves_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(monkeypatch, grammar=GRAMMAR)
    path = tmp_path / "rfc99999.txt"
    path.write_text(TEXT.replace("Request for Comments: 99999", "A memo"))

    assert "all 2 productions" in invoke(path, "--check").output


@pytest.mark.parametrize(("section", "code"), [("2", 0), ("7", 1)])
def test_a_form_that_no_rule_defines_needs_its_section_only(
    text: Path, monkeypatch: pytest.MonkeyPatch, section: str, code: int
) -> None:
    have(monkeypatch, grammar=(*GRAMMAR, PartRow(Part(section, "egg colour"), reason=Reason("client"))))

    assert invoke(text, "--check").exit_code == code
