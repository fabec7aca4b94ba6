"""The SMTP servers that are measured: refmail with two stores, aiosmtpd, what asyncio alone costs, and smtp-sink, each a process of its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from refmail_bench.processes import free_port, listening
from refmail_bench.smtp_tools import PostfixTools

__all__ = ["Contender", "contenders", "running"]


@dataclass(frozen=True, slots=True)
class Contender:
    """A server: its name in the table, and its command line, given a port and an empty folder."""

    name: str
    command: Callable[[int, Path], list[str]]


def contenders(tools: PostfixTools) -> list[Contender]:
    """Return the servers in the order of the table."""
    return [
        Contender("refmail memory", lambda port, folder: _refmail(port, folder, 'kind = "memory"')),
        Contender(
            "refmail Maildir",
            lambda port, folder: _refmail(port, folder, f'kind = "maildir"\npath = "{folder / "store"}"'),
        ),
        Contender("aiosmtpd drops", lambda port, _folder: _aiosmtpd(port, "drop")),
        Contender("aiosmtpd keeps", lambda port, _folder: _aiosmtpd(port, "keep")),
        Contender("asyncio floor", lambda port, _folder: _asyncio_floor(port)),
        Contender("smtp-sink", lambda port, _folder: tools.sink_command(port)),
    ]


def _refmail(port: int, folder: Path, store: str) -> list[str]:
    config = folder / "refmail.toml"
    config.write_text(
        'hostname = "mx.bench.test"\ndomains = ["bench.test"]\n'
        '[[users]]\nname = "bench"\npassword = "secret"\n'
        f'[listeners.smtp]\nhost = "127.0.0.1"\nport = {port}\n'
        f"[store]\n{store}\n"
    )
    return [sys.executable, "-m", "refmail", "serve", "--quiet", "--config", str(config)]


def _aiosmtpd(port: int, what: str) -> list[str]:
    return [sys.executable, "-m", "refmail_bench.aiosmtpd_server", str(port), what]


def _asyncio_floor(port: int) -> list[str]:
    return [sys.executable, "-m", "refmail_bench.asyncio_floor", str(port)]


@contextlib.contextmanager
def running(contender: Contender, folder: Path) -> Generator[tuple[int, int]]:
    """Run a server on a free port; give its process id and the port."""
    port = free_port()
    with listening(contender.command(port, folder), port) as pid:
        yield pid, port
