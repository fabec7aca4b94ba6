"""The environment with PyPI's mail clients, kept in the cache under a name that tells its versions."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from mailspec.lab.servers.host import cache_folder

__all__ = ["VENV_VARIABLE", "ensure_environment", "packages_folder", "program"]

#: Name of an environment variable: the environment with the clients.
VENV_VARIABLE = "MAILSPEC_CLIENTS_VENV"
LOCK = Path(__file__).parent / "pypi.lock"


def ensure_environment() -> Path:
    """Make the environment unless it is there, and return its folder.

    Raises:
        RuntimeError: it cannot be made; the message has the reason.
    """
    lock = LOCK.read_bytes()
    version = ".".join(map(str, sys.version_info[:3]))
    name = f"pypi-clients-{version}-{hashlib.sha256(lock + sys.prefix.encode()).hexdigest()[:12]}"
    folder = _cache() / name
    stamp = folder / "complete"
    if stamp.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", str(LOCK)]
    _run([str(folder / "bin" / "python"), "-m", "pip", *install])
    stamp.touch()
    return folder


def packages_folder(environment: Path) -> Path:
    """Return where the environment has its packages."""
    (found,) = environment.glob("lib/python3*/site-packages")
    return found


def program(name: str, variables: Mapping[str, str] = os.environ) -> Path | None:
    """Return the path of a program in the environment, or None where there is no environment."""
    folder = variables.get(VENV_VARIABLE)
    return Path(folder) / "bin" / name if folder else None


def _cache() -> Path:
    wanted = cache_folder()
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError:
        wanted = Path.home() / ".cache" / "mailspec"
        wanted.mkdir(parents=True, exist_ok=True)
    return wanted if os.access(wanted, os.W_OK) else Path.home() / ".cache" / "mailspec"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        msg = f"{' '.join(command[:4])} failed: {lines[-1] if lines else 'it said nothing'}"
        raise RuntimeError(msg)
