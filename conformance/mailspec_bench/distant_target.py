"""A target that is 100 ms away: `python conformance/mailspec_bench/distant_target.py [WORKERS [ADDRESS]...]`.

Proxies hold back every octet of the reference server for half a round trip in each direction; waiting overlaps between
the workers. The same checks are run near first, so that the two times stand side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

import click

from mailspec.result import load
from mailspec_bench.served import served

#: Seconds that an octet needs in one direction.
ONE_WAY = 0.05

#: Octets on their way in one direction at most; reading stops beyond them.
IN_FLIGHT = 1 << 20


async def _delayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass octets on, each ONE_WAY after it came, and then the end."""
    loop = asyncio.get_running_loop()
    flight: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT // 65536)

    async def land() -> None:
        octets = b"x"
        while octets:
            due, octets = await flight.get()
            await asyncio.sleep(due - loop.time())
            writer.write(octets)
            await writer.drain()
        # asyncio knows no socket any more once the other side has reset the connection.
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(land())
        octets = b"x"
        while octets:
            octets = await reader.read(65536)
            await flight.put((loop.time() + ONE_WAY, octets))


async def _proxy(port: int) -> int:
    """Start a proxy to a port of the loopback and return its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The handshake of TCP takes a round trip.
        await asyncio.sleep(2 * ONE_WAY)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ExceptionGroup, OSError):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_delayed(reader, back))
                tasks.create_task(_delayed(there, writer))
        for end in (writer, back):
            end.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    # Not `port`, which `serve` still needs.
    own: int = server.sockets[0].getsockname()[1]
    return own


@contextlib.contextmanager
def background() -> Generator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def wait_for(loop: asyncio.AbstractEventLoop, task: Coroutine[Any, Any, int]) -> int:
    """Return what a coroutine returns in the loop of another thread."""
    return asyncio.run_coroutine_threadsafe(task, loop).result()


def distant(profile: Path, loop: asyncio.AbstractEventLoop) -> Path:
    """Write a profile beside the given one whose ports lead through proxies, and return it."""
    text = profile.read_text()
    for service in ("smtp", "submission", "pop3", "imap"):
        port = tomllib.loads(text)[service]["port"]
        text = text.replace(f"port = {port}\n", f"port = {wait_for(loop, _proxy(port))}\n")
    far = profile.with_name("distant.toml")
    far.write_text(text)
    return far


def timed(profile: Path, workers: int, addresses: list[str]) -> str:
    """Run the suite on a profile and say how long that took and what it found."""
    with tempfile.TemporaryDirectory(prefix="mailspec-bench-") as scratch:
        out = f"{scratch}/out"
        command = [sys.executable, "-m", "mailspec", "run", "--target", str(profile), "--tier", "destructive"]
        command += ["-n", str(workers), "--out", out, *addresses]
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        took = time.perf_counter() - began
        counts = load(Path(out)).footer.counts
        return f"{took:.1f} s: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)


def main(workers: int, addresses: list[str]) -> None:
    """Run near and far and print both times."""
    with served(workers) as profile, background() as loop:
        click.echo(f"near, -n {workers}: {timed(profile, workers, addresses)}")
        far = distant(profile, loop)
        click.echo(f"{2000 * ONE_WAY:.0f} ms away, -n {workers}: {timed(far, workers, addresses)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8, sys.argv[2:])
