"""How the MTA asks the DNS where a domain's mail goes (RFC 5321 section 5.1, RFC 7505); `mailhosts` has the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdatatype
import dns.rdtypes.ANY.MX
import dns.resolver

from refmail.dns.mailhosts import (
    Addresses,
    DnsTrouble,
    Exchanger,
    Exchangers,
    MailHosts,
    NoSuchDomain,
    NullMx,
)

__all__ = ["Resolver"]

#: Aliases followed one after another when the server answers with nothing but a CNAME.
MAX_ALIASES = 8
#: Octets of a UDP answer that we take (RFC 6891 section 6.2.5).
UDP_SIZE = 1232


@dataclass(frozen=True, slots=True)
class _Found:
    """The records of one type, none or more, and the name they are at after all aliases."""

    records: tuple[dns.rdata.Rdata, ...]
    name: str


class Resolver:
    """Asks the given servers and no others; no file of the operating system is read, nothing is cached.

    Args:
        servers: (address, port) of each server; without any, every lookup ends in DnsTrouble.
        timeout: seconds to wait for one answer of one server.
        lifetime: seconds for a whole lookup.
        families: the address record types to look up, in the order to try them.
    """

    def __init__(
        self,
        servers: Sequence[tuple[str, int]],
        *,
        timeout: float = 2.0,
        lifetime: float = 6.0,
        families: Sequence[str] = ("A", "AAAA"),
    ) -> None:
        self._families = tuple(families)
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._resolver.timeout = timeout
        self._resolver.lifetime = lifetime
        self._resolver.search = []
        self._resolver.use_edns(0, 0, UDP_SIZE)

    async def mail_hosts(self, domain: str) -> MailHosts:
        """Return where mail for a domain goes; CNAMEs are followed (RFC 5321 section 5.1)."""
        answer = await self._ask(domain, "MX")
        if not isinstance(answer, _Found):
            return answer
        hosts: list[Exchanger] = []
        for item in answer.records:
            assert isinstance(item, dns.rdtypes.ANY.MX.MX)
            if item.exchange != dns.name.root:
                hosts.append(Exchanger(item.preference, _text(item.exchange)))
        asked = domain.rstrip(".").lower()
        alias_of = "" if answer.name == asked else answer.name
        if not answer.records:
            return Exchangers((Exchanger(0, asked),), implicit=True, alias_of=alias_of)
        if not hosts:
            return NullMx()
        return Exchangers(tuple(sorted(set(hosts))), alias_of=alias_of)

    async def addresses(self, host: str) -> Addresses | NoSuchDomain | DnsTrouble:
        """Return a host's addresses; trouble with one family matters only where the other has none."""
        found: list[str] = []
        trouble: DnsTrouble | None = None
        for family in self._families:
            answer = await self._ask(host, family)
            if isinstance(answer, NoSuchDomain):
                return answer
            if isinstance(answer, DnsTrouble):
                trouble = answer
            else:
                found += [item.to_text() for item in answer.records]
        if not found and trouble is not None:
            return trouble
        return Addresses(tuple(dict.fromkeys(found)))

    async def _ask(self, name: str, kind: str) -> _Found | NoSuchDomain | DnsTrouble:
        """Return the records of one type at a name or at what it is an alias of."""
        try:
            target = dns.name.from_text(name)
            for _ in range(MAX_ALIASES):
                answer = await self._resolver.resolve(target, kind, raise_on_no_answer=False)
                if answer.rrset is not None:
                    records: list[dns.rdata.Rdata] = list(answer.rrset)
                    return _Found(tuple(records), _text(answer.canonical_name))
                if _is_referral(answer.response):
                    return DnsTrouble(f"the server asked for {name} does not serve it")
                # A server that does not follow the alias itself leaves that to us.
                if answer.canonical_name == target:
                    return _Found((), _text(target))
                target = answer.canonical_name
        except dns.resolver.NXDOMAIN:
            return NoSuchDomain(f"{name} does not exist")
        except (dns.resolver.NoNameservers, dns.resolver.LifetimeTimeout, dns.message.ChainTooLong) as error:
            return DnsTrouble(f"no answer for {name} {kind}: {error}")
        except dns.exception.DNSException as error:
            # A name that no DNS can hold, above all: an empty or overlong label.
            return NoSuchDomain(f"{name} cannot be looked up: {error}")
        except OSError as error:
            return DnsTrouble(f"no answer for {name} {kind}: {error}")
        return DnsTrouble(f"{name} is an alias of an alias, more than {MAX_ALIASES} times")


def _is_referral(response: dns.message.Message) -> bool:
    """Whether an empty answer comes from a server that neither serves the zone nor asks others."""
    knows = response.flags & (dns.flags.AA | dns.flags.RA)
    return not knows and any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
