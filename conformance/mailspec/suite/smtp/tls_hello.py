"""A client's first words of TLS, written by hand: no library of today says them for versions that nobody should speak."""

from __future__ import annotations

from itertools import chain

__all__ = ["VERSIONS", "hello", "version_chosen"]

#: The versions before TLS 1.2, and how they write themselves (RFC 2246 and RFC 4346 section 6.2.1).
VERSIONS = {"TLSv1": b"\x03\x01", "TLSv1.1": b"\x03\x02"}

#: Cipher suites that these versions have, from IANA's registry: with AES and 3DES, by RSA, DHE and ECDHE.
SUITES = (0xC014, 0xC013, 0xC00A, 0xC009, 0x0039, 0x0033, 0x0035, 0x002F, 0xC012, 0x0016, 0x000A)

ALERT, HANDSHAKE, SERVER_HELLO = 0x15, 0x16, 0x02


def _vector(octets: bytes, length: int = 2) -> bytes:
    return len(octets).to_bytes(length, "big") + octets


def hello(version: bytes, name: bytes) -> bytes:
    """Return a ClientHello that goes up to that version and no further.

    Args:
        version: one of `VERSIONS`.
        name: of the server.
    """
    suites = b"".join(suite.to_bytes(2, "big") for suite in SUITES)
    extensions = {
        0: _vector(b"\0" + _vector(name)),
        # The curves secp256r1, secp384r1 and secp521r1, and points as they are.
        10: _vector(b"\0\x17\0\x18\0\x19"),
        11: _vector(b"\0", 1),
        # Renegotiation, of which there is none (RFC 5746).
        0xFF01: b"\0",
    }
    written = b"".join(
        chain.from_iterable((kind.to_bytes(2, "big"), _vector(data)) for kind, data in extensions.items())
    )
    body = version + bytes(range(32)) + b"\0" + _vector(suites) + b"\x01\0" + _vector(written)
    return bytes((HANDSHAKE, 3, 1)) + _vector(b"\x01" + _vector(body, 3))


def version_chosen(octets: bytes) -> str | None:
    """Return which of `VERSIONS` a server agrees to; None for an alert, the end of the connection, or another answer."""
    if len(octets) < 11 or octets[0] != HANDSHAKE or octets[5] != SERVER_HELLO:
        return None
    return next((name for name, version in VERSIONS.items() if octets[9:11] == version), None)
