"""Runs refmail under cProfile: every thread's calls, one file for each in the folder given first."""

from __future__ import annotations

import cProfile
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from refmail.cli import main

__all__: list[str] = []


def _profiled(run: Callable[[threading.Thread], None], folder: Path) -> Callable[[threading.Thread], None]:
    def wrapped(thread: threading.Thread) -> None:
        profile = cProfile.Profile()
        try:
            profile.runcall(run, thread)
        finally:
            profile.dump_stats(folder / f"{thread.name}.prof")

    return wrapped


if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    target.mkdir(parents=True, exist_ok=True)
    setattr(threading.Thread, "run", _profiled(threading.Thread.run, target))  # noqa: B010 - type checkers see no method to assign
    loop = cProfile.Profile()
    try:
        loop.runcall(main)
    finally:
        loop.dump_stats(target / "loop.prof")
