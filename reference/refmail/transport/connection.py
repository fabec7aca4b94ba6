"""One connection: carries out what the machine wants, in order.

What the peer sends is answered at once, in the loop's own callback. A task is there only while
something has to be waited for: a blocking call, a handshake, a peer that is slow to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from refmail.blueprint import WireFilter
from refmail.journal import Journal
from refmail.limits import Door
from refmail.machine import Call, Close, Machine, Output, Send, StartTls
from refmail.transport.link import Link
from refmail.transport.turn import Turn

__all__ = ["Connection", "Segments", "Workshop"]

#: Cuts what is to be written into the pieces that are written one by one.
Segments = Callable[[bytes], Iterable[bytes]]

#: Octets gathered into one write before the peer has to take some.
_WRITE_LIMIT = 64 * 1024

#: Octets without a line end that show that the peer is at work; fewer of them in the machine's patience are silence.
_PROGRESS = 4096

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
    #: Returns the context of the server; None where there is no certificate.
    tls: Callable[[], ssl.SSLContext] | None
    journal: Journal
    segments: Segments
    door: Door
    turn: Turn
    hostname: str


class Connection:
    """Runs one machine over one link until either ends.

    Args:
        machine: the session.
        link: its octets.
        workshop: what connections share.
        filters: rewrite what is sent.
        on_end: called once, when the connection is closed and the machine has let go.
        implicit_tls: whether TLS begins with the first octet.
    """

    def __init__(
        self,
        machine: Machine,
        link: Link,
        workshop: Workshop,
        filters: Sequence[WireFilter],
        on_end: Callable[[Connection], None],
        *,
        implicit_tls: bool = False,
    ) -> None:
        self._machine = machine
        self._link = link
        self._workshop = workshop
        self._filters = filters
        self._on_end = on_end
        self._implicit_tls = implicit_tls
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._outgoing = bytearray()
        # Whether what is gathered will be written at the end of this turn of the loop.
        self._held = False
        self._news = False
        self._stop = False
        self._ended = False
        self._linger = _LINGER
        self._told_end = False
        # Seconds of the loop's clock: when the peer last ended a line (or sent much), or was last answered.
        self._silent_since = self._time()
        self._unfinished = 0
        # What waits for something; the machine hears nothing else meanwhile.
        self._task: asyncio.Task[None] | None = None
        # Whether it is time to look if the silence has lasted too long.
        self._is_late = False
        # Says so; answers leave it alone and only move the silence's beginning.
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Say the first words, or shake hands."""
        self._link.on_change = self._look
        self._link.on_octets = self._hear_at_once
        self._machine.nudge = self._nudge
        if self._implicit_tls:
            self._link.pause()
            self._wait_in_task(self._first_handshake)
        else:
            self._attend(self._machine.connected)

    def request_stop(self) -> None:
        """Ask the machine to say goodbye."""
        self._stop = True
        self._linger = _LINGER_AT_STOP
        self._look()

    def cut(self) -> None:
        """End the connection whatever it is doing."""
        self._linger = 0.0
        if self._task is not None:
            self._task.cancel()
        elif not self._ended:
            self._end()
        else:
            self._link.abort()

    def _nudge(self) -> None:
        # From any thread, perhaps after the loop has gone.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take_news)

    def _take_news(self) -> None:
        self._news = True
        self._look()

    def _look(self) -> None:
        """Go on where something has changed, unless the task is to see to it first."""
        if self._task is None and not self._ended:
            self._attend(self._next)

    def _hear_at_once(self, octets: bytes) -> bool:
        """Answer octets as they come; say no where the task is to see to it first."""
        if self._task is not None or self._ended:
            return False
        self._attend(functools.partial(self._hear, octets))
        return True

    def _attend(self, ask: Callable[[], list[Output] | None]) -> None:
        """Answer at once as long as there is something to tell the machine; what has to be waited for gets a task."""
        try:
            outputs = ask()
            while outputs is not None:
                left = self._answer(outputs)
                if left is not None:
                    self._wait_in_task(functools.partial(self._carry_out, left))
                    return
                outputs = self._next()
        except Exception as error:  # noqa: BLE001 - a bug in one connection must not touch the others
            self._fail(error)
            return
        self._rest()

    def _wait_in_task(self, first: Callable[[], Coroutine[None, None, None]]) -> None:
        self._task = self._loop.create_task(self._wait(first), name="refmail connection")
        self._task.add_done_callback(self._end_if_cut)

    async def _wait(self, first: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do what has to be waited for, and what has come up meanwhile."""
        try:
            await first()
            while (outputs := self._next()) is not None:
                await self._carry_out(outputs)
        except Exception as error:  # noqa: BLE001 - a bug in one connection must not touch the others
            self._fail(error)
            return
        self._task = None
        self._rest()

    def _end_if_cut(self, task: asyncio.Task[None]) -> None:
        # Not in the task, which may have been cut before it began.
        if task.cancelled():
            self._linger = 0.0
            self._end()

    def _rest(self) -> None:
        """Wait for a change, no longer than the machine allows; or end."""
        if self._machine.finished:
            self._end()
            return
        patience = self._machine.deadline()
        if patience is None:
            return
        due = self._silent_since + patience
        if self._timer is None or due < self._timer.when():
            self._forget_timer()
            self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._is_late = True
        self._look()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, error: Exception) -> None:
        if isinstance(error, OSError):
            self._workshop.journal.note("transport.lost", error=repr(error))
            self._link.abort()
        else:
            self._workshop.journal.fault("transport.fault", error)
        self._end()

    def _end(self) -> None:
        """Let the machine go, and close when everything has left."""
        self._ended = True
        self._task = None
        self._write_gathered()
        self._forget_timer()
        self._machine.nudge = lambda: None
        try:
            self._machine.abandon()
        except Exception as error:  # noqa: BLE001 - the socket must be closed all the same
            self._workshop.journal.fault("transport.fault", error)
        self._link.finish(self._linger, functools.partial(self._on_end, self))

    def _hear(self, octets: bytes) -> list[Output]:
        self._note_progress(octets)
        return self._machine.receive(octets)

    def _answer(self, outputs: list[Output]) -> list[Output] | None:
        """Carry out what needs no waiting, and return what is left to the task; None where that is nothing."""
        while outputs:
            following: list[Output] = []
            for number, output in enumerate(outputs):
                if isinstance(output, Send):
                    if self._gather(output.octets) >= _WRITE_LIMIT:
                        return outputs[number + 1 :]
                elif isinstance(output, Call) and not self._workshop.blocks(output):
                    following = self._resume(_run(output))
                elif not isinstance(output, Close):
                    return outputs[number:]
            outputs = following
        if self._outgoing and not self._held:
            self._held = self._workshop.turn.ends_with(self._end_turn)
            if not self._held:
                self._write_gathered()
        return None if self._link.is_writable else []

    def _end_turn(self) -> None:
        """Write what was held, unless it is for the task to write; wait where the peer is slow to take it."""
        self._held = False
        if self._task is not None:
            return
        self._write_gathered()
        if not self._link.is_writable and not self._ended:
            self._wait_in_task(functools.partial(self._carry_out, []))

    def _write_gathered(self) -> None:
        for segment in self._segments():
            self._link.write_at_once(segment)

    async def _first_handshake(self) -> None:
        self._machine.tls = await self._link.start_tls(self._context())
        await self._carry_out(self._machine.connected())

    def _next(self) -> list[Output] | None:
        """Tell the machine the next thing there is to tell; None where there is nothing."""
        machine = self._machine
        if machine.finished:
            return None
        if self._stop:
            self._stop = False
            return machine.stop()
        if self._link.held:
            return self._hear(self._link.take())
        if self._link.ended and not self._told_end:
            self._told_end = True
            return machine.eof()
        if self._news:
            self._news = False
            return machine.news()
        if self._is_late:
            self._is_late = False
            patience = machine.deadline()
            if patience is not None and self._silent_since + patience <= self._time():
                return machine.expired()
        return None

    def _note_progress(self, octets: bytes) -> None:
        """Begin the machine's patience anew, but not for single octets now and then: they could go on for ever."""
        self._unfinished += len(octets)
        if b"\n" in octets or self._unfinished >= _PROGRESS:
            self._unfinished = 0
            self._silent_since = self._time()

    async def _carry_out(self, outputs: list[Output]) -> None:
        """Do what the machine asks, and what it asks next, until it waits for the peer or ends."""
        while True:
            following: list[Output] = []
            for output in outputs:
                match output:
                    case Send(octets):
                        if self._gather(octets) >= _WRITE_LIMIT:
                            await self._flush()
                    case StartTls():
                        following = await self._start_tls()
                    case Call():
                        following = self._resume(await self._result(output))
                    case Close():
                        pass
            if not following:
                await self._flush()
                return
            outputs = following

    def _resume(self, result: object) -> list[Output]:
        outputs = self._machine.resume(result)
        self._silent_since = self._time()
        return outputs

    def _gather(self, octets: bytes) -> int:
        """Put octets to what is to be written, and return how many those are."""
        for rewrite in self._filters:
            octets = rewrite(octets)
        self._outgoing += octets
        return len(self._outgoing)

    def _segments(self) -> Iterable[bytes]:
        """Return what was gathered, in the pieces in which it is to be written."""
        if not self._outgoing:
            return ()
        octets = bytes(self._outgoing)
        self._outgoing.clear()
        return self._workshop.segments(octets)

    async def _flush(self) -> None:
        for segment in self._segments():
            await self._link.write(segment, self._machine.idle_timeout)
        # What was written at once is waited for, too.
        await self._link.drained(self._machine.idle_timeout)

    async def _start_tls(self) -> list[Output]:
        context = self._context()
        self._link.pause()
        await self._flush()
        return self._machine.tls_established(await self._link.start_tls(context))

    def _context(self) -> ssl.SSLContext:
        if self._workshop.tls is None:
            msg = "a session offered TLS although the server has no certificate"
            raise RuntimeError(msg)
        return self._workshop.tls()

    async def _result(self, call: Call) -> object:
        """Run a Call, elsewhere if it may block; what it raises is its result."""
        if not self._workshop.blocks(call):
            return _run(call)
        try:
            return await self._loop.run_in_executor(self._workshop.executor, call.run)
        except Exception as error:  # noqa: BLE001 - raised again inside the machine
            return error


def _run(call: Call) -> object:
    """Run a Call; what it raises is its result."""
    try:
        return call.run()
    except Exception as error:  # noqa: BLE001 - raised again inside the machine
        return error
