"""The queue's time: real, compressed, or driven by hand, so that days pass in seconds or in none at all."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Protocol

__all__ = ["FastClock", "HandClock", "ManualClock", "QueueClock", "RealClock"]


class QueueClock(Protocol):
    """Tells the time and waits."""

    def now(self) -> float:
        """Seconds since the epoch: the spool outlives the process, so no other zero would do."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float | None, *, busy: bool) -> None:
        """Wait until the event is set or the seconds (None: no limit) have passed.

        `busy` says that work is under way that takes real time and will set the event.
        """
        ...


class RealClock:
    """The time of day."""

    def now(self) -> float:
        return time.time()

    async def wait(self, event: asyncio.Event, seconds: float | None, *, busy: bool) -> None:
        del busy
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()


class FastClock:
    """Time that passes faster than real time.

    Args:
        factor: seconds of this clock in one real second; above 0.
    """

    def __init__(self, factor: float) -> None:
        if factor <= 0:
            msg = f"a clock runs at {factor} times real time: give a factor above 0"
            raise ValueError(msg)
        self.factor = factor
        self._start = time.time()
        self._monotonic = time.monotonic()

    def now(self) -> float:
        return self._start + (time.monotonic() - self._monotonic) * self.factor

    async def wait(self, event: asyncio.Event, seconds: float | None, *, busy: bool) -> None:
        await RealClock().wait(event, None if seconds is None else seconds / self.factor, busy=busy)


class HandClock:
    """A clock that stands still until `advance`.

    Args:
        start: seconds since the epoch.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._seconds = start
        self._lock = threading.Lock()
        self._sleepers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def now(self) -> float:
        with self._lock:
            return self._seconds

    def advance(self, seconds: float) -> None:
        """Let time pass; whoever waited long enough goes on. Callable from any thread."""
        with self._lock:
            self._seconds += seconds
            sleepers = list(self._sleepers.items())
        for advanced, loop in sleepers:
            # Its loop may have ended meanwhile.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(advanced.set)

    async def wait(self, event: asyncio.Event, seconds: float | None, *, busy: bool) -> None:
        del busy
        if seconds is None:
            await event.wait()
            return
        due = self.now() + seconds
        advanced = asyncio.Event()
        with self._lock:
            self._sleepers[advanced] = asyncio.get_running_loop()
        event_set = asyncio.ensure_future(event.wait())
        try:
            while not event.is_set() and self.now() < due:
                advanced.clear()
                # `advance` may have come between the look and the clear.
                if self.now() >= due:
                    break
                time_passed = asyncio.ensure_future(advanced.wait())
                await asyncio.wait({event_set, time_passed}, return_when=asyncio.FIRST_COMPLETED)
                time_passed.cancel()
        finally:
            event_set.cancel()
            with self._lock:
                del self._sleepers[advanced]


class ManualClock:
    """A clock that jumps to whatever is waited for.

    Args:
        start: seconds since the epoch.
    """

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.seconds = start

    def now(self) -> float:
        return self.seconds

    async def wait(self, event: asyncio.Event, seconds: float | None, *, busy: bool) -> None:
        # Whoever is about to set the event gets the chance before time passes.
        await asyncio.sleep(0)
        if seconds is None or busy:
            await event.wait()
        elif not event.is_set():
            self.seconds += seconds
