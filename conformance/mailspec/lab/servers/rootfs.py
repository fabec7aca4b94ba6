"""The minimal Debian under all servers: made once by debootstrap from this host's own mirror."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

from mailspec.lab.servers.aptconfig import host_settings, host_sources, mirror_of, proxies_of
from mailspec.lab.servers.cache import Cache, Stamp, recipe_hash
from mailspec.lab.servers.host import admin_environment, find_program
from mailspec.lab.servers.longrun import progress, run_logged
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["base_name", "codename", "ensure_base"]

#: Beyond the essential ones: /etc/services and protocols, trusted roots, and certificates' tool.
PACKAGES = ("ca-certificates", "netbase", "openssl")

#: Keeps packages from starting their daemons while they are installed (exit code 101: forbidden).
POLICY = "#!/bin/sh\nexit 101\n"
#: Files that debootstrap copies from this host, or that each start writes anew.
FRESH = {"etc/hostname": "", "etc/resolv.conf": "", "etc/hosts": "127.0.0.1 localhost\n", "etc/apt/sources.list": ""}


def codename() -> str:
    """Return the code name of this host's release, which is the one the servers get.

    Raises:
        ServerTrouble: the release has none.
    """
    try:
        release = platform.freedesktop_os_release()
    except OSError as error:
        msg = "this system has no os-release file"
        raise ServerTrouble(msg, "run mailspec on Debian") from error
    name = release.get("VERSION_CODENAME", "")
    if not name:
        msg = f"{release.get('PRETTY_NAME', 'this system')} has no release code name"
        raise ServerTrouble(msg, "run mailspec on a Debian release")
    return name


def base_name(release: str) -> str:
    """Return the name in the cache of the minimal system of a release."""
    return f"base-{release}-{platform.machine()}-{recipe_hash(release, PACKAGES, POLICY)}"


def ensure_base(cache: Cache, release: str) -> str:
    """Build the minimal system unless it is there, and return its name; to be used inside `cache.building`.

    Raises:
        ServerTrouble: it cannot be built.
    """
    name = base_name(release)
    if cache.stamp(name) is not None:
        return name
    settings = host_settings()
    environment = admin_environment({**proxies_of(settings, os.environ), "DEBIAN_FRONTEND": "noninteractive"})
    mirror = mirror_of(host_sources(release), release)
    log = cache.log(name)
    with cache.construction(name) as site, progress(f"building a minimal {release}", log):
        program = _debootstrap(site, environment)
        root = site / "root"
        command = [
            *("setpriv", "--pdeathsig", "KILL"),
            *("unshare", "--mount", "--pid", "--propagation", "private", "--fork", "--kill-child"),
            *(*program, "--variant=minbase", f"--include={','.join(PACKAGES)}", release, str(root), mirror),
        ]
        run_logged(
            command,
            log,
            environment,
            problem="debootstrap failed",
            remedy=f"look into {log}; does apt-get update work?",
        )
        _finish_root(root)
        cache.finish(name, site, Stamp())
    cache.forget_older(name)
    return name


def _debootstrap(site: Path, environment: dict[str, str]) -> list[str]:
    """Return how to run debootstrap; it is a shell script, so that an unpacked package serves where it is not installed."""
    if program := find_program("debootstrap"):
        return [program]
    folder = site / "debootstrap"
    folder.mkdir()
    with contextlib.suppress(LookupError):
        shutil.chown(folder, "_apt")  # apt drops to that user for downloads, and warns where it cannot write
    problem, remedy = "debootstrap is not installed, and cannot be fetched", "apt-get install debootstrap"
    log = site / "fetch.log"
    fetch = ["apt-get", "download", "debootstrap"]
    done = subprocess.run(
        fetch, cwd=folder, capture_output=True, env=environment, check=False, stdin=subprocess.DEVNULL
    )
    packages = list(folder.glob("debootstrap_*.deb"))
    if done.returncode != 0 or not packages:
        log.write_bytes(done.stdout + done.stderr)
        raise ServerTrouble(problem, f"apt-get update, then {remedy}", log)
    run_logged(["dpkg-deb", "-x", str(packages[0]), str(folder)], log, environment, problem=problem, remedy=remedy)
    return ["env", f"DEBOOTSTRAP_DIR={folder}/usr/share/debootstrap", f"{folder}/usr/sbin/debootstrap"]


def _finish_root(root: Path) -> None:
    for name, text in FRESH.items():
        (root / name).unlink(missing_ok=True)
        (root / name).write_text(text)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text(POLICY)
    policy.chmod(0o755)
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    for index in (root / "var/lib/apt/lists").iterdir():
        if index.is_file():
            index.unlink()
