"""The servers that are measured, as processes of this program, and what the kernel knows of them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Server", "cpu_seconds", "free_port", "listening", "peak_octets", "pymap", "pymap_program", "refmail"]

_READY_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
#: Pinned, so that figures from different days are about the same thing.
_PYMAP = "pymap==0.36.7"


@dataclass(frozen=True, slots=True)
class Server:
    """One that answers."""

    name: str
    imap: tuple[str, int]
    pop3: tuple[str, int] | None
    login: bytes
    secret: bytes
    #: None where it is no process of ours.
    pid: int | None = None


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_octets(pid: int) -> int:
    """Return the most memory that a process has had resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


@contextlib.contextmanager
def refmail(root: Path, folder: Path, *, profile: Path | None = None) -> Generator[Server]:
    """Run refmail over the Maildirs below `root`, the user's name being "bench".

    Args:
        root: the store's path.
        folder: for the configuration.
        profile: where to write the profile of the server's main loop and threads, if anywhere.
    """
    imap, pop3 = free_port(), free_port()
    config = folder / "refmail.toml"
    config.write_text(
        f'hostname = "mx.bench.test"\ndomains = ["bench.test"]\n'
        f'[[users]]\nname = "bench"\npassword = "secret"\n'
        f'[listeners.imap]\nhost = "127.0.0.1"\nport = {imap}\n'
        f'[listeners.pop3]\nhost = "127.0.0.1"\nport = {pop3}\n'
        f'[store]\nkind = "maildir"\npath = "{root}"\n'
    )
    module = ["refmail"] if profile is None else ["refmail_bench.profiled", str(profile)]
    command = [sys.executable, "-m", *module, "serve", "--quiet", "--config", str(config)]
    with listening(command, imap) as pid:
        yield Server("refmail", ("127.0.0.1", imap), ("127.0.0.1", pop3), b"bench", b"secret", pid)


def pymap_program(folder: Path) -> Path:
    """Install pymap into a virtual environment of its own, unless it is there, and return the program."""
    program = folder / "bin" / "pymap"
    if not program.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", _PYMAP], check=True)
    return program


@contextlib.contextmanager
def pymap(program: Path) -> Generator[Server]:
    """Run pymap with its dict store, which is empty."""
    port = free_port()
    options = ["--no-tls", "--no-service", "admin", "--no-service", "managesieve", "--host", "127.0.0.1"]
    command = [str(program), *options, "--port", str(port), "dict", "--demo-user", "bench", "--demo-password", "secret"]
    with listening(command, port) as pid:
        yield Server("pymap", ("127.0.0.1", port), None, b"bench", b"secret", pid)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def listening(command: list[str], port: int) -> Generator[int]:
    """Run a server until the end of the block; give its process id when the port takes connections."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                msg = f"{command[0]} does not answer on port {port}; exit code {process.poll()}"
                raise RuntimeError(msg)
            time.sleep(0.02)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
