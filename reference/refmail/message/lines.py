"""What line ends a message has, found out at the speed at which memory is read."""

from __future__ import annotations

__all__ = ["has_only_crlf"]


def has_only_crlf(octets: bytes) -> bool:
    """Say whether each CR and each LF is part of a CRLF (RFC 5321 section 2.3.8)."""
    # Single octets are found much faster than pairs.
    return octets.replace(b"\r", b"").replace(b"\n", b"\r\n") == octets
