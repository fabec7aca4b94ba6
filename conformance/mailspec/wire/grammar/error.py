"""The one error that a parser may raise."""

from __future__ import annotations

from mailspec.transcript import visible

__all__ = ["GrammarError"]

#: Octets shown on each side of the position.
SHOWN_OCTETS = 40


class GrammarError(Exception):
    """Octets that do not follow their production.

    Args:
        production: ABNF rule that does not match.
        octets: the whole line or response.
        position: offset in `octets` where it stops matching.
        reason: what was wrong there.
        requirement_id: what the breach is charged to.
    """

    def __init__(self, production: str, octets: bytes, position: int, reason: str, requirement_id: str) -> None:
        before = visible(octets[max(0, position - SHOWN_OCTETS) : position])
        after = visible(octets[position : position + SHOWN_OCTETS])
        super().__init__(f"{production}: {reason} at octet {position}: {before}[HERE]{after}")
        self.production = production
        self.octets = octets
        self.position = position
        self.reason = reason
        self.requirement_id = requirement_id
