"""What is answered within one turn of the event loop is written together, at its end.

To write wakes the peer, and that costs more than the write itself. Where many peers are answered in
one turn, those that share a processor are awake already when the second write comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Turn"]


class Turn:
    """The writes that wait for the end of this turn of a loop.

    Args:
        loop: the loop.
        is_crowded: whether others may be answered in the same turn; one peer alone is not kept waiting.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, is_crowded: Callable[[], bool]) -> None:
        self._loop = loop
        self._is_crowded = is_crowded
        self._writes: list[Callable[[], None]] = []

    def ends_with(self, write: Callable[[], None]) -> bool:
        """Let the turn end with a call of `write`, which must not raise; say no where it would wait for nobody."""
        if not self._is_crowded():
            return False
        if not self._writes:
            self._loop.call_soon(self._end)
        self._writes.append(write)
        return True

    def _end(self) -> None:
        writes, self._writes = self._writes, []
        for write in writes:
            write()
