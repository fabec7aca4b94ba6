"""What the README says is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mailspec.cli.exits import Exit
from mailspec.target.profile import load_profile
from mailspec.verdict import Verdict

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def table_rows(heading: str) -> list[list[str]]:
    """Return the cells of the tables below a heading, without their header rows."""
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [row for row in rows if row[0] not in {"verdict", "code", "package"} and not row[0].startswith("---")]


def test_profile_with_every_service_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALICE_PASSWORD", "a secret")
    (tmp_path / "bob.secret").write_text("another")
    text = README.partition("### A profile\n```toml\n")[2].partition("```")[0]
    path = tmp_path / "target.toml"
    path.write_text(text)
    (tmp_path / "ca.pem").touch()

    profile = load_profile(path)

    assert set(profile.services) == {"smtp", "submission", "pop3", "imap"}
    assert len(profile.accounts) == 2


def test_tables_have_every_verdict_and_exit_code() -> None:
    rows = table_rows("Verdicts and exit codes")
    firsts = {row[0].strip() for row in rows}

    assert {str(verdict) for verdict in Verdict} <= firsts
    assert {str(code.value) for code in Exit} <= firsts


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[<>=\[ ]", entry)[0] for entry in project["dependencies"]}
    told = {name for row in table_rows("Dependencies") for name in re.findall(r"[a-z][a-z0-9-]+", row[0])}

    assert named <= told


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"])
def test_files_it_speaks_of_exist(name: str) -> None:
    assert (PROJECT / name).is_file()


def test_architecture_is_short() -> None:
    assert len((PROJECT / "ARCHITECTURE.md").read_text().splitlines()) <= 80
