"""What every client of one check shares: transcript, charges, deadline, transform."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from mailspec.transcript import Transcript
from mailspec.wire.charges import Charges
from mailspec.wire.deadline import Deadline
from mailspec.wire.reply import Reply
from mailspec.wire.transform import AS_SENT, Transform

__all__ = ["Recorder"]

#: Seconds for one whole reply, if the profile says nothing else.
DEADLINE_SECONDS = 10.0


class Connection(Protocol):
    """What the recorder needs of a stream."""

    def close(self) -> None: ...
    def flush(self) -> None: ...


R = TypeVar("R", bound=Reply[Any])


class Recorder:
    """Handed to every client of one check.

    Args:
        transcript: where the octets go; a new one if None.
        charges: where grammar breaches go; new ones if None.
        deadline: seconds for one whole reply.
        transform: how sent octets are cut into segments, or gathered.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        transcript: Transcript | None = None,
        charges: Charges | None = None,
        deadline: float = DEADLINE_SECONDS,
        transform: Transform = AS_SENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.transcript = transcript if transcript is not None else Transcript(clock)
        self.charges = charges if charges is not None else Charges()
        self.deadline = deadline
        self.transform = transform
        self._replies: list[Reply[Any]] = []
        self._open: list[Connection] = []

    def until(self, seconds: float | None = None) -> Deadline:
        """Return a deadline that begins now; None means the recorder's own number of seconds."""
        return Deadline(self.deadline if seconds is None else seconds, self.clock)

    def track(self, reply: R) -> R:
        """Remember the reply until somebody judges it."""
        self._replies = [kept for kept in self._replies if not kept.judged]
        self._replies.append(reply)
        reply.mask = self.transcript.secrets.mask
        return reply

    def unjudged(self) -> list[Reply[Any]]:
        """Return the replies that nobody judged or looked at."""
        return [reply for reply in self._replies if not reply.judged]

    def opened(self, stream: Connection) -> None:
        """Remember a connection, so that none outlives its check."""
        self._open.append(stream)

    def flush(self) -> None:
        """Send what is held back, on every connection: whoever looks at the target now sees the effect of all sends."""
        if self.transform.gathers:
            for stream in self._open:
                stream.flush()

    def close(self) -> None:
        """Close every connection that is still open."""
        while self._open:
            self._open.pop().close()
