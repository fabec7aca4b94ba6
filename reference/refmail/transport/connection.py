"""The task of one connection: carries out what the machine wants, in order."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from refmail.blueprint import WireFilter
from refmail.journal import Journal
from refmail.machine import Call, Close, Machine, Output, Send, StartTls
from refmail.transport.link import Link

__all__ = ["Connection", "Segments", "Workshop"]

#: Cuts what is to be written into the pieces that are written one by one.
Segments = Callable[[bytes], Iterable[bytes]]

#: Octets gathered into one write before the peer has to take some.
_WRITE_LIMIT = 64 * 1024

#: Seconds that a closing connection waits for the peer's end, so that no reset overtakes the last reply.
_LINGER = 2.0
_LINGER_AT_STOP = 0.2


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all connections of a server share."""

    #: Runs the Calls that may block.
    executor: Executor
    #: Whether a Call may block.
    blocks: Callable[[Call], bool]
    #: For STARTTLS; None where there is no certificate.
    tls: ssl.SSLContext | None
    journal: Journal
    segments: Segments


class Connection:
    """Runs one machine over one link until either ends."""

    def __init__(
        self,
        machine: Machine,
        link: Link,
        workshop: Workshop,
        filters: Sequence[WireFilter],
        implicit_tls: ssl.SSLContext | None = None,
    ) -> None:
        self._machine = machine
        self._link = link
        self._workshop = workshop
        self._filters = filters
        self._implicit_tls = implicit_tls
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._outgoing = bytearray()
        self._news = False
        self._stop = False
        self._linger = _LINGER
        self._told_end = False
        # Seconds of the loop's clock: when the peer was last heard or last answered.
        self._silent_since = self._loop.time()
        link.on_change = self._changed.set
        machine.nudge = self._nudge

    async def run(self) -> None:
        """Hold the conversation; when this returns the connection is closed and the machine has let go."""
        try:
            await self._converse()
        except asyncio.CancelledError:
            self._linger = 0.0
            raise
        except OSError as error:
            self._workshop.journal.note("transport.lost", error=repr(error))
            self._link.abort()
        except Exception as error:  # noqa: BLE001 - a bug in one connection must not touch the others
            self._workshop.journal.fault("transport.fault", error)
        finally:
            self._machine.nudge = lambda: None
            try:
                self._machine.abandon()
            finally:
                await self._link.close(self._linger)

    def request_stop(self) -> None:
        """Ask the machine to say goodbye."""
        self._stop = True
        self._linger = _LINGER_AT_STOP
        self._changed.set()

    def _nudge(self) -> None:
        # From any thread, perhaps after the loop has gone.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take_news)

    def _take_news(self) -> None:
        self._news = True
        self._changed.set()

    async def _converse(self) -> None:
        if self._implicit_tls is not None:
            await self._link.start_tls(self._implicit_tls)
        self._link.resume()
        await self._carry_out(self._machine.connected())
        while not self._machine.finished:
            await self._carry_out(await self._next())

    async def _next(self) -> list[Output]:
        """Wait for the next thing to tell the machine, and tell it."""
        while True:
            self._changed.clear()
            if self._stop:
                self._stop = False
                return self._machine.stop()
            if self._link.waiting:
                self._silent_since = self._loop.time()
                return self._machine.receive(self._link.take())
            if self._link.ended and not self._told_end:
                self._told_end = True
                return self._machine.eof()
            if self._news:
                self._news = False
                return self._machine.news()
            if not await self._change():
                return self._machine.expired()

    async def _change(self) -> bool:
        """Wait until something changes; False where the machine's deadline came first."""
        patience = self._machine.deadline()
        if patience is None:
            await self._changed.wait()
            return True
        try:
            async with asyncio.timeout_at(self._silent_since + patience):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _carry_out(self, outputs: list[Output]) -> None:
        """Do what the machine asks, and what it asks next, until it waits for the peer or ends."""
        while True:
            following: list[Output] = []
            for output in outputs:
                match output:
                    case Send(octets):
                        await self._send(octets)
                    case StartTls():
                        following = await self._start_tls()
                    case Call():
                        following = self._machine.resume(await self._result(output))
                        self._silent_since = self._loop.time()
                    case Close():
                        pass
            if not following:
                await self._flush()
                return
            outputs = following

    async def _send(self, octets: bytes) -> None:
        for rewrite in self._filters:
            octets = rewrite(octets)
        self._outgoing += octets
        if len(self._outgoing) >= _WRITE_LIMIT:
            await self._flush()

    async def _flush(self) -> None:
        if self._outgoing:
            octets = bytes(self._outgoing)
            self._outgoing.clear()
            for segment in self._workshop.segments(octets):
                await self._link.write(segment, self._machine.idle_timeout)

    async def _start_tls(self) -> list[Output]:
        if self._workshop.tls is None:
            msg = "a session offered TLS although the server has no certificate"
            raise RuntimeError(msg)
        self._link.pause()
        await self._flush()
        return self._machine.tls_established(await self._link.start_tls(self._workshop.tls))

    async def _result(self, call: Call) -> object:
        """Run a Call; what it raises is its result."""
        try:
            if self._workshop.blocks(call):
                return await self._loop.run_in_executor(self._workshop.executor, call.run)
            return call.run()
        except Exception as error:  # noqa: BLE001 - raised again inside the machine
            return error
