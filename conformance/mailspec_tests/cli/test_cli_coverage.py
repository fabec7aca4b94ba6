"""`mailspec list --coverage`, and the table in the README."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailspec.cli import main
from mailspec.cli.coverage import BEGIN, END, measure, rewritten
from mailspec.cli.coverage_text import text_table
from mailspec.requirements.coverage import Coverage

README = Path(__file__).parents[3] / "README.md"


@pytest.fixture(scope="module")
def measured() -> Coverage:
    return measure()


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["list", *map(str, arguments)])


def test_the_table_in_the_readme_is_true(measured: Coverage) -> None:
    text = README.read_text("utf-8")

    assert rewritten(text, measured) == text, "run: mailspec list --coverage --write README.md"


def test_the_numbers_fit_each_other(measured: Coverage) -> None:
    for line in measured.lines:
        assert line.statements >= line.bound >= line.observable >= line.checked >= line.proven
        assert line.bound == line.observable + sum(line.hidden.values())


def test_a_table_is_written_between_the_markers(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"# Page\n{BEGIN}\nold\n{END}\nrest\n")

    assert "rewritten" in invoke("--coverage", "--write", path).output

    text = path.read_text()
    assert text.startswith(f"# Page\n{BEGIN}\n| document |")
    assert text.endswith(f"\n{END}\nrest\n")
    assert "old" not in text
    assert "already true" in invoke("--coverage", "--write", path).output


def test_a_file_without_markers_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("# Page\n")

    result = invoke("--coverage", "--write", path)

    assert result.exit_code == 2
    assert BEGIN in result.output
    assert path.read_text() == "# Page\n"


def test_the_terminal_gets_every_line_in_80_columns(measured: Coverage) -> None:
    lines = text_table(measured).splitlines()
    rows = [row.split() for row in lines[1 : lines.index("")]]

    assert all(len(line) <= 80 for line in lines)
    assert [row[-6:-1] for row in rows[:-1]] == [
        [str(number) for number in (line.statements, line.bound, line.observable, line.checked, line.proven)]
        for line in measured.lines
    ]
    assert rows[-1][:2] == ["all", str(sum(line.statements for line in measured.lines))]


def test_every_reason_for_not_observing_is_told(measured: Coverage) -> None:
    text = " ".join(text_table(measured).split())

    assert all(f"{reason} " in text for line in measured.lines for reason in line.hidden)


def test_json_has_the_same_numbers(measured: Coverage) -> None:
    found = json.loads(invoke("--coverage", "--format", "json").output)

    assert [line["checked"] for line in found["lines"]] == [line.checked for line in measured.lines]


@pytest.mark.parametrize("arguments", [("--coverage", "pop3"), ("--write", README)])
def test_options_that_do_not_go_together_are_refused(arguments: tuple[object, ...]) -> None:
    assert invoke(*arguments).exit_code == 2
