"""Debian's mail clients in a root file system of their own: the layer that the real-client tests run them from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailspec.lab.servers.driver import LOOPBACK, Reach, Site
from mailspec.lab.servers.orders import ConfigFile

__all__ = ["ClientLayer"]


@dataclass(frozen=True)
class ClientLayer:
    """Described as a server would be, with nothing to start: refmail runs beside the clients, outside their root."""

    name: str = "clients"
    #: The clients first; after them what they only recommend: mechanisms of SASL, and TLS for swaks.
    packages: Sequence[str] = (
        *("swaks", "msmtp", "curl", "mutt", "fetchmail", "isync", "s-nail", "mpop"),
        *("libsasl2-modules", "libnet-ssleay-perl", "libauthen-sasl-perl", "libdigest-hmac-perl"),
    )
    preseed: Sequence[str] = ("msmtp msmtp/apparmor boolean false",)
    setup: Sequence[str] = ()
    services: Sequence[Reach] = ()
    start: Sequence[str] = ()
    address: str = LOOPBACK
    ports: Sequence[int] = ()
    namespace_prefix: str = ""

    def files(self, site: Site) -> Sequence[ConfigFile]:
        """Nothing is written beforehand; each test furnishes its own folder."""
        del site
        return ()
