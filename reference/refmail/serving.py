"""What `refmail serve` does: one server or a lab, from the start to Ctrl-C, with what is printed meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from refmail.blueprint import Blueprint
from refmail.config import Config, load_config
from refmail.journal import Entry
from refmail.lab.banner import lab_banner, server_banner
from refmail.lab.config import LabConfig, demo_lab, load_lab
from refmail.lab.console import HELP, obey
from refmail.lab.hops import hop_of, lines_of
from refmail.privileges import Entrance, become, bind, check_code, check_root, identity_of
from refmail.queue.clock import FastClock
from refmail.server import Server, tls_source
from refmail.tomlfile import has_key

if TYPE_CHECKING:
    from refmail.deviation import Deviation
    from refmail.lab.lab import Lab

__all__ = ["Wishes", "serve"]

_COLOURS = {True: "green", False: "red", None: None}


@dataclass(frozen=True, slots=True)
class Wishes:
    """The command line of `refmail serve`."""

    #: Configuration of a server or a lab; None: the lab of the manual.
    config: Path | None = None
    variants: Sequence[str] = ()
    mutants: Sequence[str] = ()
    seed: int | None = None
    free_ports: bool = False
    #: How many times as fast as real time the queues' time passes.
    clock: float = 1.0
    #: Where the journal goes as JSON lines.
    journal: Path | None = None
    ready_file: Path | None = None
    ready_fd: int | None = None
    #: Whether the way of each message is not printed.
    quiet: bool = False


def serve(wishes: Wishes) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        ConfigError: the configuration cannot be used.
        KeyError: there is no variant or mutant of that name.
        OSError: something cannot listen or be written; the message says what.
        ValueError: the parts do not fit each other.
    """
    is_lab = wishes.config is None or has_key(wishes.config, "hosts")
    config: Config | LabConfig
    if wishes.config is None:
        config = demo_lab().with_free_ports() if wishes.free_ports else demo_lab()
    else:
        config = load_lab(wishes.config) if is_lab else load_config(wishes.config)
    if wishes.seed is not None:
        config = msgspec.structs.replace(config, seed=wishes.seed)
    deviations = _deviations(wishes)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_removed(wishes.ready_file))
        write = _journal_writer(wishes.journal, stack)
        asyncio.run(_serve(config, deviations, wishes, write))


def _deviations(wishes: Wishes) -> list[Deviation]:
    if not wishes.variants and not wishes.mutants:
        return []
    # Importing them means importing all of the server, which the first client may wait for instead.
    from refmail import mutants, variants

    return [*map(variants.by_name, wishes.variants), *map(mutants.by_name, wishes.mutants)]


def _journal_writer(path: Path | None, stack: contextlib.ExitStack) -> Callable[[str, Entry], None] | None:
    if path is None:
        return None
    from refmail.journalfile import JournalFile

    return stack.enter_context(JournalFile(path)).write


async def _serve(
    config: Config | LabConfig,
    deviations: Sequence[Deviation],
    wishes: Wishes,
    write: Callable[[str, Entry], None] | None,
) -> None:
    blueprint = functools.reduce(lambda made, deviation: deviation.apply(made), deviations, Blueprint())
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    queue_clock = FastClock(wishes.clock) if wishes.clock != 1.0 else None

    def on_entry(host: str, entry: Entry) -> None:
        if write is not None:
            write(host, entry)
        hop = None if wishes.quiet else hop_of(host, entry)
        if hop is not None:
            for line in lines_of(time.strftime("%H:%M:%S"), hop, _width()):
                click.secho(line, fg=_COLOURS[hop.good])

    async with contextlib.AsyncExitStack() as stack:
        entrance = _entrance(config, stack)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="refmail-")))
        lab: Lab | None = None
        if isinstance(config, LabConfig):
            # Only here: a single server needs no fake DNS, whose library takes its time.
            from refmail.lab.lab import Lab

            lab = Lab(config, blueprint, on_entry=on_entry, queue_clock=queue_clock)
            await stack.enter_async_context(_running(lab))
            ca = _write_authority(next(iter(lab.running.values())), folder)
            lines = list(lab_banner(lab, ca, is_demo=wishes.config is None))
            servers = dict(lab.running)
            ready = _ready(servers, ca, dns=lab.dns_address)
        else:
            server = Server(config, blueprint, queue_clock=queue_clock, entrance=entrance)
            if write is not None or not wishes.quiet:
                server.journal.subscribe(lambda entry: on_entry(config.hostname, entry))
            await stack.enter_async_context(_running(server))
            ca = _write_authority(server, folder)
            lines = list(server_banner(server, ca))
            servers = {config.hostname: server}
            ready = _ready(servers, ca, dns=None)
        for line in lines:
            click.echo(line)
        for deviation in deviations:
            click.echo(f"differs: {deviation.name}: {deviation.says}")
        if lab is not None and _listen_to_person(lab):
            click.echo(HELP)
        click.echo("Ctrl-C stops it.")
        _tell(ready, wishes.ready_file, wishes.ready_fd)
        # What is there now stays: the collector, which the command turned off, need never look at it again.
        gc.freeze()
        gc.enable()
        for each in servers.values():
            each.warm_up()
        await stop.wait()


def _entrance(config: Config | LabConfig, stack: contextlib.AsyncExitStack) -> Entrance | None:
    """Listen and then stop being root, where the configuration asks for it; None where there is nothing to prepare.

    Raises:
        ValueError, OSError: it cannot be done; nothing is served as root then.
    """
    if isinstance(config, LabConfig):
        # Its hosts are on the loopback.
        return None
    check_root(config)
    if config.run_as is None or os.geteuid() != 0:
        return None
    identity = identity_of(config.run_as)
    entrance = Entrance(tls_source(config), bind(config))
    stack.callback(entrance.close)
    become(identity)
    check_code(identity)
    return entrance


@contextlib.asynccontextmanager
async def _running(what: Server | Lab) -> AsyncGenerator[None]:
    await what.start()
    try:
        yield
    finally:
        await what.stop()


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 80


@contextlib.contextmanager
def _removed(path: Path | None) -> Generator[None]:
    try:
        yield
    finally:
        if path is not None:
            # Its folder may be one that only root can write.
            with contextlib.suppress(PermissionError):
                path.unlink(missing_ok=True)


def _write_authority(server: Server, folder: Path) -> Path | None:
    if server.authority_pem is None:
        return None
    path = folder / "ca.pem"
    path.write_bytes(server.authority_pem)
    return path


def _ready(servers: Mapping[str, Server], ca: Path | None, *, dns: tuple[str, int] | None) -> str:
    """Return what programs need to know as JSON; `listeners` has the first host of each service."""
    places = {
        host: {
            name: {"host": place.host, "port": server.ports[name]} for name, place in server.config.listeners.items()
        }
        for host, server in servers.items()
    }
    listeners: dict[str, dict[str, object]] = {}
    for services in places.values():
        for name, place in services.items():
            listeners.setdefault(name, dict(place))
    first = next(iter(servers.values())).config
    return json.dumps(
        {
            "hostname": first.hostname,
            "domains": list(dict.fromkeys(domain for each in servers.values() for domain in each.config.domains)),
            "listeners": listeners,
            "hosts": places,
            "dns": None if dns is None else {"host": dns[0], "port": dns[1]},
            "ca": str(ca) if ca is not None else None,
            "users": [user.name for user in first.users],
        }
    )


def _tell(line: str, ready_file: Path | None, ready_fd: int | None) -> None:
    if ready_file is not None:
        # Whoever polls for the file must find it whole.
        part = ready_file.with_name(ready_file.name + ".part")
        part.write_text(line + "\n")
        part.replace(ready_file)
    if ready_fd is not None:
        with os.fdopen(ready_fd, "w", closefd=True) as stream:
            stream.write(line + "\n")


def _listen_to_person(lab: Lab) -> bool:
    """Obey what is typed or piped in, until there is no more; say whether anybody can."""
    loop = asyncio.get_running_loop()
    # In the background of a shell a read would stop the process.
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    pending = bytearray()
    queue: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        try:
            octets = os.read(0, 4096)
        except OSError:
            octets = b""
        if not octets:
            loop.remove_reader(0)
            return
        pending.extend(octets)
        *lines, rest = bytes(pending).split(b"\n")
        pending[:] = rest
        for line in lines:
            queue.put_nowait(line.decode("utf-8", "replace"))

    async def obey_all() -> None:
        while True:
            await obey(lab, await queue.get(), click.echo)

    try:
        loop.add_reader(0, read)
    except (OSError, ValueError):
        # A file or nothing at all: nobody types.
        return False
    task = loop.create_task(obey_all(), name="refmail console")
    _tasks.add(task)
    return True


#: The loop holds tasks weakly only.
_tasks: set[asyncio.Task[None]] = set()
