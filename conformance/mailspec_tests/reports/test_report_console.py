"""The console summary and the failures before it."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from mailspec.result import Footer, RunResult
from mailspec.verdict import Verdict
from mailspec_reports import print_summary
from mailspec_reports.console import print_check, print_failures


def console() -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=False, color_system=None)


def text(printed: Console) -> str:
    assert isinstance(printed.file, io.StringIO)
    return "\n".join(line.rstrip() for line in printed.file.getvalue().splitlines())


def test_summary(result: RunResult, snapshot: SnapshotAssertion) -> None:
    printed = console()

    print_summary(result, Path("out"), printed)

    assert text(printed) == snapshot
    assert max(map(len, text(printed).splitlines())) <= 80


def test_sections_come_in_the_order_of_the_documents(result: RunResult) -> None:
    printed = console()

    print_summary(result, None, printed)

    places = [text(printed).index(words) for words in ("RFC 3501 section 6.4.5", "section 4.1\n", "section 4.10\n")]
    assert places == sorted(places)


def test_the_counts_come_last(result: RunResult) -> None:
    printed = console()

    print_summary(result, None, printed)

    assert "1 violated" in text(printed).splitlines()[-2] + text(printed).splitlines()[-1]


def test_a_run_that_was_cut_short_says_so(result: RunResult) -> None:
    printed = console()

    print_summary(msgspec.structs.replace(result, footer=Footer()), None, printed)

    assert "cut short" in text(printed)


def test_failures_have_their_transcript(result: RunResult, folder: Path, snapshot: SnapshotAssertion) -> None:
    printed = console()

    print_failures(result, folder, printed)

    assert text(printed) == snapshot


def test_markup_in_replies_is_text(result: RunResult) -> None:
    hostile = msgspec.structs.replace(result.checks[0], actual="[bold]x[/bold] [/]", id="smtp/x[a]")
    printed = console()

    print_summary(msgspec.structs.replace(result, checks=(hostile,)), None, printed)
    print_check(hostile, printed)

    assert "[bold]x[/bold] [/]" in text(printed)
    assert text(printed).splitlines()[-1] == "✗ violated     smtp/x[a]"


def test_one_reason_is_told_once(result: RunResult) -> None:
    blocked = next(check for check in result.checks if check.verdict is Verdict.BLOCKED)
    many = tuple(msgspec.structs.replace(blocked, id=f"smtp/data/{number}") for number in range(300))
    printed = console()

    print_summary(msgspec.structs.replace(result, checks=many), None, printed)

    assert "smtp/data/0 and 299 more" in text(printed)
    assert len(text(printed).splitlines()) < 20
