"""What this machine must have before a real server can run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["ADMIN_PATH", "NAMESPACE_PROGRAMS", "admin_environment", "cache_folder", "find_program", "missing"]

#: Where administrators' programs are, whatever the caller's PATH says; also the PATH inside the servers.
ADMIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: Programs needed at every start, with the package that has them.
NAMESPACE_PROGRAMS: Mapping[str, str] = {
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "chroot": "coreutils",
}
#: Programs needed to build a root file system or a layer.
BUILD_PROGRAMS: Mapping[str, str] = {"apt-get": "apt", "apt-config": "apt", "dpkg": "dpkg", "dpkg-deb": "dpkg"}

#: Seconds after which the trial of the namespaces counts as failed.
TRIAL_SECONDS = 10.0


def find_program(name: str) -> str | None:
    """Return the path of a program, also where PATH lacks the administrators' folders, or None."""
    return shutil.which(name) or shutil.which(name, path=ADMIN_PATH)


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder that keeps root file systems and layers: below XDG_CACHE_HOME, or in /var/cache."""
    base = environment.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path("/var/cache")) / "mailspec"


def admin_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with a PATH that has the administrators' programs, plus `extra`."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": f"{path}:{ADMIN_PATH}" if path else ADMIN_PATH, **(extra or {})}


def missing(
    *,
    build: bool = True,
    platform: str = sys.platform,
    user: int | None = None,
    find: Callable[[str], str | None] = find_program,
    trial: Callable[[Sequence[str]], str | None] | None = None,
) -> str | None:
    """Return why no real server can run here, with the remedy, or None where one can.

    Args:
        build: whether something is still to be built, which needs more programs.
        platform: as `sys.platform` has it.
        user: the effective user id, None for this process's own.
        find: how programs are found.
        trial: runs a command and returns its error output, or None where it worked.
    """
    if platform != "linux":
        return f"real servers need Linux namespaces, and this is {platform}; run mailspec on Linux, or in a Linux VM"
    if (os.geteuid() if user is None else user) != 0:
        return "real servers need root (namespaces, mounts, ports below 1024); run the same command with sudo"
    wanted = {**NAMESPACE_PROGRAMS, **(BUILD_PROGRAMS if build else {})}
    lacking = {name: package for name, package in wanted.items() if find(name) is None}
    if "apt-get" in lacking:
        return "real servers are installed with apt-get, which is missing; run mailspec on Debian or a relative of it"
    if lacking:
        packages = " ".join(sorted(set(lacking.values())))
        return f"missing programs: {', '.join(lacking)}; install them: apt-get install {packages}"
    problem = (trial or _try)(
        ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--propagation", "private", "true"]
    )
    if problem is not None:
        return f"this system does not let root make namespaces ({problem}); in a container, start it with --privileged"
    return None


def _try(command: Sequence[str]) -> str | None:
    program = find_program(command[0])
    assert program is not None
    try:
        done = subprocess.run(
            [program, *command[1:]], capture_output=True, timeout=TRIAL_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
