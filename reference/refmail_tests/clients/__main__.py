"""`python -m refmail_tests.clients`: real mail clients, from Debian and PyPI, against refmail; arguments are pytest's.

Debian's clients come from a root file system in the cache, in namespaces that leave nothing behind; that needs root
on Linux. PyPI's come from an environment in the cache. What cannot be had is not run, and the reason is told.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mailspec.lab.servers import available, run_driver
from refmail_tests.clients.desk import ROOT_VARIABLE
from refmail_tests.clients.layer import ClientLayer
from refmail_tests.clients.venv import VENV_VARIABLE, ensure_environment, packages_folder

_HERE = Path(__file__).parent


def main(arguments: Sequence[str]) -> int:
    """Prepare, run the tests, and return pytest's exit code."""
    environment = _environment()
    reason = available()
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", str(_HERE), *arguments]
    if reason is not None:
        click.echo(f"Debian's clients: not run: {reason}")
        return subprocess.run(pytest, env={**os.environ, **environment}, check=False).returncode

    def command(profile: Path) -> Sequence[str]:
        scratch = profile.parent
        variables = {**environment, ROOT_VARIABLE: str(scratch / "root")}
        settings = [f"{name}={value}" for name, value in variables.items()]
        return ["env", *settings, *pytest, f"--basetemp={scratch}/tests"]

    return run_driver(ClientLayer(), command)


def _environment() -> dict[str, str]:
    """Return the variables by which the tests find PyPI's clients, and themselves."""
    paths = [str(_HERE.parents[1])]
    variables: dict[str, str] = {}
    try:
        folder = ensure_environment()
    except RuntimeError as error:
        click.echo(f"PyPI's clients: not run: {error}")
    else:
        variables[VENV_VARIABLE] = str(folder)
        paths.append(str(packages_folder(folder)))
    old = os.environ.get("PYTHONPATH")
    variables["PYTHONPATH"] = os.pathsep.join([*paths, *([old] if old else [])])
    return variables


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
