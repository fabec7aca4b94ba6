"""The console summary: last of all output, grouped by RFC section, readable in 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mailspec.result import BaselineFacts, CheckResult, RunResult, failure_block, read_lines
from mailspec.verdict import Verdict
from mailspec_reports.grouping import Section, by_section
from mailspec_reports.legend import LEGEND

__all__ = ["failure_text", "print_check", "print_failures", "print_summary"]

#: Verdicts whose checks are listed one by one, and whose failure block is printed.
_LISTED = (Verdict.VIOLATED, Verdict.DEVIATES, Verdict.ERROR)

#: Verdicts that are told by reason: one dead service can cause hundreds.
_UNJUDGED = (Verdict.BLOCKED, Verdict.INCONCLUSIVE)

#: Columns that the words of the verdicts need.
_WORD = max(len(verdict) for verdict in Verdict)

#: Reasons shown for one verdict before the rest is counted.
_REASONS = 8


def print_check(check: CheckResult, console: Console | None = None) -> None:
    """Print one record on one line, as progress."""
    console = console or Console()
    legend = LEGEND[check.verdict]
    known = (" known", "dim") if check.known is not None else ""
    line = Text.assemble((f"{legend.sign} {check.verdict:<{_WORD}} ", legend.style), check.id, known)
    console.print(line, soft_wrap=True, highlight=False)


def failure_text(check: CheckResult, folder: Path | None = None) -> str:
    """Return the failure block of a record, with its transcript where the result folder has it."""
    lines = read_lines(folder, check.transcript) if folder is not None and check.transcript else ()
    return failure_block(check, lines)


def print_failures(
    result: RunResult, folder: Path | None = None, console: Console | None = None, *, known: bool = True
) -> None:
    """Print the failure block of everything violated, deviating or in error, in the order of the documents.

    Args:
        result: the run.
        folder: where its transcripts are.
        console: where to print.
        known: whether what the baseline knows is printed too.
    """
    console = console or Console()
    shown = (check for check in result.checks if check.verdict in _LISTED and (known or check.known is None))
    for section in by_section(shown):
        for check in section.checks:
            legend = LEGEND[check.verdict]
            console.print(Rule(Text(f"{legend.sign} {check.id}", style=legend.style), align="left", style="dim"))
            console.print(Text(failure_text(check, folder)), soft_wrap=True, highlight=False)
            console.print()


def print_summary(result: RunResult, folder: Path | None = None, console: Console | None = None) -> None:
    """Print what a run found: sections with findings, what could not be judged and why, the counts.

    Args:
        result: the run.
        folder: where its files are, to name it; nothing is read from it.
        console: where to print; its width is respected.
    """
    console = console or Console()
    for part in _parts(result, folder):
        console.print(part, highlight=False)


def _parts(result: RunResult, folder: Path | None) -> Iterator[RenderableType]:
    header, footer = result.header, result.footer
    yield Rule(Text(f"{header.target.name}", style="bold"), align="left", style="dim")
    services = ", ".join(f"{s.name} {s.host}:{s.port}" for s in header.target.services)
    yield Text(f"mailspec {header.suite_version} on {services or 'no service'}; seed {header.seed}", style="dim")
    for section in by_section(check for check in result.checks if check.verdict in _LISTED):
        yield _section(section)
    yield from _by_reason("Could not be judged", result.checks, _UNJUDGED)
    yield from _by_reason("Left out", result.checks, (Verdict.NOT_OFFERED, Verdict.NOT_RUN))
    for wrong in footer.wrong:
        yield Text.assemble(("advertised but wrong: ", "bold"), f"{wrong.capability} ({len(wrong.checks)} failed)")
    if footer.unexercised:
        yield Text.assemble(("advertised, and no check tries it: ", "bold"), ", ".join(footer.unexercised))
    for leftover in footer.leftovers:
        yield Text.assemble(("left behind: ", "bold"), leftover)
    yield from _baseline(footer.baseline)
    slow = sum(check.slow for check in result.checks)
    if slow:
        yield Text(f"checks that came close to a deadline: {slow}; a larger timeout_factor is safer", "yellow")
    yield Text()
    yield _counts(result)
    if not footer.complete:
        yield Text("The run was cut short: what is missing above was not judged.", style="bold yellow")
    if folder is not None:
        yield Text(f"results: {folder}", style="dim", overflow="fold")


def _baseline(facts: BaselineFacts | None) -> Iterator[RenderableType]:
    if facts is None:
        return
    for entry in facts.unexpected:
        yield Text.assemble(("passes, though the baseline lists it: ", "bold yellow"), entry)
    for entry in facts.expired:
        yield Text.assemble(("expired in the baseline, so it does not count: ", "bold yellow"), entry)


def _section(section: Section) -> RenderableType:
    title = Text(f"{section.source} section {section.number}", style="bold", overflow="fold")
    return Group(Text(), title, *(Padding(_finding(check), (0, 0, 0, 2)) for check in section.checks))


def _finding(check: CheckResult) -> RenderableType:
    legend = LEGEND[check.verdict]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, min_width=_WORD + 2)
    grid.add_column(overflow="fold")
    word = Text(f"{legend.sign} {check.verdict}", style=legend.style)
    grid.add_row(word, Text(check.id))
    grid.add_row("", Text(check.says, style="dim"))
    if check.expected:
        grid.add_row("", Text(f"expected {' or '.join(check.expected)}"))
    if check.actual:
        grid.add_row("", Text(f"got {check.actual}"))
    elif check.reason:
        grid.add_row("", Text(next(iter(check.reason.splitlines()))))
    if check.known is not None:
        grid.add_row("", Text(f"known until {check.known.expires}: {check.known.reason}", style="dim"))
    return grid


def _by_reason(title: str, checks: Iterable[CheckResult], verdicts: Sequence[Verdict]) -> Iterator[RenderableType]:
    """Say once for each reason how many checks it kept from a judgement, the most frequent first."""
    reasons: dict[tuple[Verdict, str], list[str]] = {}
    for check in checks:
        if check.kind == "check" and check.verdict in verdicts:
            first_line = next(iter(check.reason.splitlines()), "")
            known = " known" if check.known is not None else ""
            reasons.setdefault((check.verdict, first_line), []).append(check.id + known)
    if not reasons:
        return
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, min_width=5)
    grid.add_column(overflow="fold")
    ordered = sorted(reasons.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    for (verdict, reason), ids in ordered[:_REASONS]:
        grid.add_row(str(len(ids)), Text(f"{verdict}: {reason}", style=LEGEND[verdict].style))
        if verdict in _UNJUDGED:
            more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            grid.add_row("", Text(f"{ids[0]}{more}", style="dim"))
    if len(ordered) > _REASONS:
        rest = sum(len(ids) for _, ids in ordered[_REASONS:])
        grid.add_row(str(rest), Text("more, for other reasons", style="dim"))
    yield Group(Text(), Text(title, style="bold"), grid)


def _counts(result: RunResult) -> RenderableType:
    known = Counter(check.verdict for check in result.checks if check.known is not None)
    counts = [
        Text(f"{legend.sign} {count} {verdict}{f', {known[verdict]} known' if known[verdict] else ''}", legend.style)
        for verdict, legend in LEGEND.items()
        if (count := result.footer.counts.get(verdict.value, 0))
    ]
    return Columns(counts, padding=(0, 2)) if counts else Text("Nothing ran.", style="bold yellow")
