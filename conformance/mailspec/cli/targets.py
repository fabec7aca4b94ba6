"""From the options of a command line to a profile: a file, the quick form, or the embedded server."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailspec.cli.stop import Stop
from mailspec.target import ProfileError, load_profile
from mailspec.target.profile import SERVICES, Profile, ServiceName
from mailspec.target.write import Table, Value, profile_text

if TYPE_CHECKING:
    from mailspec.target.embedded import Listeners, StoreKind

__all__ = [
    "Asked",
    "Opened",
    "asked",
    "embedded_options",
    "exported",
    "host_and_port",
    "open_profile",
    "quick_profile",
    "target_options",
]

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line says about the target."""

    profile: Path | None = None
    services: Mapping[ServiceName, str] = field(default_factory=dict[ServiceName, str])
    users: Sequence[str] = ()
    password_env: Sequence[str] = ()
    tls: Sequence[str] = ()
    ca: Path | None = None
    no_verify: bool = False
    store: StoreKind | None = None
    listeners: Listeners | None = None

    @property
    def is_quick(self) -> bool:
        """Whether hosts are named instead of a profile."""
        return bool(self.services)

    def check(self, *, other_host: bool = False) -> None:
        """Refuse combinations that have no meaning.

        Args:
            other_host: whether the command names a host in another way.

        Raises:
            Stop: with what to change.
        """
        if self.profile is not None and self.is_quick:
            msg = "--target names a profile, so --smtp, --imap and the like belong into that file"
            raise Stop(msg)
        loose = [
            name
            for name, given in (
                ("--user", self.users),
                ("--password-env", self.password_env),
                ("--tls", self.tls),
                ("--ca", self.ca),
                ("--no-verify", self.no_verify),
            )
            if given
        ]
        if loose and not (self.is_quick or other_host):
            msg = f"{', '.join(loose)} go with --smtp, --submission, --lmtp, --pop3 or --imap"
            raise Stop(msg)
        self._check_embedded(other_host=other_host)
        if len(self.users) != len(self.password_env):
            message = f"{len(self.users)} --user and {len(self.password_env)} --password-env: each account needs both"
            raise Stop(message + "\n  --user alice@example.org --password-env ALICE_PASSWORD")

    def _check_embedded(self, *, other_host: bool) -> None:
        """Refuse what only the embedded server has, if another one is judged."""
        if (self.store or self.listeners) and (other_host or self.is_quick or self.profile is not None):
            msg = "--store and --listeners choose among the embedded server's; leave out the other target"
            raise Stop(msg)


@dataclass(frozen=True, slots=True)
class Opened:
    """A profile that can be used.

    Args:
        path: the file.
        profile: what it says.
        options: how `mailspec run` names this target again.
        embedded: whether it describes the embedded server.
    """

    path: Path
    profile: Profile
    options: str
    embedded: bool = False


def target_options(command: C) -> C:
    """Add the options that name a target."""
    where = "HOST[:PORT]"
    options = (
        click.option("--target", "profile", type=click.Path(path_type=Path), metavar="FILE", help="Profile (TOML)."),
        *(click.option(f"--{name}", metavar=where, help=f"Quick form: where {name} is.") for name in SERVICES),
        click.option("--user", "users", multiple=True, metavar="ADDRESS", help="Quick form: an account; repeatable."),
        click.option("--password-env", multiple=True, metavar="VAR", help="Variable with the password of each --user."),
        click.option("--tls", multiple=True, metavar="SERVICE=MODE", help="Quick form: none, starttls or implicit."),
        click.option("--ca", type=click.Path(path_type=Path), metavar="FILE", help="Quick form: authority to trust."),
        click.option("--no-verify", is_flag=True, help="Quick form: accept any certificate."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def embedded_options(command: C) -> C:
    """Add the options that choose among what the embedded server has."""
    stores = click.Choice(["maildir", "mbox", "memory"])
    ways = click.Choice(["clear", "starttls", "implicit"])
    command = click.option("--listeners", type=ways, help="Embedded server: how clients come in [clear].")(command)
    return click.option("--store", type=stores, help="Embedded server: how it keeps mail [maildir].")(command)


def asked(values: dict[str, Any], *, other_host: bool = False) -> Asked:
    """Take the options of `target_options` out of a command's keyword arguments; `other_host` as in `Asked.check`."""
    services: dict[ServiceName, str] = {name: where for name in SERVICES if (where := values.pop(name)) is not None}
    found = Asked(
        services=services,
        **{key: values.pop(key) for key in ("profile", "users", "password_env", "tls", "ca", "no_verify")},
        **{key: values.pop(key, None) for key in ("store", "listeners")},
    )
    found.check(other_host=other_host)
    return found


@contextlib.contextmanager
def open_profile(wanted: Asked, *, workers: int = 1) -> Generator[Opened]:
    """Give the profile that the options name, and remove what was made for it at the end.

    Raises:
        Stop: it cannot be used.
    """
    embedded = False
    with contextlib.ExitStack() as stack:
        if wanted.profile is not None:
            path, options = wanted.profile, f"--target {wanted.profile}"
        elif wanted.is_quick:
            folder = Path(tempfile.mkdtemp(prefix="mailspec-quick-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            path, options = folder / "target.toml", quick_options(wanted)
            path.write_text(profile_text(quick_profile(wanted)))
        else:
            path, options, embedded = stack.enter_context(_embedded(workers, wanted)), embedded_choice(wanted), True
        try:
            profile = load_profile(path)
        except ProfileError as error:
            raise Stop(str(error)) from error
        yield Opened(path, profile, options, embedded=embedded)


@contextlib.contextmanager
def _embedded(workers: int, wanted: Asked) -> Generator[Path]:
    from mailspec.suite.fixtures.lab import LAB_ADDRESS
    from mailspec.target.embedded import Embedded

    choice = Embedded(workers, store=wanted.store or "maildir", listeners=wanted.listeners or "clear")
    with choice as embedded, exported(LAB_ADDRESS, embedded.lab_address):
        yield embedded.profile


@contextlib.contextmanager
def exported(name: str, value: str) -> Generator[None]:
    """Set an environment variable for this process and its children, for a while."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def quick_profile(wanted: Asked) -> dict[str, Value | list[Table]]:
    """Return the profile that the quick form stands for.

    Raises:
        Stop: an option cannot be understood.
    """
    modes = _tls_modes(wanted)
    document: dict[str, Value | list[Table]] = {"name": name_of(wanted.services)}
    for name, where in wanted.services.items():
        host, port = host_and_port(where, f"--{name}")
        table: dict[str, Value] = {"host": host}
        if port is not None:
            table["port"] = port
        table["tls"] = modes.get(name) or ("implicit" if port in (465, 993, 995) else "none")
        if wanted.ca is not None:
            table["ca"] = str(wanted.ca.resolve())
        if wanted.no_verify:
            table["verify"] = False
        document[name] = table
    pairs = zip(wanted.users, wanted.password_env, strict=True)
    accounts: list[Table] = [{"address": user, "secret": {"env": variable}} for user, variable in pairs]
    if accounts:
        document["accounts"] = accounts
    return document


def name_of(services: Mapping[ServiceName, str]) -> str:
    """Return a name for a target of which only places are known: the host of the first service."""
    return host_and_port(next(iter(services.values())), "the first host")[0] if services else "target"


def quick_options(wanted: Asked) -> str:
    """Return the quick form's options as they were given."""
    words = [word for name, where in wanted.services.items() for word in (f"--{name}", where)]
    for user, variable in zip(wanted.users, wanted.password_env, strict=True):
        words += ["--user", user, "--password-env", variable]
    for mode in wanted.tls:
        words += ["--tls", mode]
    if wanted.ca is not None:
        words += ["--ca", str(wanted.ca)]
    if wanted.no_verify:
        words.append("--no-verify")
    return " ".join(words)


def host_and_port(text: str, option: str) -> tuple[str, int | None]:
    """Return host and port of HOST, HOST:PORT or [ADDRESS]:PORT.

    Raises:
        Stop: it is none of these.
    """
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        port = port.removeprefix(":") if closed else "?"
    elif text.count(":") > 1:
        # An IPv6 address without brackets has no room for a port.
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not host or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
        msg = f"{option} {text!r} is not HOST:PORT\n  for instance mail.example.org:143 or [2001:db8::1]:143"
        raise Stop(msg)
    return host, int(port) if port else None


def embedded_choice(wanted: Asked) -> str:
    """Return the embedded server's options as they were given."""
    words = ["--store", wanted.store] if wanted.store else []
    words += ["--listeners", wanted.listeners] if wanted.listeners else []
    return " ".join(words)


def _tls_modes(wanted: Asked) -> dict[str, str]:
    modes: dict[str, str] = {}
    for text in wanted.tls:
        name, _, mode = text.partition("=")
        if name not in SERVICES or mode not in ("none", "starttls", "implicit"):
            msg = f"--tls {text!r} is not SERVICE=MODE\n  for instance imap=starttls; modes: none, starttls, implicit"
            raise Stop(msg)
        if name not in wanted.services:
            msg = f"--tls {text}: there is no --{name}"
            raise Stop(msg)
        modes[name] = mode
    return modes
