"""Sequence sets: which messages, by number, by UID, or as the last search saved them (RFC 5182)."""

from __future__ import annotations

from dataclasses import dataclass

from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import nz_number

__all__ = ["SAVED", "SequenceSet", "begins_sequence_set", "sequence_set"]


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """Ranges in the order sent; None is "*", the largest number in use."""

    ranges: tuple[tuple[int | None, int | None], ...]
    #: Whether this is "$", the messages that the last search saved (RFC 5182); there are no ranges then.
    is_saved: bool = False

    def resolve(self, largest: int) -> list[tuple[int, int]]:
        """Return ascending ranges that do not touch, with "*" as `largest`."""
        ordered = sorted(
            (min(first, last), max(first, last))
            for first, last in ((a or largest, b or largest) for a, b in self.ranges)
        )
        merged: list[tuple[int, int]] = []
        for first, last in ordered:
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
        return merged

    @property
    def has_star(self) -> bool:
        """Whether "*" occurs."""
        return any(None in pair for pair in self.ranges)

    @property
    def largest_named(self) -> int:
        """The largest number that stands in the set, 0 where there is only "*"."""
        return max((number or 0 for pair in self.ranges for number in pair), default=0)


#: seq-last-command = "$" (RFC 5182 section 3)
SAVED = SequenceSet((), is_saved=True)


def begins_sequence_set(cursor: Cursor) -> bool:
    """Say whether what comes next can only be a sequence set."""
    return cursor.peek().isdigit() or cursor.peek() in (b"*", b"$")


def seq_number(cursor: Cursor) -> int | None:
    """ABNF: seq-number = nz-number / "*"."""
    return None if cursor.skip(b"*") else nz_number(cursor)


def sequence_set(cursor: Cursor) -> SequenceSet:
    """ABNF: sequence-set = (seq-number / seq-range) *("," sequence-set) / seq-last-command."""
    if cursor.skip(b"$"):
        return SAVED
    ranges: list[tuple[int | None, int | None]] = []
    while True:
        first = seq_number(cursor)
        last = seq_number(cursor) if cursor.skip(b":") else first
        ranges.append((first, last))
        if not cursor.skip(b","):
            return SequenceSet(tuple(ranges))
