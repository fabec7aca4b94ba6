"""Scripted MX hosts: aiosmtpd sessions that follow a behaviour, many of them in one event loop."""

# aiosmtpd's hooks are found by name, so that their names have capitals.
# ruff: noqa: N802
from __future__ import annotations

import asyncio
import collections
import socket
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailspec.lab.behaviour import DROP, GOOD, Action, Behaviour, Reply, Stage
from mailspec.lab.log import Attempt, Delivery, LabLog
from mailspec.lab.parameters import address_in, parameters_in, understood

__all__ = ["MxHost"]

#: Octets of the longest line an MX host takes, far above RFC 5321 section 4.5.3.1.6: it watches, it does not judge.
LONGEST_LINE = 1 << 20
#: Connections that may wait to be accepted.
BACKLOG = 128


class MxHost:
    """One MX host: a bound port, and the behaviour of the moment.

    Args:
        name: the address by which the DNS and the log know it.
        log: where it says what it saw.
    """

    def __init__(self, name: str, log: LabLog) -> None:
        self.name = name
        self.log = log
        self.behaviour = GOOD
        self._seen = 0
        self._bound: tuple[str, int] = ("", 0)
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()

    @property
    def bound(self) -> tuple[str, int]:
        """Address and port that it really has."""
        return self._bound

    async def open(self, host: str, port: int) -> None:
        """Bind and listen.

        Raises:
            OSError: the port is taken or needs rights.
        """
        self._bound = (host, port)
        self._bind()
        await self._listen()

    def _bind(self) -> None:
        # With the protocol named, asyncio sends each reply at once (TCP_NODELAY); without, Nagle and delayed
        # acknowledgements cost 40 ms a message.
        family = socket.AF_INET6 if ":" in self._bound[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(self._bound)
        self._bound = self._socket.getsockname()[:2]

    async def _listen(self) -> None:
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=self._socket, backlog=BACKLOG)

    async def behave(self, behaviour: Behaviour) -> None:
        """Follow another script from the next connection on; a count of connections begins anew."""
        was_refused = self.behaviour.refused
        self.behaviour = behaviour
        self._seen = 0
        if behaviour.refused and not was_refused:
            assert self._server is not None
            self._server.close()
            # The port stays ours, bound but not listening, so that nobody else answers on it.
            self._bind()
        elif was_refused and not behaviour.refused:
            await self._listen()

    async def close(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        if self._socket is not None:
            self._socket.close()
        for transport in list(self._open):
            transport.close()

    def _protocol(self) -> asyncio.Protocol:
        behaviour = self.behaviour
        self._seen += 1
        if behaviour.connections is not None and self._seen > behaviour.connections:
            behaviour = GOOD
        if behaviour.stages.get(Stage.CONNECT) is DROP:
            return _Dropper(self)
        return _MxSession(self, behaviour)

    def opened(self, transport: asyncio.BaseTransport) -> int:
        self._open.add(transport)
        return self.log.connected(self.name)

    def closed(self, transport: asyncio.BaseTransport | None, connection: int) -> None:
        if transport is not None:
            self._open.discard(transport)
        self.log.ended(connection)


class _Dropper(asyncio.Protocol):
    """Resets each connection before a word is said."""

    def __init__(self, host: MxHost) -> None:
        self._host = host
        self._connection = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection = self._host.opened(transport)
        self._transport = transport
        assert isinstance(transport, asyncio.Transport)
        transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._host.closed(self._transport, self._connection)


class _MxSession(SMTP):
    """An aiosmtpd session in which each stage may be scripted."""

    line_length_limit = LONGEST_LINE

    def __init__(self, host: MxHost, behaviour: Behaviour) -> None:
        super().__init__(
            _Hooks(),
            data_size_limit=None,
            enable_SMTPUTF8=True,
            hostname=f"mx-{host.name}.test",
            ident="scripted MX host",
            auth_require_tls=True,
            loop=asyncio.get_running_loop(),
        )
        self._host = host
        self._behaviour = behaviour
        self._greeted = False
        self._shut = False
        self._first_transport: asyncio.BaseTransport | None = None
        self._data_start = 0
        self._mail_parameters: tuple[str, ...] = ()
        self._recipient_parameters: list[tuple[str, ...]] = []
        self._chunks: list[bytes] = []
        # Whoever relays sends the longest parameters that there are.
        self.command_size_limit = LONGEST_LINE
        self.command_size_limits = collections.defaultdict(lambda: LONGEST_LINE)
        self.connection = 0

    # The connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._first_transport is None:
            self._first_transport = transport
            self.connection = self._host.opened(transport)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._host.log.received(self.connection, data)
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._host.closed(self._first_transport, self.connection)
        super().connection_lost(error)

    # The script.

    async def push(self, status: Any) -> None:
        """Send a reply; the first one is the greeting, which may be scripted."""
        if not self._greeted:
            self._greeted = True
            action = self._behaviour.stages.get(Stage.GREETING)
            if action is not None:
                self._shut = isinstance(action, Reply) and action.code >= 400
                await self._perform(action)
                return
        elif isinstance(status, str) and status.startswith("354"):
            self._data_start = self._host.log.received_count(self.connection)
        await super().push(status)

    async def _perform(self, action: Action) -> None:
        """Answer or drop; does not return where the connection ends."""
        assert isinstance(self.transport, asyncio.Transport)
        if action is DROP:
            self.transport.abort()
        else:
            await super().push(str(action))
            if action.code != 421:
                return
            self.transport.close()
        # connection_lost cancels this task.
        await asyncio.get_running_loop().create_future()

    async def _scripted(self, stage: Stage, argument: str | None, action: Action | None = None) -> bool:
        """Do what the script has for a stage and say whether it had something negative."""
        if self._shut:
            await super().push("503 no service here")
            return True
        if action is None:
            action = self._behaviour.stages.get(stage)
        if action is None or (isinstance(action, Reply) and action.code < 400):
            return False
        self.note(stage, argument, 0 if action is DROP else action.code)
        await self._perform(action)
        return True

    def note(self, stage: Stage, argument: str | None, code: int) -> None:
        """Log a command, with the domains of all recipients up to it."""
        recipients = list(self.envelope.rcpt_tos) if self.envelope is not None else []
        if stage is Stage.RCPT and argument:
            recipients.append(address_in(argument))
        domains = frozenset(recipient.rpartition("@")[2].lower() for recipient in recipients)
        log = self._host.log
        log.attempted(Attempt(log.clock(), self._host.name, self.connection, stage, argument or "", code, domains))

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._scripted(Stage.EHLO, hostname):
            self.note(Stage.EHLO, hostname, 250)
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        if not await self._scripted(Stage.HELO, hostname):
            self.note(Stage.HELO, hostname, 250)
            await super().smtp_HELO(hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._scripted(Stage.MAIL, arg):
            self._mail_parameters = parameters_in(arg or "")
            self._recipient_parameters.clear()
            self._chunks.clear()
            await super().smtp_MAIL(understood(arg) if arg else arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        # Without MAIL, or after a refused one, it is 503 whatever the script says: a pipelining client relies on it.
        if self.envelope is None or not self.envelope.mail_from:
            await super().smtp_RCPT(arg)
            return
        single = self._behaviour.recipients.get(address_in(arg or "").lower())
        if not await self._scripted(Stage.RCPT, arg, single):
            self.note(Stage.RCPT, arg, 250)
            before = len(self.envelope.rcpt_tos)
            await super().smtp_RCPT(understood(arg) if arg else arg)
            if len(self.envelope.rcpt_tos) > before:
                self._recipient_parameters.append(parameters_in(arg or ""))

    async def smtp_DATA(self, arg: str) -> None:
        if self.envelope is None or not self.envelope.rcpt_tos or not await self._scripted(Stage.DATA, arg):
            await super().smtp_DATA(arg)

    async def smtp_BDAT(self, arg: str | None) -> None:
        """Take a chunk (RFC 3030 section 2); its octets are read whatever is said of it."""
        size, _, last = (arg or "0").partition(" ")
        chunk = await self._reader.readexactly(int(size))
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 no recipients")
        elif not await self._scripted(Stage.BDAT, arg):
            self.note(Stage.BDAT, arg, 250)
            self._chunks.append(chunk)
            if not last:
                await self.push("250 chunk taken")
                return
            assert self.session is not None
            self.envelope.original_content = self.envelope.content = b"".join(self._chunks)
            status = await self.end_of_data(self.session, self.envelope)
            self._chunks.clear()
            self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd gives it no types
            await self.push(status)

    def announce(self, lines: list[str]) -> list[str]:
        """Return the EHLO lines of this host instead of those that aiosmtpd has."""
        offers = ("PIPELINING",) * self._behaviour.pipelining + self._behaviour.offers
        return [lines[0], *(f"250-{keyword}" for keyword in offers), "250 HELP"]

    async def end_of_data(self, session: Session, envelope: Envelope) -> str:
        """Accept the message, or do what the script has for the final dot."""
        action = self._behaviour.stages.get(Stage.END)
        if action is DROP or (action is not None and action.code >= 400):
            self.note(Stage.END, "", 0 if action is DROP else action.code)
            if isinstance(action, Reply) and action.code != 421:
                return str(action)
            await self._perform(action)
        log = self._host.log
        self.note(Stage.END, "", 250)
        content = envelope.original_content or b""
        log.delivered(
            Delivery(
                at=log.clock(),
                host=self._host.name,
                connection=self.connection,
                helo=session.host_name or "",
                esmtp=session.extended_smtp,
                sender=(envelope.mail_from or "").strip("<>"),
                parameters=self._mail_parameters,
                recipients=tuple(envelope.rcpt_tos),
                octets=content,
                raw=content if self._chunks else _until_dot(log.received_from(self.connection, self._data_start)),
                recipient_parameters=tuple(self._recipient_parameters),
                chunks=tuple(len(chunk) for chunk in self._chunks),
            )
        )
        return "250 taken"


class _Hooks:
    """Hooks that aiosmtpd finds by name."""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        del envelope
        assert isinstance(server, _MxSession)
        session.host_name = hostname
        return server.announce(responses)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(server, _MxSession)
        return await server.end_of_data(session, envelope)


def _until_dot(octets: bytes) -> bytes:
    if octets.startswith(b".\r\n"):
        return b""
    end = octets.find(b"\r\n.\r\n")
    return octets[: end + 2] if end >= 0 else octets
