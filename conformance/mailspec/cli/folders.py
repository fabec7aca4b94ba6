"""Result folders: a fresh one for each run, and a pointer to the latest."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import datetime
from pathlib import Path

from mailspec.cli.stop import Stop
from mailspec.result import new_folder

__all__ = ["DEFAULT_PARENT", "LATEST", "point_latest", "result_folder"]

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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = any((folder / name).exists() for name in ("result.json", "result.jsonl", "pytest.log"))
    except OSError as error:
        msg = f"{folder} cannot be made: {error.strerror}\n  name another folder with --out"
        raise Stop(msg) from error
    if held:
        msg = f"{folder} already holds results\n  name another folder with --out, or remove it"
        raise Stop(msg)
    return folder


def point_latest(folder: Path) -> None:
    """Let `latest` beside a default result folder point to it; where links cannot be made, nothing points."""
    link = folder.parent / LATEST
    temporary = folder.parent / f".{LATEST}.{os.getpid()}"
    with contextlib.suppress(OSError):
        temporary.symlink_to(folder.name)
        temporary.replace(link)
