"""`refmail`: run the server, and list its mutants and variants."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

import click
import msgspec

from refmail import mutants, variants
from refmail.blueprint import Blueprint
from refmail.config import Config, ConfigError, demo_config, load_config
from refmail.credentials import SCRAM_HASHES, ScramKeys
from refmail.deviation import Deviation
from refmail.server import Server
from refmail.users import PasswordHash

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """refmail: a mail server that follows its RFCs, and breaks them on demand."""


@main.command()
@click.option(
    "--config", "path", type=click.Path(path_type=Path), help="Configuration file; without it, a demo in memory."
)
@click.option("--variant", "variant_names", multiple=True, help="Make this legal difference; may be repeated.")
@click.option("--mutant", "mutant_names", multiple=True, help="Make this mistake; may be repeated.")
@click.option("--seed", type=int, help="Seed of everything random in the server.")
@click.option("--free-ports", is_flag=True, help="Let the kernel choose the ports of the demo.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write ports and CA as JSON here when ready.")
@click.option("--ready-fd", type=int, help="Write the same to this file descriptor.")
def serve(
    path: Path | None,
    variant_names: tuple[str, ...],
    mutant_names: tuple[str, ...],
    seed: int | None,
    free_ports: bool,
    ready_file: Path | None,
    ready_fd: int | None,
) -> None:
    """Serve until Ctrl-C."""
    try:
        config = load_config(path) if path is not None else demo_config(fixed_ports=not free_ports)
        if seed is not None:
            config = msgspec.structs.replace(config, seed=seed)
        deviations: list[Deviation] = [
            *(variants.by_name(name) for name in variant_names),
            *(mutants.by_name(name) for name in mutant_names),
        ]
        with _ready_file_removed(ready_file):
            asyncio.run(_serve(config, deviations, ready_file, ready_fd, is_demo=path is None))
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from error
    except (OSError, ValueError) as error:
        hint = "; try --free-ports, or other ports in --config" if isinstance(error, OSError) else ""
        msg = f"{error}{hint}"
        raise click.ClickException(msg) from error


async def _serve(
    config: Config,
    deviations: Sequence[Deviation],
    ready_file: Path | None,
    ready_fd: int | None,
    *,
    is_demo: bool,
) -> None:
    blueprint = Blueprint()
    for deviation in deviations:
        blueprint = deviation.apply(blueprint)
    server = Server(config, blueprint)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="refmail-")))
        await server.start()
        try:
            ca = _write_authority(server, folder)
            for line in _banner(server, deviations, ca, is_demo=is_demo):
                click.echo(line)
            _tell(_ready(server, ca), ready_file, ready_fd)
            await stop.wait()
        finally:
            await server.stop()


@contextlib.contextmanager
def _ready_file_removed(path: Path | None) -> Generator[None]:
    try:
        yield
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def _write_authority(server: Server, folder: Path) -> Path | None:
    if server.authority_pem is None:
        return None
    path = folder / "ca.pem"
    path.write_bytes(server.authority_pem)
    return path


def _banner(server: Server, deviations: Sequence[Deviation], ca: Path | None, *, is_demo: bool) -> Iterable[str]:
    config = server.config
    yield f"refmail is {config.hostname}, mail for {', '.join(config.domains)}, store: {config.store.kind}"
    for deviation in deviations:
        yield f"  differs: {deviation.name}: {deviation.says}"
    for name, place in config.listeners.items():
        yield f"  {name:<12} {place.host}:{server.ports[name]}"
    if ca is not None:
        yield f"  TLS is vouched for by {ca}"
    for user in config.users:
        password = f"  password {user.name}-secret" if is_demo else ""
        yield f"  user {user.name:<7} {user.name}@{config.domains[0]}{password}"
    yield "Ctrl-C stops it."


def _ready(server: Server, ca: Path | None) -> str:
    config = server.config
    return json.dumps(
        {
            "hostname": config.hostname,
            "domains": config.domains,
            "listeners": {
                name: {"host": place.host, "port": server.ports[name]} for name, place in config.listeners.items()
            },
            "ca": str(ca) if ca is not None else None,
            "users": [user.name for user in config.users],
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


@main.command("mutants")
def list_mutants() -> None:
    """List the mistakes that `serve --mutant` can make, and what each breaks."""
    for mutant in mutants.all_mutants():
        breaks = "nearly everything" if mutant.is_stupid else ", ".join(sorted(mutant.breaks))
        click.echo(f"{mutant.name}\n    {mutant.says}\n    breaks {breaks}")


@main.command("variants")
def list_variants() -> None:
    """List the legal differences that `serve --variant` can make."""
    for variant in variants.all_variants():
        click.echo(f"{variant.name}\n    {variant.says}")


@main.command("hash")
@click.option("--scram", is_flag=True, help="Print SCRAM keys for `scram = [...]` too.")
def hash_password(*, scram: bool) -> None:
    """Read a password and print its hash for the configuration file."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    click.echo(PasswordHash.of(str(password).encode()).to_text())
    for mechanism in SCRAM_HASHES if scram else ():
        try:
            click.echo(ScramKeys.of(mechanism, str(password)).to_text())
        except ValueError as error:
            raise click.ClickException(str(error)) from error
