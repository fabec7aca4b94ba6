"""Long commands: their output goes to a log, and the terminal shows now and then that something happens."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from mailspec.lab.servers.trouble import ServerTrouble, last_lines

__all__ = ["progress", "run_logged", "tell"]

#: Seconds between two progress lines.
PROGRESS_SECONDS = 3.0
#: Columns of the log's last line that a progress line shows.
SHOWN_COLUMNS = 70


def tell(text: str) -> None:
    """Write one line for the user, to standard error: standard output belongs to reports."""
    print(f"mailspec: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the user's terminal


@contextlib.contextmanager
def progress(title: str, log: Path, show: Callable[[str], None] = tell) -> Generator[None]:
    """Show the log's last line every few seconds while the block runs, and the time it took at the end."""
    began = time.monotonic()
    done = threading.Event()

    def loop() -> None:
        while not done.wait(PROGRESS_SECONDS):
            latest = "".join(last_lines(log, 1))[:SHOWN_COLUMNS]
            show(f"{title} [{time.monotonic() - began:3.0f} s] {latest}")

    show(f"{title} ...")
    thread = threading.Thread(target=loop, name="progress", daemon=True)
    thread.start()
    try:
        yield
        show(f"{title}: done in {time.monotonic() - began:.0f} s")
    finally:
        done.set()
        thread.join()


def run_logged(command: Sequence[str], log: Path, environment: Mapping[str, str], *, problem: str, remedy: str) -> None:
    """Run a command with its output appended to `log`; it is killed when the block around is left early.

    Raises:
        ServerTrouble: it failed or cannot be run.
    """
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment), process_group=0
            )
        except OSError as error:
            msg = f"{problem}: {command[0]}: {error.strerror}"
            raise ServerTrouble(msg, remedy) from error
        try:
            code = process.wait()
        finally:
            process.kill()
            process.wait()
    if code != 0:
        msg = f"{problem} (exit code {code})"
        raise ServerTrouble(msg, remedy, log)
