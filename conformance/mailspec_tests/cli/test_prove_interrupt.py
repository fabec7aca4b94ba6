"""`mailspec prove` that is told to end leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mailspec.wire.poll import until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_processes_and_removes_folders(tmp_path: Path, number: signal.Signals) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "mailspec", "prove", "reference", "rset-of220", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert until(lambda: any(scratch.glob("mailspec-target-*/target.toml")), 60.0)

        # As a terminal and a process manager do: the whole group gets the signal.
        os.killpg(process.pid, number)

        assert process.wait(30) == 130
        assert list(scratch.iterdir()) == []
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
