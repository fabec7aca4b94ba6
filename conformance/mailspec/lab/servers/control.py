"""The pipe by which the parent steers process 1 of its namespaces, and by which that one notices its parent's end.

A signal cannot do it: a process group of its own keeps a terminal's Ctrl-C away from the namespaces, so that exactly
one interrupt arrives, from the parent. One octet asks for an interrupt; the end of the pipe means that the parent is
gone, and ending process 1 makes the kernel end and undo everything in its namespaces.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

__all__ = ["INTERRUPT", "die_with", "listen"]

#: The octet that asks for an interrupt.
INTERRUPT = b"i"
#: Exit code of a process 1 whose parent vanished, or that was interrupted before it ran anything.
EXIT_INTERRUPTED = 130


def listen(pipe: int, interrupt: Callable[[], None]) -> None:
    """Call `interrupt` in a thread whenever the parent asks for it; end this process when the parent is gone."""

    def loop() -> None:
        while os.read(pipe, 1):
            interrupt()
        os._exit(EXIT_INTERRUPTED)

    threading.Thread(target=loop, name="control", daemon=True).start()


def die_with(pipe: int) -> None:
    """End this process when the parent asks for an interrupt, or is gone."""
    listen(pipe, lambda: os._exit(EXIT_INTERRUPTED))
