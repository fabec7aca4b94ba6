"""What `mailspec prove` shows and writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape

from mailspec.prove.judge import Finding
from mailspec.prove.subject import Kind
from mailspec.verdict import Verdict

__all__ = ["print_finding", "print_summary", "write_json"]


def print_finding(finding: Finding, console: Console, number: int, total: int) -> None:
    """Show one finding: a line, and what is wrong below it."""
    mark = "[green]✓[/]" if finding.proven else "[red]✗[/]"
    counted = f"{number}/{total}"
    console.print(
        f"{mark} {counted:>9} {finding.kind:<9} {escape(finding.name)} [dim]{finding.seconds:.1f} s[/]", highlight=False
    )
    for problem in finding.earlier:
        console.print(f"            [yellow]run again: {escape(problem)}[/]", highlight=False)
    for problem in finding.problems:
        console.print(f"            [red]{escape(problem)}[/]", highlight=False)


def print_summary(findings: Sequence[Finding], console: Console, seconds: float, *, left_out: int = 0) -> None:
    """Show the totals by kind, last, and how many were not begun because the time was up."""
    console.rule("proof", align="left")
    for kind in Kind:
        of_kind = [finding for finding in findings if finding.kind is kind]
        if not of_kind:
            continue
        good = sum(finding.proven for finding in of_kind)
        console.print(f"{kind:<10} {good} of {len(of_kind)} {_meaning(kind)}", highlight=False)
    reference = next((finding for finding in findings if finding.kind is Kind.REFERENCE), None)
    if reference is not None:
        passed = reference.counts.get(Verdict.PASSED, 0)
        console.print(f"the reference passes {passed} of {sum(reference.counts.values())} records", highlight=False)
    if doubtful := [finding.name for finding in findings if finding.earlier]:
        console.print(f"run again: {', '.join(doubtful)}", highlight=False)
    if left_out:
        console.print(f"left out, for the time was up: {left_out}", highlight=False)
    console.print(f"{seconds:.0f} seconds", highlight=False)


def _meaning(kind: Kind) -> str:
    return {
        Kind.REFERENCE: "green, and every checked requirement has a mutant",
        Kind.VARIANT: "not blamed for anything",
        Kind.MUTANT: "found out, each for exactly what it breaks",
        Kind.STUPID: "passed by no check",
    }[kind]


def write_json(findings: Sequence[Finding], path: Path) -> None:
    """Write all findings as one JSON array."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(findings), indent=1) + b"\n")
