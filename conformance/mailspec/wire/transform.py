"""How sent octets are cut into segments; no cut may change what a server does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["TRANSFORMS", "Transform", "as_sent", "one_octet", "split_crlf"]

Transform = Callable[[bytes], Iterator[bytes]]

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


#: The transforms by the names that the command line knows.
TRANSFORMS: dict[str, Transform] = {"as-sent": as_sent, "one-octet": one_octet, "split-crlf": split_crlf}
