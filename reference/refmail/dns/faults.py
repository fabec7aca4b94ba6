"""Ways in which the fake DNS misbehaves on purpose, counted so that tests are deterministic."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Fault", "FaultKind", "FaultPlan"]


class FaultKind(enum.StrEnum):
    """What happens instead of the right answer."""

    #: RCODE 2, with nothing in it.
    SERVFAIL = "servfail"
    #: RCODE 5, with nothing in it.
    REFUSED = "refused"
    #: RCODE 3 although the name may exist.
    NXDOMAIN = "nxdomain"
    #: No answer at all.
    SILENCE = "silence"
    #: The right answer, `delay` seconds late.
    DELAY = "delay"
    #: Over UDP an empty answer with TC; over TCP the right one.
    TRUNCATE = "truncate"
    #: A referral to the root without authority, as a server gives that does not serve the zone.
    LAME = "lame"
    #: `octets` after the query's id, which no DNS message looks like.
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour and the queries it applies to.

    The queries that match are counted: the first `skip` are answered rightly, the next
    `count` (None: all) get the fault.
    """

    kind: FaultKind
    #: The query type it applies to, or None for every type.
    type: str | None = None
    skip: int = 0
    count: int | None = None
    #: Seconds, for DELAY.
    delay: float = 0.0
    #: What follows the id, for GARBAGE.
    octets: bytes = b"\xff" * 7


class FaultPlan:
    """The faults of one name, and how many queries each has seen."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        self._faults.append((fault, [0]))

    def next(self, query_type: str) -> Fault | None:
        """Count a query and return the fault it gets, if any; of several the first."""
        chosen: Fault | None = None
        for fault, seen in self._faults:
            if fault.type is not None and fault.type != query_type:
                continue
            index = seen[0]
            seen[0] += 1
            within = index >= fault.skip and (fault.count is None or index < fault.skip + fault.count)
            if within and chosen is None:
                chosen = fault
        return chosen
