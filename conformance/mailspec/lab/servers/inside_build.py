"""Process 1 of a build: mounts a root file system, runs the commands in it, and copies away what they changed.

Started by `namespace.py` as `python -m mailspec.lab.servers.inside_build ORDER CONTROL`.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from mailspec.lab.servers.chamber import furnish, mount, open_root, run_commands, write_files
from mailspec.lab.servers.control import die_with
from mailspec.lab.servers.orders import BuildOrder, load_order
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["build"]

#: Folders whose content is never part of a layer.
UNKEPT = ("var/lib/apt/lists", "var/cache/apt")


def build(order: BuildOrder) -> None:
    """Carry out a build order."""
    folder = Path(order.folder)
    socket.sethostname(order.hostname)
    root = open_root(folder, order.lower)
    furnish(root)
    for name in UNKEPT:
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / name))
    for inside, outside in order.shown.items():
        place = root / inside.lstrip("/")
        if Path(outside).is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
        mount("--bind", "-o", "ro", outside, str(place))
    write_files(root, order.files)
    run_commands(root, order.commands, Path(order.log), order.environment)
    # cp knows overlayfs' marks for removed files (device nodes) and replaced folders (extended attributes).
    done = subprocess.run(
        ["cp", "-a", f"{folder}/state/upper", order.destination], capture_output=True, check=False, text=True
    )
    if done.returncode != 0:
        shutil.rmtree(order.destination, ignore_errors=True)
        msg = f"the layer cannot be stored: {done.stderr.strip()}"
        raise ServerTrouble(msg, "look at the free disk space")


def main() -> int:
    """Read the order named on the command line and carry it out."""
    die_with(int(sys.argv[2]))
    try:
        build(load_order(Path(sys.argv[1]), BuildOrder))
    except ServerTrouble as trouble:
        print(trouble, file=sys.stderr)  # noqa: T201 - the user's terminal
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
