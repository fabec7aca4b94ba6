"""A server on a thread of its own, for tests and for the harness."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from refmail.blueprint import Blueprint
from refmail.config import Config, demo_config
from refmail.journal import Journal
from refmail.queue.clock import QueueClock
from refmail.server import Server
from refmail.services import Listener, Services

__all__ = ["ServerThread"]


class ServerThread:
    """Runs a server from `start` (or `with`) until `stop`.

    Args:
        config: with port 0 for ports that the kernel chooses; `demo_config` where None.
        blueprint: its parts, for mutants and variants.
        queue_clock: the queue's own time, such as a `FastClock` or a `HandClock`; real time where None.
    """

    def __init__(
        self,
        config: Config | None = None,
        blueprint: Blueprint | None = None,
        *,
        queue_clock: QueueClock | None = None,
    ) -> None:
        self._config = config or demo_config(fixed_ports=False)
        self._blueprint = blueprint
        self._queue_clock = queue_clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> Self:
        """Start and return when all listeners are open.

        Raises:
            OSError, ValueError: it cannot be started, and nothing runs.
        """
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_run, args=(loop,), name="refmail", daemon=True)
        thread.start()
        self._loop, self._thread = loop, thread
        try:
            self._server = asyncio.run_coroutine_threadsafe(self._start(), loop).result()
        except BaseException:
            self.stop()
            raise
        return self

    async def _start(self) -> Server:
        server = Server(self._config, self._blueprint, queue_clock=self._queue_clock)
        await server.start()
        server.warm_up()
        return server

    def stop(self, grace: float = 3.0) -> None:
        """Stop the server and its thread; may be called again."""
        loop, thread, server = self._loop, self._thread, self._server
        self._loop = self._thread = self._server = None
        if loop is not None and thread is not None:
            try:
                if server is not None:
                    asyncio.run_coroutine_threadsafe(server.stop(grace), loop).result()
            finally:
                loop.call_soon_threadsafe(loop.stop)
                thread.join()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which the server runs; hand it coroutines with `asyncio.run_coroutine_threadsafe`.

        Raises:
            RuntimeError: the server does not run.
        """
        if self._loop is None:
            msg = "the server does not run; use it in a `with` block or call start()"
            raise RuntimeError(msg)
        return self._loop

    @property
    def server(self) -> Server:
        """The running server.

        Raises:
            RuntimeError: it does not run.
        """
        if self._server is None:
            msg = "the server does not run; use it in a `with` block or call start()"
            raise RuntimeError(msg)
        return self._server

    @property
    def ports(self) -> dict[Listener, int]:
        """Port of each listener."""
        return self.server.ports

    @property
    def services(self) -> Services:
        """What the sessions use; the store among it."""
        return self.server.services

    @property
    def journal(self) -> Journal:
        """What the server did."""
        return self.server.journal

    @property
    def ca_file(self) -> Path | None:
        """A PEM file that vouches for the server's certificate; None where it is not a lab certificate."""
        pem = self.server.authority_pem
        if pem is None:
            return None
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="refmail-")
        path = Path(self._folder.name) / "ca.pem"
        if not path.exists():
            path.write_bytes(pem)
        return path


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped, then end what is left on it."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
