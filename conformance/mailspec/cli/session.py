"""One pytest session inside the command: apart from the user's own pytest, its output in a file."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

import pytest

__all__ = ["isolated", "output_to", "run_pytest", "terminable"]

#: Variables by which a user's pytest settings would reach into the suite.
_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_AUTO_NUM_WORKERS")


@contextlib.contextmanager
def isolated() -> Generator[None]:
    """Keep the machine's other pytest plugins and settings out, also in xdist's workers."""
    before = {name: os.environ.pop(name, None) for name in (*_FOREIGN, "PYTEST_DISABLE_PLUGIN_AUTOLOAD")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def output_to(log: Path) -> Generator[IO[str]]:
    """Send what this process and its children write into `log`; gives the former standard output.

    File descriptors are exchanged, not Python's streams: workers and libraries write to descriptors.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        with os.fdopen(os.dup(saved[0]), "w", encoding=encoding, errors="replace", buffering=1) as screen:
            yield screen
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


@contextlib.contextmanager
def terminable() -> Generator[None]:
    """Let SIGTERM end the command as Ctrl-C does: everything is stopped and removed."""
    former = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def run_pytest(arguments: Sequence[str], plugins: Sequence[object]) -> int:
    """Run pytest here and return its exit code."""
    with isolated():
        return int(pytest.main(list(arguments), plugins=[*plugins, _Frozen()]))


class _Frozen:
    """Keeps what was collected out of the garbage collector's way, which else goes through all of it again and again."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        gc.freeze()

    def pytest_unconfigure(self) -> None:
        gc.unfreeze()


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # A second one, as process groups get, must not break off the clean-up that the first one began.
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
