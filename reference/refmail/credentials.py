"""SCRAM keys at rest (RFC 5802 section 2.2): salted, and of no use for logging in by themselves."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# scramp ships no types; what leaves this module is typed here.
from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Self

__all__ = ["SCRAM_HASHES", "ScramKeys"]

#: Octets of a key, by mechanism.
SCRAM_HASHES = {b"SCRAM-SHA-256": 32, b"SCRAM-SHA-1": 20}

#: Lowest and highest iteration count taken from a file (RFC 5802 section 5.1: at least 4096).
_FEWEST, _MOST = 4096, 10_000_000

# authPassword = scheme "$" iterations ":" salt "$" StoredKey ":" ServerKey     (RFC 5803 section 2)
_TEXT = re.compile(r"([A-Z0-9-]+)\$(\d{1,8}):([^:$]+)\$([^:$]+):([^:$]+)")


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What a server keeps of one password for one mechanism."""

    mechanism: bytes
    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, mechanism: bytes, password: str) -> Self:
        """Derive the keys of a password with a fresh salt; takes some milliseconds.

        Raises:
            ValueError: the password holds characters that SASLprep forbids (RFC 4013).
        """
        # Imported here, because few servers need it at their start and all would wait for it.
        from scramp import ScramException, ScramMechanism

        try:
            salt, stored_key, server_key, count = ScramMechanism(mechanism.decode("ascii")).make_auth_info(password)
        except ScramException as error:
            msg = "the password holds characters that no SCRAM client could send"
            raise ValueError(msg) from error
        return cls(mechanism, count, salt, stored_key, server_key)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the form that `to_text` writes.

        Raises:
            ValueError: it is not of that form.
        """
        match = _TEXT.fullmatch(text)
        try:
            parts = [base64.b64decode(part, validate=True) for part in match.groups()[2:]] if match else []
        except binascii.Error:
            parts = []
        mechanism = match[1].encode("ascii") if match else b""
        size = SCRAM_HASHES.get(mechanism, 0)
        iterations = int(match[2]) if match else 0
        # The library takes no salt under 12 octets.
        if (
            [len(part) for part in parts[1:]] != [size, size]
            or len(parts[0]) < 12
            or not _FEWEST <= iterations <= _MOST
        ):
            msg = "SCRAM keys are written MECHANISM$ITERATIONS:SALT$STOREDKEY:SERVERKEY (`refmail hash --scram` makes them)"
            raise ValueError(msg)
        return cls(mechanism, iterations, *parts)

    def to_text(self) -> str:
        """Return the form of RFC 5803 section 2."""
        salt, stored, server = (
            base64.b64encode(octets).decode("ascii") for octets in (self.salt, self.stored_key, self.server_key)
        )
        return f"{self.mechanism.decode('ascii')}${self.iterations}:{salt}${stored}:{server}"
