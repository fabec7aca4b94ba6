"""Where the time of a run goes: `python conformance/mailspec_bench/where_time_goes.py [ADDRESS]...`.

The reference server runs in a process of its own. The innermost frame of ours is sampled a thousand times a second, and
each check's processor time is that of the thread that runs it: what it does not spend waiting.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from operator import itemgetter
from pathlib import Path
from types import FrameType

import click
import pytest

from mailspec.cli import session
from mailspec.cli.folders import DEFAULT_PARENT
from mailspec.cli.run import command as run_command
from mailspec_bench.served import served

#: Seconds between samples.
INTERVAL = 0.001

#: Functions of wire/stream.py in which this side waits for the other.
WAITING = frozenset({"_fill", "_transmit", "connect", "start_tls"})

#: Which part of a path means which part of the work; the first that matches the innermost frame counts.
PARTS = (
    ("/mailspec/wire/grammar/", "parse"),
    ("/mailspec/wire/", "wire"),
    ("/mailspec/transcript.py", "transcripts"),
    ("/mailspec/result/transcripts.py", "transcripts"),
    ("/mailspec/result/", "reports"),
    ("/mailspec_reports/", "reports"),
    ("/mailspec/suite/", "checks"),
    ("/mailspec/target/", "checks"),
    ("/mailspec/requirements/", "ledger"),
    ("/mailspec/plugin/", "pytest"),
    ("/_pytest/", "pytest"),
    ("/pluggy/", "pytest"),
)


def part_of(frame: FrameType | None) -> str:
    """Return the part of the work that a stack is busy with."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.endswith("/mailspec/wire/stream.py") and code.co_name in WAITING:
            return "target"
        for path, part in PARTS:
            if path in code.co_filename:
                return part
        frame = frame.f_back
    return "start and end"


class Sampler(threading.Thread):
    """Notes what the thread that made it is busy with; the time since the last sample goes to what is seen now."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._watched = threading.get_ident()
        self._ended = threading.Event()

    def run(self) -> None:
        before = time.perf_counter()
        while not self._ended.wait(INTERVAL):
            part = part_of(sys._current_frames().get(self._watched))  # noqa: SLF001 - the documented way to see another thread
            now = time.perf_counter()
            self.seconds[part] += now - before
            before = now

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join()


class Meter:
    """A pytest plugin that takes the processor time of every check with its fixtures and its report."""

    def __init__(self) -> None:
        self.cost: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measure one check."""
        before = time.thread_time()
        result = yield
        self.cost[item.nodeid] = time.thread_time() - before
        return result


def metered(meter: Meter) -> Callable[..., int]:
    """Return `run_pytest` with one more plugin."""
    plain = session.run_pytest

    def run(arguments: list[str], plugins: list[object]) -> int:
        return int(plain(arguments, [*plugins, meter]))

    return run


def table(seconds: Mapping[str, float], whole: float) -> Generator[str]:
    """Yield a line for each part, the largest first."""
    for part, taken in sorted(seconds.items(), key=itemgetter(1), reverse=True):
        yield f"{part:14} {taken:7.2f} s {100 * taken / whole:5.1f} %"


def main(addresses: list[str]) -> None:
    """Run the suite once and print where the time went."""
    meter = Meter()
    session.run_pytest = metered(meter)
    DEFAULT_PARENT.mkdir(exist_ok=True)
    # Where a run writes, not beside the reference server's mail: making a file takes long where many were removed.
    with served() as profile, tempfile.TemporaryDirectory(prefix="bench-", dir=DEFAULT_PARENT) as scratch:
        options = ["--target", str(profile), "--tier", "destructive", "--out", f"{scratch}/out", *addresses]
        # So that a sample does not have to wait for the processor.
        sys.setswitchinterval(INTERVAL / 2)
        sampler = Sampler()
        sampler.start()
        began = time.perf_counter()
        try:
            run_command.main(options, standalone_mode=False)
        except SystemExit as end:
            click.echo(f"exit code {end.code}")
        whole = time.perf_counter() - began
        sampler.stop()
    click.echo(f"\n{len(meter.cost)} checks, {whole:.2f} s")
    for line in table(sampler.seconds, whole):
        click.echo(line)
    costs = sorted(meter.cost.values())
    click.echo(f"harness cost of a check: median {1000 * statistics.median(costs):.2f} ms")
    for name in sorted(meter.cost, key=meter.cost.__getitem__)[-5:]:
        click.echo(f"  {1000 * meter.cost[name]:7.2f} ms {Path(name).name}")


if __name__ == "__main__":
    main(sys.argv[1:])
