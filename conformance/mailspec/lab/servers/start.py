"""Starting a real server, and running a command beside it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import FrameType

import trustme

from mailspec.lab.servers import host
from mailspec.lab.servers.cache import Cache
from mailspec.lab.servers.description import title_of, write_profile
from mailspec.lab.servers.driver import ACCOUNT_NAMES, CERTIFICATE, HOSTNAME, KEY, Driver, Site
from mailspec.lab.servers.inside_run import EXIT_NOT_STARTED
from mailspec.lab.servers.layers import ensure_layer, layer_name
from mailspec.lab.servers.longrun import tell
from mailspec.lab.servers.namespace import Inside, handling, interrupts
from mailspec.lab.servers.orders import Account, ConfigFile, RunOrder, save_order
from mailspec.lab.servers.registry import driver_named
from mailspec.lab.servers.rootfs import base_name, codename, ensure_base
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["available", "installed", "run_beside", "run_driver", "run_in_server"]

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
#: Seconds for all ports of a server to answer, on a slow machine.
READY_SECONDS = 30.0
#: User number of the first account.
FIRST_NUMBER = 2001
#: Name of an environment variable: file that the server's syslog is copied to at the end.
KEEP_LOG = "MAILSPEC_SERVER_LOG"


def available() -> str | None:
    """Return why no real server can run on this machine, with the remedy, or None where one can."""
    return host.missing()


def run_in_server(name: str, arguments: list[str]) -> int:
    """Start a server and run `mailspec run ARGUMENTS...` on it, in its network namespace.

    Args:
        name: one of `names()`, or an unambiguous beginning.
        arguments: for `mailspec run`, without a target.

    Returns:
        The exit code of that run; 2 where there is no such server, 3 where it cannot be built or started, 130 where
        it was interrupted before the run began.
    """
    return run_beside(
        name, lambda profile: [sys.executable, "-m", "mailspec", "run", "--target", str(profile), *arguments]
    )


def run_beside(name: str, command: Callable[[Path], Sequence[str]]) -> int:
    """Start a server, run a command beside it, stop the server, and return the command's exit code.

    The command sees this machine's file system and the server's network; the server's files are below `root` in the
    profile's folder. Nothing is left behind when it ends, however it ends.

    Args:
        name: one of `names()`, or an unambiguous beginning.
        command: given the path of the target profile, returns the command line.
    """
    try:
        driver = driver_named(name)
    except ServerTrouble as trouble:
        tell(str(trouble))
        return EXIT_USAGE
    return run_driver(driver, command)


def run_driver(driver: Driver, command: Callable[[Path], Sequence[str]]) -> int:
    """Do what `run_beside` does with a driver that has no name in the registry."""
    try:
        with handling(_raise_interrupt):
            return _run(driver, command)
    except ServerTrouble as trouble:
        tell(str(trouble))
        return EXIT_NOT_STARTED
    except KeyboardInterrupt:
        tell("interrupted")
        return EXIT_INTERRUPTED


def _run(driver: Driver, command: Callable[[Path], Sequence[str]]) -> int:
    release = codename() if sys.platform == "linux" else ""
    cache = Cache(host.cache_folder()) if release and os.geteuid() == 0 else None
    complete = cache is not None and _complete(cache, driver, release)
    if reason := host.missing(build=not complete):
        raise ServerTrouble(reason)
    assert cache is not None
    with _installed(cache, driver, release), cache.scratch() as folder:
        versions = cache.stamp(layer_name(driver, release))
        title = title_of(driver, release, versions.versions if versions else {})
        order = _order(cache, driver, release, folder, title, command)
        save_order(order, folder / "order.json")
        with (
            Inside("mailspec.lab.servers.inside_run", folder / "order.json", network=True) as inside,
            interrupts(inside),
        ):
            code = inside.wait()
        if keep := os.environ.get(KEEP_LOG):
            shutil.copyfile(order.syslog, keep)
        return code


def _complete(cache: Cache, driver: Driver, release: str) -> bool:
    return all(cache.stamp(name) is not None for name in (base_name(release), layer_name(driver, release)))


@contextlib.contextmanager
def installed(name: str) -> Generator[Sequence[Path]]:
    """Give the root folders of a server that is installed and not run: its own layer, and the system below it.

    Args:
        name: one of `names()`, or an unambiguous beginning.

    Raises:
        ServerTrouble: it is not installed, and cannot be; the message says why.
    """
    driver = driver_named(name)
    release = codename()
    cache = Cache(host.cache_folder())
    if not _complete(cache, driver, release) and (reason := host.missing(build=True)):
        raise ServerTrouble(reason)
    with _installed(cache, driver, release):
        yield [cache.root(each) for each in (layer_name(driver, release), base_name(release))]


@contextlib.contextmanager
def _installed(cache: Cache, driver: Driver, release: str) -> Generator[None]:
    """Build what is missing, and keep it in place while the block runs."""
    with cache.used(base_name(release)), cache.used(layer_name(driver, release)):
        if not _complete(cache, driver, release):
            with cache.building():
                ensure_base(cache, release)
                ensure_layer(cache, driver, release)
        yield


def _order(
    cache: Cache, driver: Driver, release: str, folder: Path, title: str, command: Callable[[Path], Sequence[str]]
) -> RunOrder:
    accounts = tuple(
        Account(name=name, number=FIRST_NUMBER + index, secret=secrets.token_hex(12))
        for index, name in enumerate(ACCOUNT_NAMES)
    )
    site = Site(accounts)
    profile = write_profile(folder, driver, title, accounts)
    syslog = folder / "syslog"
    syslog.touch()
    return RunOrder(
        folder=str(folder),
        lower=tuple(str(cache.root(name)) for name in (layer_name(driver, release), base_name(release))),
        title=driver.name,
        hostname=HOSTNAME,
        accounts=accounts,
        files=(*_certificates(folder, driver), *driver.files(site)),
        commands=tuple(driver.start),
        address=driver.address,
        ports=tuple(driver.ports),
        ready_within=READY_SECONDS,
        command=tuple(command(profile)),
        log=str(folder / "start.log"),
        syslog=str(syslog),
    )


def _certificates(folder: Path, driver: Driver) -> tuple[ConfigFile, ...]:
    """Make a CA, whose certificate goes into `folder`, and the server's certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert(HOSTNAME, "localhost", driver.address)
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems).decode()
    key = issued.private_key_pem.bytes().decode()
    return (
        ConfigFile(path=CERTIFICATE, text=chain),
        ConfigFile(path=KEY, text=key, mode=0o600),
    )


def _raise_interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
