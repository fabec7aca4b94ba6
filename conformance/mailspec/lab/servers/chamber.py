"""The root file system of a server, mounted and furnished. Runs as process 1 of fresh mount and pid namespaces.

All that changes is on tmpfs in a mount namespace of its own: it ends with the last process in it.
"""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mailspec.lab.servers.host import ADMIN_PATH, admin_environment
from mailspec.lab.servers.orders import Account, ConfigFile
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["add_accounts", "chroot", "furnish", "mount", "open_root", "run_commands", "write_files"]

#: Device nodes that daemons expect: name -> (major, minor), as Linux assigns them.
DEVICES: Mapping[str, tuple[int, int]] = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
#: Age in seconds that files are given: Postfix waits until its configuration has been left alone for two seconds.
SETTLED_SECONDS = 60
MAILDIR_FOLDERS = ("cur", "new", "tmp")


def mount(*arguments: str) -> None:
    """Mount something by the program of that name.

    Raises:
        ServerTrouble: it failed.
    """
    done = subprocess.run(["mount", *arguments], capture_output=True, check=False, env=admin_environment())
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        msg = f"mount {' '.join(arguments)} failed: {said}"
        raise ServerTrouble(msg, "the kernel needs overlayfs and tmpfs")


def open_root(folder: Path, lower: Sequence[str]) -> Path:
    """Mount a writable root file system over the folders `lower`, topmost first, and return it.

    The changes are in `folder`/state/upper, on tmpfs.
    """
    mount("-t", "proc", "proc", "/proc")
    state, root = folder / "state", folder / "root"
    state.mkdir()
    root.mkdir()
    mount("-t", "tmpfs", "-o", "mode=700", "tmpfs", str(state))
    upper, work = state / "upper", state / "work"
    upper.mkdir()
    work.mkdir()
    # The switches keep the upper layer usable as a lower one elsewhere, and as a plain folder.
    options = f"lowerdir={':'.join(lower)},upperdir={upper},workdir={work},index=off,redirect_dir=off,metacopy=off"
    mount("-t", "overlay", "-o", options, "overlay", str(root))
    return root


def furnish(root: Path) -> None:
    """Give a root file system /proc, /dev, /run and /tmp of its own."""
    mount("-t", "proc", "proc", str(root / "proc"))
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "run"))
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(root / "tmp"))
    mount("-t", "tmpfs", "-o", "mode=755,dev", "tmpfs", str(root / "dev"))
    (root / "run/lock").mkdir(mode=0o1777)
    for name, (major, minor) in DEVICES.items():
        os.mknod(root / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
        (root / "dev" / name).chmod(0o666)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(f"/proc/self/{target}")
    (root / "dev/shm").mkdir()
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(root / "dev/shm"))


def chroot(root: Path, command: str) -> list[str]:
    """Return the command line that runs a shell command with the new root."""
    return ["chroot", str(root), "/bin/sh", "-ec", command]


def run_commands(root: Path, commands: Iterable[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run shell commands with the new root, one after the other, their output appended to `log`.

    Raises:
        ServerTrouble: one of them failed; the message has the log's last lines.
    """
    clean = {"PATH": ADMIN_PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **(environment or {})}
    with log.open("ab", buffering=0) as output:
        for command in commands:
            output.write(f"+ {command}\n".encode())
            done = subprocess.run(
                chroot(root, command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=clean, check=False
            )
            if done.returncode != 0:
                first = command.splitlines()[0]
                msg = f"command failed with code {done.returncode}: {first}"
                raise ServerTrouble(msg, log=log)


def write_files(root: Path, files: Iterable[ConfigFile]) -> None:
    """Write configuration files, owners looked up in the new root."""
    users, groups = _numbers(root / "etc/passwd"), _numbers(root / "etc/group")
    written = time.time() - SETTLED_SECONDS
    for file in files:
        path = root / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=file.mode)
        path.write_text(file.text)
        path.chmod(file.mode)
        user, _, group = file.owner.partition(":")
        os.chown(path, users[user], groups[group])
        os.utime(path, (written, written))


def add_accounts(root: Path, accounts: Iterable[Account]) -> None:
    """Add system users with homes on tmpfs and an empty Maildir each."""
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "home"))
    with (root / "etc/passwd").open("a") as users, (root / "etc/group").open("a") as groups:
        for account in accounts:
            number = account.number
            users.write(f"{account.name}:x:{number}:{number}::{account.home}:/bin/sh\n")
            groups.write(f"{account.name}:x:{number}:\n")
            home = root / account.home.lstrip("/")
            home.mkdir(mode=0o755)
            os.chown(home, number, number)
            maildir = home / "Maildir"
            for folder in (maildir, *(maildir / name for name in MAILDIR_FOLDERS)):
                folder.mkdir(mode=0o700)
                os.chown(folder, number, number)


def _numbers(database: Path) -> dict[str, int]:
    """Return name -> number out of a passwd or group file; both have the number third."""
    rows = (line.split(":") for line in database.read_text().splitlines())
    return {row[0]: int(row[2]) for row in rows if len(row) > 2}
