"""A refmail in a process of its own, which can be killed at any moment and started again on the same files."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from refmail.users import PasswordHash

__all__ = ["PASSWORD", "ServerProcess", "Settings"]

PASSWORD = "secret"
#: Costs next to nothing: what is tested here is not how long a login takes.
_HASH = PasswordHash.of(PASSWORD.encode(), cost=2).to_text()

#: Seconds to wait for a server that starts or ends.
_PATIENCE = 20.0

_TEMPLATE = """\
hostname = "mail.faults.test"
domains = ["faults.test"]
{first}
{users}
[listeners]
{listeners}
[store]
{store}
[tls]
mode = "none"
{more}
"""


@dataclass(frozen=True)
class Settings:
    """What the server is configured with."""

    folder: Path
    users: tuple[str, ...]
    kind: str = "maildir"
    listeners: tuple[str, ...] = ("smtp", "imap", "pop3")
    #: What stands before any table of the configuration file.
    first: str = ""
    #: More tables of the configuration file, as they stand there.
    more: str = ""

    @property
    def mail(self) -> Path:
        """The folder of the store."""
        return self.folder / "mail"

    def write(self) -> Path:
        """Write the configuration file and return its path."""
        path = self.folder / "refmail.toml"
        store = f'kind = "{self.kind}"' + ("" if self.kind == "memory" else f"\npath = {json.dumps(str(self.mail))}")
        users = "".join(f'[[users]]\nname = "{name}"\nhash = "{_HASH}"\n' for name in self.users)
        listeners = "".join(f"{name} = {{}}\n" for name in self.listeners)
        path.write_text(
            _TEMPLATE.format(first=self.first, users=users, listeners=listeners, store=store, more=self.more)
        )
        return path


@dataclass
class ServerProcess:
    """Starts, kills and stops the server.

    Args:
        settings: its configuration.
        preexec: program and arguments in front of the server's, such as those of a namespace.
    """

    settings: Settings
    preexec: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict[str, int])
    #: Times that it was started.
    starts: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it listens.

        Raises:
            RuntimeError: it ended instead; the message holds what it said.
        """
        config = self.settings.write()
        reader, writer = os.pipe()
        try:
            with (self.settings.folder / "server.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        *self.preexec,
                        sys.executable,
                        "-m",
                        "refmail",
                        "serve",
                        "--quiet",
                        "--config",
                        str(config),
                        "--ready-fd",
                        str(writer),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(writer,),
                    cwd=self.settings.folder,
                )
        finally:
            os.close(writer)
        with os.fdopen(reader, "rb") as ready:
            line = ready.readline()
        if not line:
            self._process.wait(_PATIENCE)
            self._process = None
            msg = "the server did not start:\n" + (self.settings.folder / "server.log").read_text()[-2000:]
            raise RuntimeError(msg)
        self.ports = {name: place["port"] for name, place in json.loads(line)["listeners"].items()}
        self.starts += 1

    def kill(self) -> None:
        """End it by SIGKILL, at once."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait until it has; nothing where it does not run."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def connect(self, listener: str) -> socket.socket:
        """Open a connection to one of its services."""
        sock = socket.create_connection(("127.0.0.1", self.ports[listener]), timeout=_PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    @property
    def resident(self) -> int:
        """Octets of memory that it holds (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024
