"""How sent octets are cut into segments, or gathered into one; neither may change what a server does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["AS_SENT", "TRANSFORMS", "Transform", "as_sent", "one_octet", "split_crlf"]


@dataclass(frozen=True, slots=True)
class Transform:
    """One way to bring octets on their way.

    Args:
        cut: yields the segments of what is sent.
        gathers: whether sends wait for each other until something is read.
    """

    cut: Callable[[bytes], Iterator[bytes]]
    gathers: bool = False


#: Octets of one send that are cut into single octets; the rest follows whole, or large messages would take minutes.
ONE_BY_ONE_OCTETS = 16 * 1024

#: The places where receivers lose state: between CR and LF, and on both sides of a dot that begins a line.
SEAM = re.compile(rb"(?<=\r)(?=\n)|(?<=\n)(?=\.)|(?<=\n\.)(?=\r)")


def as_sent(octets: bytes) -> Iterator[bytes]:
    """Yield the octets as they are."""
    yield octets


def one_octet(octets: bytes) -> Iterator[bytes]:
    """Yield one octet at a time."""
    for position in range(min(len(octets), ONE_BY_ONE_OCTETS)):
        yield octets[position : position + 1]
    if len(octets) > ONE_BY_ONE_OCTETS:
        yield octets[ONE_BY_ONE_OCTETS:]


def split_crlf(octets: bytes) -> Iterator[bytes]:
    """Yield segments that end inside CRLF, and beside a dot at the beginning of a line."""
    start = 0
    for seam in SEAM.finditer(octets):
        if seam.end() > start:
            yield octets[start : seam.end()]
            start = seam.end()
    if start < len(octets):
        yield octets[start:]


AS_SENT = Transform(as_sent)

#: The transforms by the names that the command line knows.
TRANSFORMS: dict[str, Transform] = {
    "as-sent": AS_SENT,
    "one-octet": Transform(one_octet),
    "split-crlf": Transform(split_crlf),
    "coalesced": Transform(as_sent, gathers=True),
}
