"""Postfix's smtp-source and smtp-sink: of this machine, or of Debian's package in the cache of `mailspec serve`.

Only these two programs are run, never Postfix itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Load", "PostfixTools", "postfix_tools"]

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
#: Where Debian has libraries, in the order in which they are searched.
_LIBRARIES = ("usr/lib/postfix", "usr/lib/{machine}-linux-gnu", "lib/{machine}-linux-gnu")
_LOADERS = ("lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of smtp-source sends."""

    messages: int
    #: Of one message.
    octets: int
    connections: int
    #: Whether a connection is used again for the next message.
    reused: bool


@dataclass(frozen=True, slots=True)
class PostfixTools:
    """How the two programs are run."""

    source: Sequence[str]
    sink: Sequence[str]

    def send(self, load: Load, port: int, recipient: str = "bench@bench.test") -> None:
        """Send a load to a server on the loopback and return when it is there.

        Raises:
            subprocess.CalledProcessError: the server has refused something.
        """
        options = ["-d"] if load.reused else []
        options += ["-s", str(load.connections), "-m", str(load.messages), "-l", str(load.octets)]
        options += ["-M", "source.bench.test", "-f", "sender@source.bench.test", "-t", recipient]
        subprocess.run([*self.source, *options, f"127.0.0.1:{port}"], check=True, stdin=subprocess.DEVNULL)

    def sink_command(self, port: int) -> list[str]:
        """Return the command line of a server that takes every message and keeps none."""
        # As root it insists on the name of another user.
        options = ["-u", "nobody"] if os.geteuid() == 0 else []
        return [*self.sink, *options, f"127.0.0.1:{port}", "256"]


@contextlib.contextmanager
def postfix_tools() -> Generator[PostfixTools]:
    """Find the programs; where they are not installed, Debian's package is put into a folder of its own (as root).

    Raises:
        mailspec.lab.servers.trouble.ServerTrouble: that is not possible here; it says why, and the remedy.
    """
    source, sink = (shutil.which(name, path=_PATH) for name in ("smtp-source", "smtp-sink"))
    if source and sink:
        yield PostfixTools([source], [sink])
        return
    from mailspec.lab.servers.start import installed

    with installed("postfix+dovecot") as roots:
        # By the loader of that Debian, with its libraries; the network stays this machine's.
        patterns = [pattern.format(machine=os.uname().machine) for pattern in _LIBRARIES]
        libraries = os.pathsep.join(str(root / pattern) for root in roots for pattern in patterns)
        run = [str(_first(roots, _LOADERS)), "--library-path", libraries]
        programs = (_first(roots, [f"usr/sbin/{name}"]) for name in ("smtp-source", "smtp-sink"))
        yield PostfixTools(*([*run, str(program)] for program in programs))


def _first(roots: Sequence[Path], names: Sequence[str]) -> Path:
    """Return the first of the files that exists."""
    return next(root / name for root in roots for name in names if (root / name).exists())
