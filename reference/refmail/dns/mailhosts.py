"""What the DNS can say about a domain's mail hosts, as values, and what the router needs of a resolver.

Every lookup ends in one of these; nothing is raised:

    Exchangers      the domain's MX hosts, or itself where it has no MX at all
    NullMx          it says that it takes no mail
    NoSuchDomain    it does not exist: permanent
    DnsTrouble      no answer could be had now: temporary
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Addresses",
    "DnsTrouble",
    "Exchanger",
    "Exchangers",
    "MailHosts",
    "MailResolver",
    "NoSuchDomain",
    "NullMx",
]


@dataclass(frozen=True, slots=True, order=True)
class Exchanger:
    """One host that takes mail for a domain."""

    #: 0 to 65535, lower is tried first.
    preference: int
    #: Lower case, without the final dot.
    name: str


@dataclass(frozen=True, slots=True)
class Exchangers:
    """The hosts that take a domain's mail, by preference."""

    hosts: tuple[Exchanger, ...]
    #: Whether there was no MX record, so that the domain itself stands for one of preference 0.
    implicit: bool = False
    #: The name behind the aliases that were followed; empty where there were none.
    alias_of: str = ""


@dataclass(frozen=True, slots=True)
class NullMx:
    """The domain takes no mail (RFC 7505 section 3)."""


@dataclass(frozen=True, slots=True)
class NoSuchDomain:
    """The name does not exist, or cannot exist: asking again will not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class DnsTrouble:
    """No usable answer: asking again later may help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a host in the order to try them; none if it has no address record."""

    found: tuple[str, ...]


MailHosts = Exchangers | NullMx | NoSuchDomain | DnsTrouble


class MailResolver(Protocol):
    """What the router needs of the DNS."""

    async def mail_hosts(self, domain: str) -> MailHosts: ...
    async def addresses(self, host: str) -> Addresses | NoSuchDomain | DnsTrouble: ...
