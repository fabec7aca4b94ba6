"""What all replies have in common: they are judged by `.expect` or used by `.require`.

A failure of the wire is kept in the reply until then; a reply that nobody judged is a bug of the check.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Generic, NoReturn, Self, TypeVar

from mailspec.transcript import visible
from mailspec.verdict import Blocked, Inconclusive, Violation
from mailspec.wire.failure import ConnectionClosed, ConnectionReset, Failure, TimedOut, TooLong, Unparsable

__all__ = ["CLOSED", "Ended", "Reply"]

#: Octets of a command or reply that a message of ours quotes.
QUOTED_OCTETS = 120


class Ended(enum.Enum):
    """The alternative to a reply: the connection ended."""

    CLOSED = "the connection closed"


#: Among the alternatives of `.expect`: the target may also close the connection.
CLOSED = Ended.CLOSED

A = TypeVar("A")


class Reply(Generic[A]):
    """A reply, or the failure that came in its place.

    Args:
        asked: the command, for messages; empty for a greeting.
        octets: everything that was read for this reply.
        failure: why there is no reply, else None.
        event: index in the transcript of the last event that belongs to it.
    """

    def __init__(self, asked: bytes, octets: bytes, failure: Failure | None, event: int | None) -> None:
        self.asked = asked
        self.octets = octets
        self.failure = failure
        self.event = event
        self.judged = False
        #: Takes secrets out of what is quoted; cut first, they could not be found any more.
        self.mask: Callable[[bytes], bytes] = bytes

    def expect(self, *alternatives: A | Ended) -> Self:
        """Judge the reply, and return it: anything but the alternatives is a violation.

        Raises:
            Violation: the target answered otherwise, or closed the connection.
            Inconclusive: it did not answer in time.
            Blocked: what it answered is no reply; that was charged to the grammar.
        """
        wanted = self._wanted(alternatives)
        matched = any(self._matches(one) for one in wanted)
        self._judge(self._shown(wanted), wanted, matched=matched, ended_right=self._ended_as(wanted))
        return self

    def expect_not(self, *forbidden: A | Ended) -> Self:
        """Judge the reply, and return it: each of these is a violation, and any other reply is right.

        Raises:
            Violation, Inconclusive, Blocked: as `expect`; so is a connection that ends.
        """
        shown = [f"any reply but {' or '.join(self._shown(forbidden))}"]
        matched = not any(self._matches(one) for one in forbidden)
        self._judge(shown, forbidden, matched=matched, ended_right=False)
        return self

    def _judge(self, shown: Sequence[str], named: Sequence[A | Ended], *, matched: bool, ended_right: bool) -> None:
        self.judged = True
        if self.failure is None:
            if self._is_transient(named):
                msg = f"the target is not available now: {self._actual()}"
                raise Inconclusive(msg)
            if not matched:
                raise Violation(shown, self._actual(), self.event)
        elif isinstance(self.failure, TimedOut):
            raise Inconclusive(self._missing())
        elif isinstance(self.failure, ConnectionClosed | ConnectionReset):
            if not ended_right:
                raise Violation(shown, self._actual(), self.event)
        else:
            self._block()

    def require(self, *alternatives: A | Ended) -> Self:
        """Return the reply only if it is one of the alternatives.

        Raises:
            Blocked: it is not, or there is none.
        """
        self.judged = True
        wanted = self._wanted(alternatives)
        if self.failure is not None:
            if isinstance(self.failure, ConnectionClosed | ConnectionReset) and self._ended_as(wanted):
                return self
            self._block()
        if not any(self._matches(alternative) for alternative in wanted):
            msg = f"after {self._asked()}: needed {' or '.join(self._shown(wanted))}; got {self._actual()}"
            raise Blocked(msg)
        return self

    def _use(self) -> None:
        """Mark the reply judged; raise Blocked if there is none."""
        self.judged = True
        if self.failure is not None:
            self._block()

    def _block(self) -> NoReturn:
        raise Blocked(self._missing())

    def _missing(self) -> str:
        failure = self.failure
        assert failure is not None
        charged = ""
        if isinstance(failure, TooLong | Unparsable) and failure.requirement_id:
            charged = f" (charged to {failure.requirement_id})"
        return f"after {self._asked()}: {failure.reason}{charged}"

    def _asked(self) -> str:
        if not self.asked:
            return "connecting"
        return self._quoted(self.asked)

    def _actual(self) -> str:
        if self.failure is not None:
            return self.failure.reason
        return self._quoted(self.octets)

    def _quoted(self, octets: bytes) -> str:
        masked = self.mask(octets)
        return visible(masked[:QUOTED_OCTETS]) + ("..." if len(masked) > QUOTED_OCTETS else "")

    def _wanted(self, alternatives: Sequence[A | Ended]) -> Sequence[A | Ended]:
        return alternatives or self._default()

    def _shown(self, wanted: Sequence[A | Ended]) -> list[str]:
        return [one.value if isinstance(one, Ended) else self._show(one) for one in wanted]

    def _default(self) -> Sequence[A]:
        """Return the alternatives that stand for success."""
        raise NotImplementedError

    def _matches(self, alternative: A | Ended) -> bool:
        raise NotImplementedError

    def _show(self, alternative: A) -> str:
        return str(alternative)

    def _ended_as(self, wanted: Sequence[A | Ended]) -> bool:
        """Whether the end of the connection is one of the alternatives."""
        return CLOSED in wanted

    def _is_transient(self, _wanted: Sequence[A | Ended]) -> bool:
        """Whether the target says that it is not available, which no requirement forbids."""
        return False
