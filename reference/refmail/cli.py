"""`refmail`: run the server, and list its mutants and variants.

What a command needs is imported in it, so that `--help` answers at once.
"""

from __future__ import annotations

import gc
import re
import sys
from pathlib import Path

import click

__all__ = ["main"]


def _factor(_context: click.Context, _option: click.Parameter, text: str) -> float:
    """Read how fast a clock runs: "3600x" or "3600"."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)x?", text)
    if match is None or not float(match[1]):
        msg = f"{text!r} is not how many times as fast, such as 3600x"
        raise click.BadParameter(msg)
    return float(match[1])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """refmail: a mail server that follows its RFCs, and breaks them on demand."""


@main.command()
@click.option(
    "--config", "path", type=click.Path(path_type=Path), help="One server, or a lab; without it, a small lab in memory."
)
@click.option("--example-lab", is_flag=True, help="Print a lab.toml to begin with, and exit.")
@click.option("--variant", "variants", multiple=True, help="Make this legal difference; may be repeated.")
@click.option("--mutant", "mutants", multiple=True, help="Make this mistake; may be repeated.")
@click.option("--seed", type=int, help="Seed of everything random in the server.")
@click.option(
    "--clock",
    callback=_factor,
    default="1x",
    metavar="FACTOR",
    help="Let the queue's time pass faster: 3600x, an hour a second.",
)
@click.option("--journal", type=click.Path(path_type=Path), help="Write what is done, and why, here as JSON lines.")
@click.option("--quiet", is_flag=True, help="Print no messages on their way.")
@click.option("--free-ports", is_flag=True, help="Let the kernel choose the ports of the small lab.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write ports and CA as JSON here when ready.")
@click.option("--ready-fd", type=int, help="Write the same to this file descriptor.")
def serve(
    *,
    path: Path | None,
    example_lab: bool,
    variants: tuple[str, ...],
    mutants: tuple[str, ...],
    seed: int | None,
    clock: float,
    journal: Path | None,
    quiet: bool,
    free_ports: bool,
    ready_file: Path | None,
    ready_fd: int | None,
) -> None:
    r"""Serve until Ctrl-C, and print the way of each message.

    Without --config: SMTP on port 2525, submission on 2587, IMAP on 2143,
    POP3 on 2110 and DNS on 2053, for alice and bob.

    \b
    What clients may take stands in [policy] of the configuration:
      connections, connections_per_address    connections at a time
      sessions_per_user                       logged in at a time
      commands, failed_logins                 in one session
      smtp_line, imap_line, pop3_line         octets of a command line
      message_size, recipients                of one message
      smtp_idle, imap_idle, pop3_idle         seconds without a whole line
      plaintext_login, plaintext_login_from   passwords without TLS

    A server that is started as root, and reached by other hosts, needs
    run_as = { user = "mail" } in its configuration: it listens and becomes
    that user. With stay_root = true it stays root.
    """
    if example_lab:
        from refmail.lab.config import example_lab as example

        click.echo(example(), nl=False)
        return
    # Importing makes many objects and no garbage: the collector rests until the server is ready.
    gc.disable()
    from refmail.serving import Wishes
    from refmail.serving import serve as run
    from refmail.store.api import StoreError
    from refmail.tomlfile import ConfigError

    wishes = Wishes(path, variants, mutants, seed, free_ports, clock, journal, ready_file, ready_fd, quiet)
    try:
        run(wishes)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from error
    except OSError as error:
        where = "--free-ports" if path is None else f"another port in {path}"
        hint = f"; stop what uses it, or take {where}" if "cannot listen" in str(error) else ""
        msg = f"{error.args[-1] if error.filename is None else error}{hint}"
        raise click.ClickException(msg) from error
    except StoreError as error:
        msg = f"{error}; name a folder that can be written as store.path"
        raise click.ClickException(msg) from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    finally:
        gc.enable()


@main.command("mutants")
def list_mutants() -> None:
    """List the mistakes that `serve --mutant` can make, and what each breaks."""
    from refmail import mutants

    for mutant in mutants.all_mutants():
        breaks = "nearly everything" if mutant.is_stupid else ", ".join(sorted(mutant.breaks))
        click.echo(f"{mutant.name}\n    {mutant.says}\n    breaks {breaks}")


@main.command("variants")
def list_variants() -> None:
    """List the legal differences that `serve --variant` can make."""
    from refmail import variants

    for variant in variants.all_variants():
        click.echo(f"{variant.name}\n    {variant.says}")


@main.command("hash")
@click.option("--scram", is_flag=True, help="Print SCRAM keys for `scram = [...]` too.")
def hash_password(*, scram: bool) -> None:
    """Read a password and print its hash for the configuration file."""
    from refmail.credentials import SCRAM_HASHES, ScramKeys
    from refmail.users import PasswordHash

    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        click.echo(PasswordHash.of(str(password).encode()).to_text())
        for mechanism in SCRAM_HASHES if scram else ():
            click.echo(ScramKeys.of(mechanism, str(password)).to_text())
    except ValueError as error:
        raise click.ClickException(str(error)) from error
