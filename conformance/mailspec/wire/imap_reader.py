"""Reads single IMAP responses from a stream under the strict grammar, with bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

from mailspec.wire.deadline import Deadline
from mailspec.wire.failure import Failure, TooLong
from mailspec.wire.grammar.imap import Dialect, parse_greeting, parse_response
from mailspec.wire.grammar.imap.frame import announced_literal
from mailspec.wire.grammar.imap.values import Response
from mailspec.wire.stream import Stream

__all__ = ["Received", "read_response"]

#: Longest line in octets, literals not counted. No RFC sets a limit for responses.
LINE_OCTETS = 1024 * 1024

#: Longest single literal, and longest response with all its literals, in octets.
LITERAL_OCTETS, RESPONSE_OCTETS = 48 * 1024 * 1024, 64 * 1024 * 1024

#: One more than the largest length of a literal (RFC 3501 section 9: number).
NUMBER_END = 2**32


@dataclass(frozen=True, slots=True)
class Received:
    """One response: its octets and what they say."""

    octets: bytes
    value: Response


def read_response(stream: Stream, deadline: Deadline, dialect: Dialect, *, greeting: bool) -> Received | Failure:
    """Read one response and charge its first breach.

    Args:
        stream: where it comes from.
        deadline: for all of it.
        dialect: what the server has announced.
        greeting: whether it is the first of the connection.
    """
    octets = _read_octets(stream, deadline)
    if isinstance(octets, Failure):
        return octets
    parsed = (parse_greeting if greeting else parse_response)(octets, dialect)
    for requirement_id in parsed.exercised:
        stream.recorder.charges.exercised(requirement_id)
    if parsed.error is not None:
        error = parsed.error
        _charge(stream, error.requirement_id, octets, error.position, f"{error.production}: {error.reason}")
    return Received(octets, parsed.value)


def _read_octets(stream: Stream, deadline: Deadline) -> bytes | Failure:
    pieces: list[bytes] = []
    size = 0
    while True:
        line = stream.read_line(LINE_OCTETS, deadline)
        if isinstance(line, Failure):
            return line
        digits = announced_literal(line, first=not pieces)
        pieces.append(line)
        size += len(line)
        if digits is None:
            return b"".join(pieces)
        length = int(digits) if len(digits) <= 20 else NUMBER_END
        if length > LITERAL_OCTETS or size + length > RESPONSE_OCTETS:
            return _unbearable(stream, line, length)
        literal = stream.read_exact(length, deadline)
        if isinstance(literal, Failure):
            return literal
        pieces.append(literal)
        size += length


def _unbearable(stream: Stream, line: bytes, length: int) -> TooLong:
    """Refuse a literal that is longer than we read, and charge a length that no number may have."""
    requirement_id = None
    if length >= NUMBER_END:
        requirement_id = "3501/9/string"
        _charge(stream, requirement_id, line, line.rfind(b"{"), "literal: expected a length below 2^32")
    reason = f"the target announced a literal that makes the response longer than {RESPONSE_OCTETS} octets"
    return stream.give_up(TooLong(reason, line[-512:], requirement_id))


def _charge(stream: Stream, requirement_id: str, octets: bytes, position: int, reason: str) -> None:
    stream.recorder.charges.charge(requirement_id, octets, position, reason, stream.connection, stream.event)
