"""Message octets as they go after DATA (RFC 5321 sections 2.3.8 and 4.5.2)."""

from __future__ import annotations

import re

__all__ = ["stuffed"]

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")


def stuffed(octets: bytes) -> bytes:
    """Return a message with its leading dots doubled and its last line ended, without the final dot.

    A CR or LF that stands alone must not be sent (section 2.3.8) and becomes CRLF:
    passed on as it is, a host that takes it for a line end could see another message in it.
    """
    octets = _BARE.sub(b"\r\n", octets)
    if octets and not octets.endswith(b"\r\n"):
        octets += b"\r\n"
    return _LEADING_DOT.sub(b"..", octets)
