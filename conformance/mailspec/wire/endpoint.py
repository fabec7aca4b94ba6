"""Where a service is, and who may log in there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Endpoint", "Login", "TlsMode"]

TlsMode = Literal["none", "starttls", "implicit"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listening service of a target.

    Args:
        host: name or address to connect to.
        port: TCP port.
        tls: "implicit" means TLS from the first octet (RFC 8314 section 3).
        ca: PEM file of the authorities to trust; None means those of the system.
        server_name: name for SNI and for the certificate; None means the host.
        verify: whether the certificate is checked.
    """

    host: str
    port: int
    tls: TlsMode = "none"
    ca: Path | None = None
    server_name: str | None = None
    verify: bool = True

    @property
    def label(self) -> str:
        return f"{self.host}:{self.port}" + (" over TLS" if self.tls == "implicit" else "")


@dataclass(frozen=True, slots=True)
class Login:
    """One account of a target: its mail address, the name to log in with, and the secret."""

    address: bytes
    login: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"Login({self.address!r}, {self.login!r}, secret=...)"
