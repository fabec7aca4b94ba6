"""What a server has to say of itself so that the rest of this package can install, start and describe it.

A new server is one file with a driver, and its line in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mailspec.lab.servers.orders import Account, ConfigFile

__all__ = [
    "ACCOUNT_NAMES",
    "CERTIFICATE",
    "DOMAIN",
    "HOSTNAME",
    "KEY",
    "LAN_ADDRESS",
    "LOOPBACK",
    "Driver",
    "Reach",
    "ServiceName",
    "Site",
]

#: Name of the host, and the domain it receives mail for. `.test` belongs to nobody (RFC 6761 section 6.2).
HOSTNAME = "mx.local.test"
DOMAIN = "local.test"
#: Accounts in pairs: the suite's worker k uses numbers 2k and 2k+1.
ACCOUNT_NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")

#: Where the server finds its certificate and its key.
CERTIFICATE = "/etc/ssl/mailspec/server.pem"
KEY = "/etc/ssl/mailspec/server.key"

#: Where servers listen. The second one is for servers that trust whoever connects by way of the first.
LOOPBACK = "127.0.0.1"
LAN_ADDRESS = "192.0.2.1"

ServiceName = Literal["smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "imap", "imaps"]


@dataclass(frozen=True, slots=True)
class Site:
    """What is decided anew at each start."""

    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """How a service is reached."""

    name: ServiceName
    port: int
    tls: Literal["none", "starttls", "implicit"] = "none"


class Driver(Protocol):
    """One kind of target."""

    @property
    def name(self) -> str:
        """Name on the command line."""
        ...

    @property
    def packages(self) -> Sequence[str]:
        """Debian packages, without what they recommend; the first ones give the target's version."""
        ...

    @property
    def preseed(self) -> Sequence[str]:
        """Answers to questions of the packages, in the form of debconf-set-selections."""
        ...

    @property
    def setup(self) -> Sequence[str]:
        """Shell commands run once, after the installation."""
        ...

    @property
    def services(self) -> Sequence[Reach]:
        """What the profile says of the services."""
        ...

    @property
    def start(self) -> Sequence[str]:
        """Shell commands that start the daemons; each returns when its daemon is in the background."""
        ...

    @property
    def address(self) -> str:
        """The address the server listens on, LOOPBACK or LAN_ADDRESS."""
        ...

    @property
    def ports(self) -> Sequence[int]:
        """All ports that accept connections when the server is up."""
        ...

    @property
    def namespace_prefix(self) -> str:
        """What every IMAP mailbox name must begin with."""
        ...

    def files(self, site: Site) -> Sequence[ConfigFile]:
        """Return the files to be written at each start."""
        ...
