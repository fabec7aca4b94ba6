"""Wrong MTAs: routers and relay clients that break RFC 5321 section 5.1, RFC 7505 and what goes with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from refmail import mutants
from refmail.dns.mailhosts import Addresses, DnsTrouble, Exchanger, Exchangers
from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.client import RelayClient, Result, Results, SessionRefused, Verdict
from refmail.queue.dialogue import Dialogue
from refmail.queue.router import Hop, Later, Relay, Route, Router, Unroutable

_NEXT = "5321/5.1/next-after-"


# Routers.


@mutants.part("router", "5321/5.1/lowest-preference-first", "5321/5.1/preference-order")
class HighestPreferenceFirst(Router):
    """MX hosts are tried by descending preference number."""

    def order(self, hosts: Iterable[Exchanger]) -> list[Exchanger]:
        return super().order(hosts)[::-1]


@mutants.part("router", "5321/5.1/equal-preference-spread")
class FixedOrderOfEquals(Router):
    """Hosts of equal preference are always tried in the order of their names."""

    def order(self, hosts: Iterable[Exchanger]) -> list[Exchanger]:
        return sorted(hosts)


@mutants.part("router", "5321/5.1/all-addresses-tried")
class OneAddressOfEachHost(Router):
    """Only one address of each host is tried."""

    async def relay(self, domain: str, found: Exchangers) -> Route:
        route = await super().relay(domain, found)
        if not isinstance(route, Relay):
            return route
        first = {hop.host: hop for hop in reversed(route.hops)}
        return Relay(tuple(hop for hop in route.hops if first[hop.host] is hop))


@mutants.part("router", "5321/5.1/preference-order")
class TwoHostsAtMost(Router):
    """Hosts after the second preference are never tried."""

    async def relay(self, domain: str, found: Exchangers) -> Route:
        kept = sorted({host.preference for host in found.hosts})[:2]
        return await super().relay(domain, replace(found, hosts=tuple(h for h in found.hosts if h.preference in kept)))


@mutants.part("router", "5321/5.1/implicit-mx")
class NoMailWithoutMx(Router):
    """A domain without MX records gets no mail."""

    async def relay(self, domain: str, found: Exchangers) -> Route:
        if found.implicit:
            return Unroutable(550, "5.4.4", f"{domain} has no MX")
        return await super().relay(domain, found)


@mutants.part("router", "5321/5.1/alias-followed")
class AliasesIgnored(Router):
    """A domain that is an alias is treated as if it had no mail host."""

    async def relay(self, domain: str, found: Exchangers) -> Route:
        if found.alias_of:
            return Unroutable(550, "5.1.2", f"{domain} is an alias")
        return await super().relay(domain, found)


class _ByAddress(Router):
    """Can route to the address records of the domain itself."""

    async def by_address(self, domain: str) -> Relay | None:
        answer = await self.resolver.addresses(domain)
        if isinstance(answer, Addresses) and answer.found:
            return Relay(tuple(Hop(domain, address) for address in answer.found))
        return None


@mutants.part("router", "5321/5.1/no-address-fallback")
class FallbackToAddress(_ByAddress):
    """Where no MX host can be used, the domain's own address is tried."""

    async def unusable(self, domain: str, troubles: Sequence[DnsTrouble]) -> Route:
        return await self.by_address(domain) or await super().unusable(domain, troubles)


@mutants.part("router", "7505/3/null-mx-not-contacted")
class NullMxIgnored(_ByAddress):
    """A domain with a null MX gets its mail at its address, if it has one."""

    async def null_mx(self, domain: str) -> Route:
        return await self.by_address(domain) or await super().null_mx(domain)


@mutants.part("router", "7505/4.1/null-mx-fails-at-once")
class NullMxRetried(Router):
    """Mail for a domain with a null MX is tried again until it is given up."""

    async def null_mx(self, domain: str) -> Route:
        return Later("4.1.10", f"{domain} has a null MX")


@mutants.part("router", "5321/5.1/unusable-mx-reported")
class UnusableMxRetried(Router):
    """Mail for a domain whose MX host does not exist is tried again until it is given up."""

    async def unusable(self, domain: str, troubles: Sequence[DnsTrouble]) -> Route:
        return Later("4.4.4", f"no host for {domain} has an address yet")


@mutants.part("router", "5321/5.1/nxdomain-reported")
class NxdomainRetried(Router):
    """Mail for a domain that does not exist is tried again until it is given up."""

    def no_such_domain(self, domain: str, reason: str) -> Route:
        return Later("4.1.2", reason)


@mutants.part("router", "5321/5.1/temporary-dns-error-queued")
class ServfailIsFinal(Router):
    """A temporary DNS error returns the message at once."""

    def trouble(self, domain: str, reason: str) -> Route:
        return Unroutable(550, "5.4.3", reason)


# Relay clients.


@mutants.part(
    "relay",
    f"{_NEXT}refused-connection",
    f"{_NEXT}lost-connection",
    "5321/5.1/all-addresses-tried",
    "5321/5.1/preference-order",
)
class NoNextAfterFailedConnection(RelayClient):
    """A host that cannot be reached ends the attempt."""

    def goes_on(self, result: Result) -> bool:
        return super().goes_on(result) and result.code != 0


@mutants.part("relay", f"{_NEXT}lost-connection", "5321/5.1/preference-order")
class NoNextAfterLostConnection(RelayClient):
    """A connection that breaks ends the attempt; one that is refused does not."""

    def goes_on(self, result: Result) -> bool:
        return super().goes_on(result) and not result.text.startswith(("no reply", "sending"))


@mutants.part("relay", f"{_NEXT}421-greeting")
class NoNextAfter421(RelayClient):
    """A greeting with 421 ends the attempt."""

    def goes_on(self, result: Result) -> bool:
        return super().goes_on(result) and result.code != 421


@mutants.part("relay", f"{_NEXT}554-greeting")
class NoNextAfter554(RelayClient):
    """A greeting with 554 is taken for a refusal of the message."""

    async def attempt(self, hop: Hop, envelope: Envelope, rest: Sequence[Recipient], octets: bytes) -> Results:
        results = await super().attempt(hop, envelope, rest, octets)
        return {
            address: replace(result, verdict=Verdict.FAILED) if result.code == 554 else result
            for address, result in results.items()
        }


@mutants.part("relay", f"{_NEXT}4yz")
class NoNextAfter4yz(RelayClient):
    """A temporary refusal ends the attempt."""

    def goes_on(self, result: Result) -> bool:
        return super().goes_on(result) and (result.code == 421 or not 400 <= result.code < 500)


@mutants.part("relay", "5321/4.2.1/permanent-not-repeated")
class NextAfter5yz(RelayClient):
    """A recipient refused for good is offered to the next host."""

    def goes_on(self, result: Result) -> bool:
        return result.verdict is not Verdict.DELIVERED


@mutants.part("relay", "5321/2.2.1/helo-fallback")
class NoHeloFallback(RelayClient):
    """A host without EHLO is given up."""

    async def introduce(self, dialogue: Dialogue) -> Mapping[bytes, bytes]:
        greeting = await dialogue.reply(self.timeouts.greeting)
        if not greeting.positive:
            raise SessionRefused.by(greeting)
        reply = await dialogue.command(b"EHLO %b" % self.hostname, self.timeouts.ehlo)
        if not reply.positive:
            raise SessionRefused.by(reply)
        return reply.offers()


@mutants.part("relay", "5321/4.5.2/stuff")
class NoStuffing(RelayClient):
    """Lines that begin with a period go out as they are."""

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        reply = await dialogue.command(b"DATA", self.timeouts.data)
        if not reply.intermediate:
            return self.judged(reply, hop)
        await dialogue.send(octets + b".\r\n", self.timeouts.block)
        return self.judged(await dialogue.reply(self.timeouts.end), hop)


@mutants.part("relay", "5321/4.5.4.1/one-copy")
class OneCopyEach(RelayClient):
    """Each recipient gets a copy and a transaction of its own."""

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        results: Results = {}
        for recipient in envelope.recipients:
            results |= await super().deliver(hops, replace(envelope, recipients=(recipient,)), octets)
        return results


@mutants.part("relay", "5321/6.1/report-null-reverse-path", "6531/3.2/report-format")
class ReportsFromPostmaster(RelayClient):
    """Failure reports are sent with the postmaster as their reverse-path."""

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        sender = envelope.reverse_path or Address(b"postmaster", self.hostname)
        return await super().deliver(hops, replace(envelope, reverse_path=sender), octets)


@mutants.part("relay", "5321/6.1/report-to-return-path")
class ReportsInLowerCase(RelayClient):
    """Failure reports go to the sender's address in lower case, which may be another mailbox."""

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        if envelope.reverse_path is not None:
            return await super().deliver(hops, envelope, octets)
        changed = tuple(
            replace(r, address=Address(r.address.local_part.lower(), r.address.domain)) for r in envelope.recipients
        )
        results = await super().deliver(hops, replace(envelope, recipients=changed), octets)
        pairs = zip(envelope.recipients, changed, strict=True)
        return {before.address: results[after.address] for before, after in pairs}
