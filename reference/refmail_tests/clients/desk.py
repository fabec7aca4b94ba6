"""A place for a Debian client to work at: a user, a folder of its own, and programs out of the clients' root."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Desk", "Done"]

#: Name of an environment variable: the root file system with the clients.
ROOT_VARIABLE = "MAILSPEC_CLIENTS_ROOT"
#: The user that the layer's start makes first.
USER, NUMBER = "alice", 2001
#: Seconds after which a client hangs.
HANGS = 20.0


@dataclass(frozen=True, slots=True)
class Done:
    """How a client ended."""

    code: int
    output: bytes
    errors: bytes

    def ok(self) -> Done:
        """Return it, and fail where the exit code is not 0.

        Raises:
            AssertionError: with what the client said.
        """
        assert self.code == 0, f"exit code {self.code}\n{self.told()}"
        return self

    def told(self) -> str:
        """Return everything the client said."""
        return (self.output + self.errors).decode(errors="replace")


class Desk:
    """A folder in the clients' root.

    Args:
        root: the root file system.
        name: of the folder, new.
        authority: PEM file that the clients shall trust; the copy is ca.pem.
    """

    def __init__(self, root: Path, name: str, authority: Path) -> None:
        self._root = root
        #: The folder as the client sees it.
        self.inside = f"/home/{USER}/{name}"
        #: The same as this process sees it.
        self.folder = root / self.inside.lstrip("/")
        self.folder.mkdir()
        os.chown(self.folder, NUMBER, NUMBER)
        self.write("ca.pem", authority.read_bytes())

    def write(self, name: str, content: str | bytes) -> str:
        """Write a file that only the user may read, as clients want files with passwords, and return its path inside."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.chown(path, NUMBER, NUMBER)
        return f"{self.inside}/{name}"

    def make_maildir(self, name: str) -> Path:
        """Make an empty Maildir."""
        path = self.folder / name
        for folder in (path, path / "cur", path / "new", path / "tmp"):
            folder.mkdir()
            os.chown(folder, NUMBER, NUMBER)
        return path

    def run(self, *command: str, text: bytes = b"", environment: Mapping[str, str] | None = None) -> Done:
        """Run a client to its end.

        Args:
            command: program and arguments.
            text: for its standard input.
            environment: beyond what every client gets.

        Raises:
            subprocess.TimeoutExpired: it hangs, and was killed.
        """
        done = subprocess.run(
            self._command(command, environment or {}), input=text, capture_output=True, timeout=HANGS, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def run_on_terminal(self, *command: str, environment: Mapping[str, str] | None = None) -> Done:
        """Run a client that wants a terminal; what it paints is in the output.

        Raises:
            AssertionError: it hangs, and was killed.
        """
        ours, theirs = pty.openpty()
        try:
            line = self._command(command, {"TERM": "xterm", **(environment or {})})
            # setsid makes the terminal its own: some clients open /dev/tty.
            process = subprocess.Popen(["setsid", "--ctty", *line], stdin=theirs, stdout=theirs, stderr=theirs)
        finally:
            os.close(theirs)
        painted = bytearray()
        deadline = time.monotonic() + HANGS
        try:
            while time.monotonic() < deadline:
                if select.select([ours], [], [], 0.1)[0]:
                    painted += os.read(ours, 65536)
        except OSError:
            pass  # the last process that had the terminal open has ended
        finally:
            os.close(ours)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            process.kill()
            process.wait()
        assert time.monotonic() < deadline, f"the client hangs; it painted {bytes(painted)!r}"
        return Done(process.returncode, bytes(painted), b"")

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)

    def _command(self, command: tuple[str, ...], environment: Mapping[str, str]) -> list[str]:
        values = {
            "HOME": self.inside,
            "USER": USER,
            "LOGNAME": USER,
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            **environment,
        }
        settings = [f"{name}={value}" for name, value in values.items()]
        chroot = ["chroot", f"--userspec={NUMBER}:{NUMBER}", str(self._root)]
        return [*chroot, "env", "-i", "-C", self.inside, *settings, *command]
