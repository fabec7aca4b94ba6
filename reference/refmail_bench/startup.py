"""How long refmail takes to be ready: `python -m refmail_bench.startup [--repetitions 10]`.

Ready is when every listener takes connections and says so; the time begins before the process does. The
processor time stands beside it, as a busy machine stretches the other. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

__all__: list[str] = []

_CONFIG = """\
hostname = "mx.bench.test"
domains = ["bench.test"]
[[users]]
name = "bench"
password = "secret"
[listeners.smtp]
port = 0
[listeners.submission]
port = 0
[listeners.imap]
port = 0
[listeners.pop3]
port = 0
"""


def start(arguments: Sequence[str]) -> tuple[float, float]:
    """Start a server, stop it when it is ready, and return the seconds until then and its processor time up to then."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "refmail", "serve", *arguments, "--ready-fd", str(writing)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[writing])
    os.close(writing)
    try:
        # Returns when the server has written, or has ended.
        told = os.read(reading, 1)
        took = time.perf_counter() - began
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if not told:
            msg = f"{' '.join(command)} ended before it was ready"
            raise RuntimeError(msg)
    finally:
        os.close(reading)
        process.terminate()
        process.wait()
    return took, used


def bare() -> float:
    """Return the seconds that Python alone takes."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import asyncio, click, msgspec"], check=True)
    return time.perf_counter() - began


def main() -> int:
    """Measure, and print a line for each way to serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10)
    repetitions = parser.parse_args().repetitions
    with tempfile.TemporaryDirectory(prefix="refmail-bench-") as scratch:
        config = Path(scratch) / "refmail.toml"
        config.write_text(_CONFIG)
        ways = {"one server, --config": ["--config", str(config)], "the small lab": ["--free-ports"]}
        for name, arguments in ways.items():
            taken = [start(arguments) for _ in range(repetitions)]
            took, used = (1000 * statistics.median(column) for column in zip(*taken, strict=True))
            met = "met" if took < 300 else "MISSED"
            print(f"{name:24}{took:6.0f} ms to ready, {used:4.0f} ms of processor time; target 300 ms {met}")  # noqa: T201 - the program's output
    print(f"{'Python and libraries':24}{1000 * statistics.median(bare() for _ in range(repetitions)):6.0f} ms")  # noqa: T201 - the same
    return 0


if __name__ == "__main__":
    sys.exit(main())
