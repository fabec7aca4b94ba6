"""The proof that checks can fail, and fail rightly: the suite on mutants, legal variants and stupid servers.

For the reference everything is green, and each checked requirement has a mutant.
For each variant nothing is violated; for each mutant exactly what it declares; and
against a stupid server no check passes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from mailspec.prove.judge import Finding
from mailspec.prove.pool import ProverDied, prove_all
from mailspec.prove.report import print_finding, print_summary, write_json
from mailspec.prove.subject import Subject, UnknownSubject, all_subjects, chosen, in_chance_order

__all__ = ["Finding", "ProverDied", "Subject", "UnknownSubject", "all_subjects", "chosen", "run"]


def run(
    names: Iterable[str],
    *,
    workers: int,
    addresses: tuple[str, ...] = (),
    out: Path,
    console: Console,
    full: bool = False,
    again: int = 0,
    minutes: float | None = None,
    seed: int = 0,
) -> list[Finding]:
    """Prove the named subjects, show each finding as it comes, and write `prove.json` into `out`.

    Args:
        names: mutants, variants, or kinds of them; all subjects for none.
        workers: processes to use.
        addresses: the checks to run, all of them for none.
        out: folder for `prove.json` and the processes' logs.
        console: where to show them.
        full: run also the checks that a subject cannot affect.
        again: how often a subject that is not proven is run once more; the report names those that needed it.
        minutes: begin no further subject after so many; those left out are counted and are no failure.
        seed: decides the order where there are `minutes`, so that other subjects are left out another time.

    Raises:
        UnknownSubject: a name is nobody's.
        ProverDied: a process failed.
    """
    subjects = chosen(names)
    if minutes is not None:
        subjects = in_chance_order(subjects, seed)
    began = time.monotonic()
    done = 0

    def show(finding: Finding) -> None:
        nonlocal done
        done += 1
        print_finding(finding, console, done, len(subjects))

    until = None if minutes is None else time.time() + 60 * minutes
    findings = prove_all(subjects, workers, addresses, out, show, full=full, again=again, until=until)
    write_json(findings, out / "prove.json")
    print_summary(findings, console, time.monotonic() - began, left_out=len(subjects) - len(findings))
    return findings
