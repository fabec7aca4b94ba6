"""A listening socket and its connections, from start to a stop that ends within a bound."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable

from refmail.blueprint import WireFilter
from refmail.machine import Machine
from refmail.services import Listener, Peer
from refmail.transport.connection import Connection, Workshop
from refmail.transport.link import Link

__all__ = ["PortListener"]


class PortListener:
    """Accepts connections of one service.

    Args:
        name: which service this is.
        make_machine: makes the session of a connection.
        make_filters: makes its wire filters.
        workshop: what connections share.
        implicit_tls: for TLS from the first octet, else None.
    """

    def __init__(
        self,
        name: Listener,
        make_machine: Callable[[Peer], Machine],
        make_filters: Callable[[], Iterable[WireFilter]],
        workshop: Workshop,
        implicit_tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name: Listener = name
        self._make_machine = make_machine
        self._make_filters = make_filters
        self._workshop = workshop
        self._implicit_tls = implicit_tls
        self._server: asyncio.Server | None = None
        self._running: dict[asyncio.Task[None], Connection] = {}

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (which the kernel chose where `port` is 0).

        Raises:
            OSError: the address is in use or not allowed; the message names it.
        """
        try:
            self._server = await asyncio.get_running_loop().create_server(lambda: Link(self._accept), host, port)
        except OSError as error:
            msg = f"{self.name} cannot listen on {host} port {port}: {error.strerror or error}"
            raise OSError(error.errno, msg) from error
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    def _accept(self, link: Link) -> None:
        remote = link.transport.get_extra_info("peername")
        local = link.transport.get_extra_info("sockname")
        if not remote or not local:
            # It was reset before it was ours.
            link.abort()
            return
        peer = Peer(remote[0], remote[1], local[0], local[1], self.name, tls=self._implicit_tls is not None)
        try:
            machine, filters = self._make_machine(peer), tuple(self._make_filters())
        except Exception as error:  # noqa: BLE001 - a session that cannot even begin must not keep its socket
            self._workshop.journal.fault("transport.fault", error)
            link.abort()
            return
        connection = Connection(machine, link, self._workshop, filters, self._implicit_tls)
        task = asyncio.get_running_loop().create_task(connection.run(), name=f"refmail {self.name} {remote[1]}")
        self._running[task] = connection
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._workshop.journal.fault("transport.fault", error)

    async def stop(self, grace: float) -> None:
        """Stop listening, let sessions say goodbye, and end what is left after `grace` seconds."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._running)
        for connection in self._running.values():
            connection.request_stop()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=grace)
