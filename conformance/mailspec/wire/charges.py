"""Grammar breaches that targets commit in any check, and what was exercised without one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

__all__ = ["Charge", "Charges"]

#: Breaches of one requirement that are kept with their octets; the others are only counted.
KEPT_PER_REQUIREMENT = 10

#: Octets kept before and after the position of a breach.
CONTEXT_OCTETS = 512


@dataclass(frozen=True, slots=True)
class Charge:
    """One breach of a grammar requirement.

    Args:
        requirement_id: permanent id, for instance "3501/9/envelope".
        octets: the line or response, cut around the breach.
        position: offset of the breach in `octets`.
        reason: what was expected there.
        connection: number of the connection in the transcript.
        event: index of the transcript's event, None when it is not known.
    """

    requirement_id: str
    octets: bytes
    position: int
    reason: str
    connection: int
    event: int | None


class Charges:
    """Collects the breaches of one check.

    Attributes:
        breaches: the charges, bounded per requirement.
        seen: requirements that a reply gave the opportunity to breach.
        counts: breaches by requirement, including the ones that were not kept.
    """

    def __init__(self) -> None:
        self.breaches: list[Charge] = []
        self.seen: set[str] = set()
        self.counts: Counter[str] = Counter()

    def exercised(self, requirement_id: str) -> None:
        """Note that a reply was judged by this requirement."""
        self.seen.add(requirement_id)

    def charge(
        self,
        requirement_id: str,
        octets: bytes,
        position: int,
        reason: str,
        connection: int = 0,
        event: int | None = None,
    ) -> None:
        """Note a breach; octets are cut around its position."""
        self.seen.add(requirement_id)
        self.counts[requirement_id] += 1
        if self.counts[requirement_id] > KEPT_PER_REQUIREMENT:
            return
        start = max(0, position - CONTEXT_OCTETS)
        kept = bytes(octets[start : position + CONTEXT_OCTETS])
        self.breaches.append(Charge(requirement_id, kept, position - start, reason, connection, event))
