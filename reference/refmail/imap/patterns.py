"""Patterns of LIST and LSUB (RFC 3501 section 6.3.8)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from refmail.imap import names

__all__ = ["Pattern"]

_WILDCARDS = re.compile(rb"([%*])")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A mailbox pattern, decoded; matches the store's names."""

    #: Names and wildcards in turn: name, wildcard, name, ..., name.
    pieces: tuple[str, ...]

    @classmethod
    def from_wire(cls, octets: bytes) -> Pattern:
        """Decode a pattern piece by piece, so that a wildcard may stand beside an encoded name.

        Raises:
            BadName: a piece is not modified UTF-7.
        """
        return cls(tuple(names.decode(piece) for piece in _WILDCARDS.split(octets)))

    @property
    def wants_levels(self) -> bool:
        """Whether "%" is last, so that levels of the hierarchy match too."""
        return self.pieces[-2:] == ("%", "")

    def matches(self, name: str) -> bool:
        """Say whether the whole name matches; a first level INBOX may be spelled in any case in the pattern."""
        if _match(self.pieces, name):
            return True
        if name.split(names.DELIMITER)[0] != "INBOX":
            return False
        level, delimiter, rest = self.pieces[0].partition(names.DELIMITER)
        return _match((level.upper() + delimiter + rest, *self.pieces[1:]), name)


def _match(pieces: tuple[str, ...], name: str) -> bool:
    """Match by a set of reachable positions: linear in pattern times name, whatever the wildcards."""
    if not name.startswith(pieces[0]):
        return False
    reached = {len(pieces[0])}
    for wildcard, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        starts: set[int] = set()
        for position in reached:
            starts.update(range(position, _reach(wildcard, name, position) + 1))
        reached = {start + len(literal) for start in starts if name.startswith(literal, start)}
    return len(name) in reached


def _reach(wildcard: str, name: str, position: int) -> int:
    """Return the last position that a wildcard can run to."""
    if wildcard == "*":
        return len(name)
    end = name.find(names.DELIMITER, position)
    return len(name) if end < 0 else end
