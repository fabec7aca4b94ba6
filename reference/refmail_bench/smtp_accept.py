"""How fast SMTP takes mail: refmail beside aiosmtpd and Postfix's smtp-sink, sent by Postfix's smtp-source.

    python -m refmail_bench.smtp_accept [--messages 1000] [--large 50] [--repetitions 5]

The figures are of one run on one machine, each the median of the repetitions; every repetition has new processes, and
the servers take turns. refmail's Maildir is durable: each message has been synced before its 250. The floor is a server on
asyncio that looks at next to nothing. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from refmail_bench.processes import cpu_seconds
from refmail_bench.smtp_servers import Contender, contenders, running
from refmail_bench.smtp_tools import Load, PostfixTools, postfix_tools

__all__: list[str] = []

_SMALL, _LARGE = 10 * 1024, 1024 * 1024
#: What is aimed at: refmail's rate beside aiosmtpd's, and its processor time beside smtp-sink's by size.
_RATE_TARGET = 3.0
_CPU_TARGETS = {_SMALL: 3.0, _LARGE: 2.0}


@dataclass(slots=True)
class Figures:
    """What one server took for one load: an entry for each repetition."""

    #: Messages a second.
    rates: list[float] = field(default_factory=list[float])
    #: Seconds of processor time for each message, of the server's process.
    cpu: list[float] = field(default_factory=list[float])


Results = dict[Load, dict[str, Figures]]


def loads(small: int, large: int) -> Iterator[Load]:
    """Yield what is sent: each size by one connection and by sixteen, new for each message and used again."""
    for messages, octets in ((small, _SMALL), (large, _LARGE)):
        for connections in (1, 16):
            for reused in (False, True):
                yield Load(messages, octets, connections, reused)


def measure(contender: Contender, load: Load, tools: PostfixTools, folder: Path, figures: Figures) -> None:
    """Send a load to a fresh server, after a little that warms it up."""
    with (
        tempfile.TemporaryDirectory(prefix="refmail-accept-", dir=folder) as scratch,
        running(contender, Path(scratch)) as (pid, port),
    ):
        tools.send(Load(min(10, load.messages), load.octets, 1, reused=True), port)
        used, began = cpu_seconds(pid), time.perf_counter()
        tools.send(load, port)
        figures.rates.append(load.messages / (time.perf_counter() - began))
        figures.cpu.append((cpu_seconds(pid) - used) / load.messages)


def compare(
    planned: Sequence[Load], servers: Sequence[Contender], tools: PostfixTools, folder: Path, repetitions: int
) -> Results:
    """Send every load to every server, in turns."""
    results: Results = {load: {server.name: Figures() for server in servers} for load in planned}
    for load in planned:
        for _ in range(repetitions):
            for server in servers:
                measure(server, load, tools, folder, results[load][server.name])
    return results


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios, each of two figures that were taken in the same turn."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True) if other)


def table(results: Results) -> Iterator[str]:
    """Yield a block for each load: messages a second, processor time, and both beside those of the others."""
    yield f"{'':16}{'messages/s':>11}{'CPU ms':>9}{'rate by aiosmtpd':>18}{'CPU by smtp-sink':>18}"
    for load, by_server in results.items():
        way = "used again" if load.reused else "new each"
        yield f"{load.octets // 1024} KiB, {load.connections} connections, {way}"
        peer, sink = by_server.get("aiosmtpd drops"), by_server.get("smtp-sink")
        for name, figures in by_server.items():
            line = f"  {name:16}{statistics.median(figures.rates):9.0f}{1000 * statistics.median(figures.cpu):9.2f}"
            is_ours, is_target = name.startswith(("refmail", "asyncio")), name == "refmail memory"
            if is_ours and peer is not None:
                rate = _ratio(figures.rates, peer.rates)
                line += f"{rate:11.1f} {_met(met=rate >= _RATE_TARGET) if is_target else '':6}"
            if is_ours and sink is not None:
                cpu = _ratio(figures.cpu, sink.cpu)
                line += f"{cpu:11.1f} {_met(met=cpu <= _CPU_TARGETS[load.octets]) if is_target else '':6}"
            yield line.rstrip()


def _met(*, met: bool) -> str:
    return "met" if met else "MISSED"


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000, help="of 10 KiB, in one repetition")
    parser.add_argument("--large", type=int, default=50, help="messages of 1 MiB in one repetition")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--only", default="", help="servers whose name has this in it")
    parser.add_argument("--folder", type=Path, help="where the Maildir is written while this runs")
    arguments = parser.parse_args()
    with postfix_tools() as tools:
        servers = [each for each in contenders(tools) if arguments.only in each.name]
        planned = [load for load in loads(arguments.messages, arguments.large) if load.messages]
        results = compare(planned, servers, tools, arguments.folder, arguments.repetitions)
    print("\n".join(table(results)))  # noqa: T201 - the program's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
