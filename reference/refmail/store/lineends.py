r"""The one rule for line ends: LF on disk, CRLF on the wire.

To disk: a CRLF becomes LF, unless a CR stands before it; then it stays.
To wire: a LF becomes CRLF, unless a CR stands before it; then it stays.

Every message without a bare LF comes back octet for octet (also b"\r\r\n" and bare
CRs), a bare LF comes back as CRLF, and files that other programs wrote with CRLF
read as they are. Sizes are always those of the wire form.
"""

from __future__ import annotations

import re

from refmail.message.lines import has_only_crlf

__all__ = ["ends_in_crlf", "normalised", "to_disk", "to_wire", "wire_size"]

_CRLF = re.compile(rb"(?<!\r)\r\n")
_LF = re.compile(rb"(?<!\r)\n")


def to_disk(octets: bytes) -> bytes:
    """Return the octets of the file for a message as it goes over the wire."""
    # Single octets are found much faster than pairs, and nearly every message has nothing but CRLF.
    without_cr = octets.replace(b"\r", b"")
    if without_cr.replace(b"\n", b"\r\n") == octets:
        return without_cr
    if b"\r\r\n" in octets:
        return _CRLF.sub(b"\n", octets)
    return octets.replace(b"\r\n", b"\n")


def to_wire(octets: bytes) -> bytes:
    """Return the message as it goes over the wire for the octets of a file."""
    if b"\r" in octets and b"\r\n" in octets:
        return _LF.sub(b"\r\n", octets)
    return octets.replace(b"\n", b"\r\n")


def normalised(octets: bytes) -> bytes:
    """Return the message as it will be read back."""
    return octets if has_only_crlf(octets) else to_wire(to_disk(octets))


def ends_in_crlf(octets: bytes) -> bool:
    """Whether what the octets of a file become on the wire ends in CRLF or is empty."""
    return not octets or octets.endswith(b"\n")


def wire_size(octets: bytes) -> int:
    """Return the octets that the octets of a file take on the wire."""
    return len(octets) + octets.count(b"\n") - (octets.count(b"\r\n") if b"\r" in octets else 0)
