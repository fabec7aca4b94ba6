"""Result folders: a fresh one for each run, and a pointer to the latest."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import datetime
from pathlib import Path

from mailspec.cli.stop import Stop
from mailspec.result import new_folder

__all__ = ["DEFAULT_PARENT", "LATEST", "point_latest", "refuse_used", "result_folder"]

#: Where runs leave their results unless told otherwise, relative to the working directory.
DEFAULT_PARENT = Path("mailspec-results")

#: Name of the pointer beside the result folders.
LATEST = "latest"


def result_folder(wanted: Path | None, target: str, now: datetime) -> Path:
    """Make the folder for a run's results.

    Args:
        wanted: what --out says; it must hold no results.
        target: name of the target, for the default's name.
        now: when the run starts.

    Raises:
        Stop: it cannot be made, or holds results already.
    """
    folder = wanted
    if folder is None:
        stamped = new_folder(DEFAULT_PARENT, now)
        slug = re.sub(r"[^A-Za-z0-9.-]+", "-", target).strip("-.") or "target"
        folder = stamped.with_name(f"{stamped.name}-{slug}")
        number = 1
        while folder.exists():
            number += 1
            folder = stamped.with_name(f"{stamped.name}-{slug}-{number}")
    refuse_used(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _impossible(folder, error) from error
    return folder


def refuse_used(folder: Path | None) -> None:
    """Make sure that a folder holds no results, before anything is started; None stands for a fresh one.

    Raises:
        Stop: it does, or is no folder.
    """
    if folder is None:
        return
    try:
        held = any((folder / name).exists() for name in ("result.json", "result.jsonl", "pytest.log"))
    except OSError as error:
        raise _impossible(folder, error) from error
    if held:
        msg = f"{folder} already holds results\n  name another folder with --out, or remove it"
        raise Stop(msg)
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is no folder\n  name another one with --out"
        raise Stop(msg)


def _impossible(folder: Path, error: OSError) -> Stop:
    return Stop(f"{folder} cannot be made: {error.strerror}\n  name another folder with --out")


def point_latest(folder: Path) -> None:
    """Let `latest` beside a default result folder point to it; where links cannot be made, nothing points."""
    link = folder.parent / LATEST
    temporary = folder.parent / f".{LATEST}.{os.getpid()}"
    with contextlib.suppress(OSError):
        temporary.symlink_to(folder.name)
        temporary.replace(link)
