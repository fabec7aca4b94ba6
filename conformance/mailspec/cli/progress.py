"""Progress of a run: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mailspec.result import CheckResult
from mailspec.verdict import Verdict
from mailspec_reports.console import print_check

__all__ = ["Follower"]

#: Verdicts that are shown as they come.
_SHOWN = frozenset({Verdict.VIOLATED, Verdict.DEVIATES, Verdict.ERROR})

#: Seconds between two plain lines that say how far the run is.
_PLAIN_SECONDS = 10.0


class Follower:
    """Shows each record as it arrives; an observer of the plugin's run.

    Args:
        console: where to show it; a live line is drawn only on a terminal.
        verbose: show every check, not only those that found something.
    """

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._counts: Counter[Verdict] = Counter()
        self._total: int | None = None
        self._said = time.monotonic()
        self._live: Progress | None = None
        if console.is_terminal:
            self._live = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
                transient=True,
                expand=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._live.add_task("connecting", total=None)

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()

    @property
    def checks(self) -> int:
        """How many checks have ended."""
        return self._counts.total()

    def expect(self, total: int) -> None:
        """Take note of how many checks will run."""
        self._total = total
        if self._live is not None:
            self._live.update(self._task, total=total, description="running")

    def on_check(self, result: CheckResult) -> None:
        """Show one record."""
        if self._verbose or result.verdict in _SHOWN:
            print_check(result, self._console)
        if result.kind != "check":
            return
        self._counts[result.verdict] += 1
        if self._live is not None:
            self._live.update(self._task, completed=self.checks, description=self._state())
        elif time.monotonic() - self._said >= _PLAIN_SECONDS:
            self._said = time.monotonic()
            of = f" of {self._total}" if self._total else ""
            self._console.print(f"  {self.checks}{of} checks, {self._state()}", highlight=False)

    def _state(self) -> str:
        found = [
            f"{self._counts[verdict]} {verdict}"
            for verdict in (Verdict.VIOLATED, Verdict.ERROR)
            if self._counts[verdict]
        ]
        return ", ".join(found) or "running"
