"""The queue's time: real, or driven by hand so that days pass in milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Protocol

__all__ = ["ManualClock", "QueueClock", "RealClock"]


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
