"""Other ways of bringing octets onto the wire, for every protocol."""

from __future__ import annotations

from collections.abc import Iterator

from refmail import variants
from refmail.config import Config
from refmail.transport.connection import Segments

#: Octets of one write that go out one by one; the rest goes in pieces of an odd size.
_SINGLE, _PIECE = 600, 1021


@variants.part("segments")
def octet_by_octet(_config: Config) -> Segments:
    """Replies leave octet by octet, each in a segment of its own."""
    return _split


def _split(octets: bytes) -> Iterator[bytes]:
    for position in range(min(_SINGLE, len(octets))):
        yield octets[position : position + 1]
    for position in range(_SINGLE, len(octets), _PIECE):
        yield octets[position : position + _PIECE]
