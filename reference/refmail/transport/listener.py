"""A listening socket and its connections, from start to a stop that ends within a bound."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence

from refmail.blueprint import WireFilter
from refmail.machine import Machine
from refmail.services import Listener, Peer
from refmail.transport.connection import Connection, Workshop
from refmail.transport.link import Link, make_buffer

__all__ = ["PortListener"]

_SMTP_FULL = b"421 %s has too many connections, try again later\r\n"
#: What a connection too many is told before it is closed (RFC 5321 section 4.2, RFC 3501 section 7.1.5, RFC 1939).
_FULL: Mapping[Listener, bytes] = {
    "smtp": _SMTP_FULL,
    "submission": _SMTP_FULL,
    "lmtp": _SMTP_FULL,
    "pop3": b"-ERR %s has too many connections, try again later\r\n",
    "imap": b"* BYE %s has too many connections, try again later\r\n",
}


class PortListener:
    """Accepts connections of one service.

    Args:
        name: which service this is.
        make_machine: makes the session of a connection.
        make_filters: makes its wire filters.
        workshop: what connections share.
        implicit_tls: whether TLS begins with the first octet.
    """

    def __init__(
        self,
        name: Listener,
        make_machine: Callable[[Peer], Machine],
        make_filters: Callable[[], Iterable[WireFilter]],
        workshop: Workshop,
        *,
        implicit_tls: bool = False,
    ) -> None:
        self.name: Listener = name
        self._make_machine = make_machine
        self._make_filters = make_filters
        self._workshop = workshop
        self._implicit_tls = implicit_tls
        self._servers: list[asyncio.Server] = []
        #: Where each connection comes from.
        self._running: dict[Connection, str] = {}
        self._emptied = asyncio.Event()

    async def start(self, host: str, port: int, sockets: Sequence[socket.socket] = ()) -> int:
        """Listen, and return the port (which the kernel chose where `port` is 0).

        Args:
            host: name or address.
            port: 0 to 65535.
            sockets: those that listen there already.

        Raises:
            OSError: the address is in use or not allowed; the message names it.
        """
        buffer = make_buffer()
        create_server = functools.partial(asyncio.get_running_loop().create_server, lambda: Link(self._accept, buffer))
        try:
            for sock in sockets:
                self._servers.append(await create_server(sock=sock))
            if not sockets:
                self._servers.append(await create_server(host, port))
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            msg = f"{self.name} cannot listen on {host} port {port}: {why}"
            raise OSError(error.errno, msg) from error
        chosen: int = self._servers[0].sockets[0].getsockname()[1]
        return chosen

    def _accept(self, link: Link) -> None:
        remote = link.transport.get_extra_info("peername")
        local = link.transport.get_extra_info("sockname")
        if not remote or not local:
            # It was reset before it was ours.
            link.abort()
            return
        if not self._workshop.door.enter(remote[0]):
            self._turn_away(link, remote[0])
            return
        peer = Peer(remote[0], remote[1], local[0], local[1], self.name, tls=self._implicit_tls)
        try:
            machine, filters = self._make_machine(peer), tuple(self._make_filters())
        except Exception as error:  # noqa: BLE001 - a session that cannot even begin must not keep its socket
            self._workshop.journal.fault("transport.fault", error)
            self._workshop.door.leave(remote[0])
            link.abort()
            return
        connection = Connection(machine, link, self._workshop, filters, self._forget, implicit_tls=self._implicit_tls)
        self._running[connection] = remote[0]
        connection.begin()

    def _turn_away(self, link: Link, address: str) -> None:
        """Say that there are too many connections, at once and at no cost."""
        self._workshop.journal.note("transport.refused", listener=self.name, peer=address)
        if not self._implicit_tls:
            link.transport.write(_FULL[self.name] % self._workshop.hostname.encode())
        link.transport.close()

    def _forget(self, connection: Connection) -> None:
        self._workshop.door.leave(self._running.pop(connection))
        if not self._running:
            self._emptied.set()

    async def stop(self, grace: float) -> None:
        """Stop listening, let sessions say goodbye, and end what is left after `grace` seconds."""
        for server in self._servers:
            server.close()
        for connection in list(self._running):
            connection.request_stop()
        await self._empty(grace)
        for connection in list(self._running):
            connection.cut()
        await self._empty(grace)

    async def _empty(self, patience: float) -> None:
        """Wait until no connection is left, or so many seconds."""
        self._emptied.clear()
        if self._running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), patience)
