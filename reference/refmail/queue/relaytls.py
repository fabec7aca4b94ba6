"""TLS on the way to the next host (RFC 3207): taken where it is offered, demanded where that is configured."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["RelayTls", "TlsPolicy"]

#: "none": never; "opportunistic": where it works, with any certificate; "verify": always, with a good certificate.
TlsPolicy = Literal["none", "opportunistic", "verify"]


@dataclass(frozen=True, slots=True)
class RelayTls:
    """What the relay client asks of TLS."""

    policy: TlsPolicy
    context: ssl.SSLContext | None

    @classmethod
    def of(cls, policy: TlsPolicy, ca: Path | None = None) -> RelayTls:
        """Make it from a configuration.

        Args:
            policy: see `TlsPolicy`.
            ca: PEM file with the authorities to trust; those of the operating system where None.

        Raises:
            ValueError: the file cannot be read.
        """
        if policy == "none":
            return cls(policy, None)
        if policy == "opportunistic":
            # Against whoever only listens any certificate helps, and none would be worse (RFC 7435). The
            # authorities of the operating system are not loaded: that takes longer than all else at the start.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            try:
                context = ssl.create_default_context(cafile=ca)
            except (OSError, ssl.SSLError) as error:
                msg = f"{ca} is no PEM file with certificates: {error}"
                raise ValueError(msg) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return cls(policy, context)

    @property
    def required(self) -> bool:
        """Whether nothing goes out without it."""
        return self.policy == "verify"

    @staticmethod
    def server_name(host: str) -> str:
        """Return the name that the host's certificate is for: the MX host's, or the address of a literal."""
        literal = host.strip("[]").lower().removeprefix("ipv6:")
        try:
            return str(ipaddress.ip_address(literal))
        except ValueError:
            return host
