"""The layer of a server: what installing its packages changes in the minimal system."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mailspec.lab.servers.aptconfig import host_settings, host_sources, proxies_of
from mailspec.lab.servers.cache import Cache, Stamp, recipe_hash
from mailspec.lab.servers.driver import HOSTNAME, Driver
from mailspec.lab.servers.longrun import progress
from mailspec.lab.servers.namespace import Inside
from mailspec.lab.servers.orders import BuildOrder, ConfigFile, save_order
from mailspec.lab.servers.rootfs import base_name
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["ensure_layer", "installed_versions", "layer_name"]

#: Folder for what is needed while building; /run is on tmpfs, so that none of it is stored.
WORK = "/run/mailspec-build"
#: Keys of repositories on this host: folder -> the same inside. All that this host trusts may sign.
KEY_FOLDERS = ("/etc/apt/trusted.gpg.d", "/usr/share/keyrings", "/etc/apt/keyrings")
KEY_SUFFIXES = (".gpg", ".asc")


def layer_name(driver: Driver, release: str) -> str:
    """Return the name in the cache of a driver's layer."""
    recipe = recipe_hash(base_name(release), driver.packages, driver.preseed, driver.setup)
    return f"layer-{driver.name}-{recipe}"


def ensure_layer(cache: Cache, driver: Driver, release: str) -> str:
    """Install the driver's packages unless that has been done, and return the layer's name.

    To be used inside `cache.building`, with the base complete.

    Raises:
        ServerTrouble: the installation failed.
    """
    name = layer_name(driver, release)
    if cache.stamp(name) is not None:
        return name
    log = cache.log(name)
    settings = host_settings()
    with (
        cache.construction(name) as site,
        cache.scratch() as scratch,
        progress(f"installing {driver.name}", log),
    ):
        order = BuildOrder(
            folder=str(scratch),
            hostname=HOSTNAME,
            lower=(str(cache.root(base_name(release))),),
            files=_work_files(driver, release, settings),
            commands=_commands(driver),
            shown={**_shown(), "/etc/hosts": str(_hosts(scratch))},
            environment={
                **proxies_of(settings, os.environ),
                "DEBIAN_FRONTEND": "noninteractive",
                "APT_CONFIG": f"{WORK}/apt.conf",
            },
            destination=str(site / "root"),
            log=str(log),
        )
        save_order(order, scratch / "order.json")
        with Inside("mailspec.lab.servers.inside_build", scratch / "order.json", network=False) as inside:
            code = inside.wait()
        if code != 0:
            msg = f"{driver.name} cannot be installed"
            raise ServerTrouble(msg, f"look into {log}; does apt-get update work on this host?")
        status = (site / "root/var/lib/dpkg/status").read_text()
        cache.finish(name, site, Stamp(versions=installed_versions(status, driver.packages)))
    cache.forget_older(name)
    return name


def installed_versions(status: str, packages: Iterable[str]) -> dict[str, str]:
    """Return version by package, out of the text of dpkg's status file."""
    wanted = set(packages)
    found: dict[str, str] = {}
    for block in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Package") in wanted:
            found[fields["Package"]] = fields.get("Version", "")
    return found


def _work_files(driver: Driver, release: str, settings: Sequence[str]) -> tuple[ConfigFile, ...]:
    apt = [
        *settings,
        f'Dir::Etc::SourceList "{WORK}/sources.list";',
        'Dir::Etc::SourceParts "/dev/null";',
        f'Dir::Etc::TrustedParts "{WORK}/keys";',
        'APT::Install-Recommends "false";',
        'Acquire::Languages "none";',
    ]
    lines = [source.line for source in host_sources(release)]
    files = [
        ConfigFile(path=f"{WORK}/apt.conf", text="\n".join(apt) + "\n"),
        ConfigFile(path=f"{WORK}/sources.list", text="\n".join(lines) + "\n"),
        ConfigFile(path=f"{WORK}/preseed", text="".join(f"{line}\n" for line in driver.preseed)),
    ]
    return tuple(files)


def _commands(driver: Driver) -> tuple[str, ...]:
    return (
        f"debconf-set-selections < {WORK}/preseed",
        "apt-get -q update",
        f"apt-get -q -y install {' '.join(driver.packages)}",
        *driver.setup,
    )


def _hosts(scratch: Path) -> Path:
    """Write the hosts file for a build: mirrors may stand in this host's, and some packages wait for their own name."""
    path, own = scratch / "hosts", Path("/etc/hosts")
    path.write_text(f"127.0.0.1 {HOSTNAME} localhost\n" + (own.read_text() if own.exists() else ""))
    return path


def _shown() -> dict[str, str]:
    """Return the host's files that are visible inside meanwhile: path inside -> path on the host."""
    shown = {path: path for path in ("/etc/resolv.conf",) if Path(path).exists()}
    for folder in KEY_FOLDERS:
        for key in sorted(Path(folder).glob("*")):
            if key.suffix in KEY_SUFFIXES:
                shown.setdefault(f"{WORK}/keys/{key.name}", str(key))
    return shown
