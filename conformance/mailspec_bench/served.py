"""The reference server in a process of its own, so that its time is not the harness's."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

__all__ = ["served"]


@contextlib.contextmanager
def served(pairs: int = 1) -> Generator[Path]:
    """Run `mailspec serve` and give the profile of its server.

    Args:
        pairs: pairs of accounts; one for each worker.

    Raises:
        RuntimeError: the server did not start.
    """
    with tempfile.TemporaryDirectory(prefix="mailspec-bench-") as scratch:
        command = [sys.executable, "-u", "-m", "mailspec", "serve", "--free-ports", "--pairs", str(pairs)]
        note = Path(scratch) / "profile"
        with subprocess.Popen([*command, "--profile", str(note)], stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                for line in server.stdout:
                    # The last line; the note is written behind it, but the profile stands in "judge it: ... FILE".
                    if line.startswith("judge it:"):
                        yield Path(line.split()[-1])
                        return
                msg = f"mailspec serve ended with {server.wait()}"
                raise RuntimeError(msg)
            finally:
                server.terminate()
                server.wait()
