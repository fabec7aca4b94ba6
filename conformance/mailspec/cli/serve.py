"""`mailspec serve`: the reference server and the lab's DNS, for people."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from mailspec.cli.stop import Stop
from mailspec.target.embedded import Embedded, blueprint_of

__all__ = ["command"]


@click.command("serve")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Make this legal difference; repeatable.")
@click.option("--mutant", "mutants", multiple=True, metavar="NAME", help="Make this mistake; repeatable.")
@click.option("--free-ports", is_flag=True, help="Let the kernel choose ports, instead of 2525, 2143 and so on.")
@click.option("--pairs", type=click.IntRange(1, 64), default=1, show_default=True, help="Pairs of accounts.")
@click.option(
    "--profile", type=click.Path(path_type=Path), metavar="FILE", help="Also write the path of the profile here."
)
def command(
    *, variants: tuple[str, ...], mutants: tuple[str, ...], free_ports: bool, pairs: int, profile: Path | None
) -> None:
    """Run the reference server with its fake DNS until Ctrl-C, and say how to judge it.

    `refmail mutants` and `refmail variants` list the names; `refmail serve` runs it from a configuration file.
    """
    try:
        blueprint = blueprint_of(variants, mutants)
    except KeyError as error:
        raise Stop(str(error.args[0])) from error
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    try:
        with Embedded(pairs, blueprint, fixed_ports=not free_ports, shared=True) as server:
            for line in server.banner():
                click.echo(line)
            if profile is not None:
                profile.write_text(f"{server.profile}\n")
            stop.wait()
    except OSError as error:
        msg = f"the server cannot listen: {error.strerror or error}\n  try --free-ports"
        raise Stop(msg) from error
    finally:
        if profile is not None:
            profile.unlink(missing_ok=True)
