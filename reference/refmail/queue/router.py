"""Where the mail for a domain goes: the ordered addresses of RFC 5321 section 5.1, or why there are none."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from refmail.dns.mailhosts import (
    Addresses,
    DnsTrouble,
    Exchanger,
    Exchangers,
    MailHosts,
    MailResolver,
    NoSuchDomain,
    NullMx,
)
from refmail.journal import Journal

__all__ = ["Hop", "Later", "Relay", "Route", "Router", "Unroutable"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One address of one host to try."""

    #: The host's name, or the literal's address.
    host: str
    #: IP address.
    address: str
    preference: int = 0


@dataclass(frozen=True, slots=True)
class Relay:
    """Try these addresses in order."""

    hops: tuple[Hop, ...]

    @property
    def key(self) -> frozenset[tuple[int, str]]:
        """What two domains have in common that are served by the same hosts."""
        return frozenset((hop.preference, hop.address) for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Unroutable:
    """There is nowhere to send it, and there will not be."""

    #: SMTP reply code that says so.
    code: int
    #: Enhanced status code (RFC 3463).
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """It cannot be told now; try again."""

    status: str
    reason: str


Route = Relay | Unroutable | Later

#: The requirement that decides, by the kind of DNS answer.
_RULES: Mapping[type, str] = {
    Exchangers: "5321/5.1/lowest-preference-first",
    NullMx: "7505/4.1/null-mx-fails-at-once",
    NoSuchDomain: "5321/5.1/nxdomain-reported",
    DnsTrouble: "5321/5.1/temporary-dns-error-queued",
}


def decision(domain: str, answer: MailHosts | None, route: Route) -> dict[str, object]:
    """Return what a routing decision rests on: the DNS answer (None for a literal), the hosts, and the rule."""
    facts: dict[str, object] = {"domain": domain, "answer": "literal" if answer is None else type(answer).__name__}
    rule = "5321/4.1.3" if answer is None else _RULES[type(answer)]
    if isinstance(answer, Exchangers):
        facts["mx"] = [f"{host.preference} {host.name}" for host in answer.hosts]
        facts["alias_of"] = answer.alias_of
        rule = "5321/5.1/implicit-mx" if answer.implicit else rule
        rule = "5321/5.1/alias-followed" if answer.alias_of else rule
        if not isinstance(route, Relay):
            rule = "5321/5.1" if route.status == "5.4.6" else "5321/5.1/unusable-mx-reported"
    if isinstance(route, Relay):
        facts["hosts"] = [f"{hop.preference} {hop.host} {hop.address}" for hop in route.hops]
    else:
        facts |= {"status": route.status, "reason": route.reason}
    return {**facts, "rule": rule}


class Router:
    """Decides by the DNS; each step is a method, so that one can be replaced.

    Args:
        resolver: the DNS.
        random: orders hosts of equal preference.
        own_names: names by which this server is known, lower case.
        own_addresses: IP addresses on which this server takes mail from outside.
        journal: where each decision is noted, with what the DNS said and which rule applied.
    """

    def __init__(
        self,
        resolver: MailResolver,
        random: Random,
        *,
        own_names: Collection[str] = (),
        own_addresses: Collection[str] = (),
        journal: Journal | None = None,
    ) -> None:
        self.journal = journal or Journal(time.monotonic, keep=100)
        self.resolver = resolver
        self.random = random
        self.own_names = frozenset(own_names)
        self.own_addresses = frozenset(own_addresses)

    async def route(self, domain: str) -> Route:
        """Return where mail for a domain or an address literal goes, and log why."""
        if domain.startswith("["):
            route = self.literal(domain)
            self.journal.note("queue.route", **decision(domain, None, route))
            return route
        answer = await self.resolver.mail_hosts(domain)
        route = await self.follow(domain, answer)
        self.journal.note("queue.route", **decision(domain, answer, route))
        return route

    async def follow(self, domain: str, answer: MailHosts) -> Route:
        """Return where mail goes, given what the DNS says of the domain."""
        match answer:
            case NoSuchDomain(reason):
                return self.no_such_domain(domain, reason)
            case DnsTrouble(reason):
                return self.trouble(domain, reason)
            case NullMx():
                return await self.null_mx(domain)
            case Exchangers() as found:
                return await self.relay(domain, found)

    async def has_null_mx(self, domain: str) -> bool:
        """Say whether mail for a domain would be refused because of its null MX (RFC 7505 section 4.1)."""
        if domain.startswith("[") or not isinstance(await self.resolver.mail_hosts(domain), NullMx):
            return False
        return isinstance(await self.null_mx(domain), Unroutable)

    def literal(self, domain: str) -> Route:
        """Return the address that a literal names (RFC 5321 section 4.1.3)."""
        text = domain.strip("[]")
        if text[:5].lower() == "ipv6:":
            text = text[5:]
        try:
            address = str(ipaddress.ip_address(text))
        except ValueError:
            return Unroutable(550, "5.1.2", f"no address is known for {domain}")
        if address in self.own_addresses:
            return Unroutable(550, "5.4.6", f"{domain} is this server: the mail would loop")
        return Relay((Hop(domain, address),))

    def no_such_domain(self, domain: str, reason: str) -> Route:
        """A name that does not exist is an error at once."""
        del domain
        return Unroutable(550, "5.1.2", reason)

    def trouble(self, domain: str, reason: str) -> Route:
        """A temporary DNS error keeps the message in the queue."""
        del domain
        return Later("4.4.3", reason)

    async def null_mx(self, domain: str) -> Route:
        """A domain that takes no mail is an error at once (RFC 7505 section 4.1)."""
        return Unroutable(556, "5.1.10", f"{domain} takes no mail: it has a null MX")

    async def relay(self, domain: str, found: Exchangers) -> Route:
        """Return the addresses of the hosts that are left after ordering and self-removal."""
        ordered = self.order(found.hosts)
        answers = await asyncio.gather(*(self.resolver.addresses(host.name) for host in ordered))
        known = [
            (host, answer.found if isinstance(answer, Addresses) else ())
            for host, answer in zip(ordered, answers, strict=True)
        ]
        kept = self.without_self(known)
        if not kept:
            return Unroutable(550, "5.4.6", f"the mail for {domain} would loop back to this server")
        hops = tuple(
            dict.fromkeys(Hop(host.name, address, host.preference) for host, found in kept for address in found)
        )
        if hops:
            return Relay(_first_of_each_address(hops))
        return await self.unusable(domain, [answer for answer in answers if isinstance(answer, DnsTrouble)])

    def order(self, hosts: Iterable[Exchanger]) -> list[Exchanger]:
        """Return hosts by preference, equal ones in random order."""
        shuffled = list(hosts)
        self.random.shuffle(shuffled)
        return sorted(shuffled, key=lambda host: host.preference)

    def without_self(
        self, known: Sequence[tuple[Exchanger, tuple[str, ...]]]
    ) -> list[tuple[Exchanger, tuple[str, ...]]]:
        """Drop this server, and every host that is no better than it: they would send the message back."""
        own = [
            host.preference
            for host, addresses in known
            if host.name in self.own_names or not self.own_addresses.isdisjoint(addresses)
        ]
        if not own:
            return list(known)
        return [(host, addresses) for host, addresses in known if host.preference < min(own)]

    async def unusable(self, domain: str, troubles: Sequence[DnsTrouble]) -> Route:
        """Not one host has an address; whether that is final depends on why."""
        if troubles:
            return Later("4.4.3", troubles[0].reason)
        return Unroutable(550, "5.4.4", f"no host for {domain} has an address")


def _first_of_each_address(hops: Sequence[Hop]) -> tuple[Hop, ...]:
    first: dict[str, Hop] = {}
    for hop in hops:
        first.setdefault(hop.address, hop)
    return tuple(first.values())
