"""`--baseline` on the command line, and how reports show what it knows."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from mailspec.result import BaselineFacts, CheckResult, Footer, Header, Known, RunResult, TargetFacts, load
from mailspec.target.embedded import Embedded, blueprint_of
from mailspec.verdict import Verdict
from mailspec_reports import print_summary, render_html

ENTRY = """
[[known]]
id = "{id}"
verdicts = ["violated"]
reason = "Periods stay."
link = "RFC 5321 section 4.5.2"
expires = 9999-12-31
"""


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mailspec", "run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_known_violation_passes_the_gate(tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text(ENTRY.format(id="5321/4.5.2/unstuff"))
    out = tmp_path / "out"

    with Embedded(1, blueprint_of((), ("dots-stay",)), shared=True) as wrong:
        code, output = run("smtp/data", "--target", str(wrong.profile), "--baseline", str(known), "--out", str(out))

    assert code == 0, output
    result = load(out)
    assert [check.id for check in result.checks if check.known] == ["smtp/data/leading_period_is_removed"]
    assert result.footer.baseline == BaselineFacts(file=str(known), entries=1, known=1)
    assert "known until 9999-12-31: Periods stay." in output


def test_an_entry_that_is_not_needed_fails_a_strict_run(tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    known.write_text(ENTRY.format(id="smtp/greeting/server_speaks_first"))

    code, output = run("smtp/greeting", "--baseline", str(known), "--out", str(tmp_path / "out"), "--strict")

    assert code == 1, output
    assert "passes, though the baseline lists it: smtp/greeting/server_speaks_first" in output


@pytest.mark.parametrize("target", [(), ("--server", "postfix+dovecot")])
def test_mistakes_are_told_before_anything_starts(tmp_path: Path, target: tuple[str, ...]) -> None:
    known, out = tmp_path / "known.toml", tmp_path / "out"
    known.write_text(ENTRY.format(id="smtp/greeting/server_speaks_last"))
    out.mkdir()

    wrong_id = run(*target, "--baseline", str(known), "--out", str(out))
    (out / "result.json").touch()
    used_folder = run(*target, "--out", str(out))

    assert wrong_id[0] == used_folder[0] == 2
    assert f"{known}:3: nothing is called" in wrong_id[1]
    assert "did you mean: smtp/greeting/server_speaks_first" in wrong_id[1]
    assert "already holds results" in used_folder[1]


def test_reports_say_what_is_known() -> None:
    known = Known(reason="No <HELP>.", link="https://example.test/bug", expires="2027-01-01")
    check = CheckResult(
        id="smtp/a/b",
        requirement="5321/1/a",
        source="RFC 5321",
        section="1",
        level="must",
        says="It helps.",
        verdict=Verdict.VIOLATED,
        actual="500",
        known=known,
    )
    facts = BaselineFacts(file="k.toml", entries=3, known=1, unexpected=("smtp/a/c",), expired=("smtp/a/d",))
    header = Header(suite_version="1", ledger="0", target=TargetFacts(name="t"), seed=0, started="", platform="")
    footer = Footer(complete=True, counts={"violated": 1}, baseline=facts)
    result = RunResult(header=header, checks=(check,), footer=footer)

    printed = io.StringIO()
    print_summary(result, console=Console(file=printed, width=80, color_system=None))
    text, page = printed.getvalue(), render_html(result)

    assert "known until 2027-01-01: No <HELP>." in text
    assert "✗ 1 violated, 1 known" in text
    assert "passes, though the baseline lists it: smtp/a/c" in text
    assert "expired in the baseline, so it does not count: smtp/a/d" in text
    assert 'No &lt;HELP&gt;. <a href="https://example.test/bug">' in page
    assert " open>" not in page
    assert "<code>smtp/a/d</code>" in page
    shouting = msgspec.structs.replace(check, known=None)
    assert " open>" in render_html(msgspec.structs.replace(result, checks=(shouting,)))
