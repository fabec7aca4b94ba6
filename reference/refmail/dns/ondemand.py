"""The resolver of a server: made when it is first asked, as what it imports takes longer than all else at the start.

It notes each question and answer in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from refmail.dns.mailhosts import Addresses, DnsTrouble, Exchangers, MailHosts, MailResolver, NoSuchDomain, NullMx
from refmail.journal import Journal

__all__ = ["ResolverOnDemand"]


class ResolverOnDemand:
    """Takes the arguments of `resolver.Resolver` and a journal, and is one from the first question on."""

    def __init__(
        self, servers: Sequence[tuple[str, int]], *, timeout: float, lifetime: float, journal: Journal
    ) -> None:
        self._servers = tuple(servers)
        self._timeout = timeout
        self._lifetime = lifetime
        self._journal = journal
        self._made: MailResolver | None = None

    async def mail_hosts(self, domain: str) -> MailHosts:
        self._journal.note("dns.question", name=domain, type="MX")
        answer = await (await self._resolver()).mail_hosts(domain)
        self._journal.note("dns.answer", name=domain, type="MX", answer=_described(answer))
        return answer

    async def addresses(self, host: str) -> Addresses | NoSuchDomain | DnsTrouble:
        self._journal.note("dns.question", name=host, type="A/AAAA")
        answer = await (await self._resolver()).addresses(host)
        self._journal.note("dns.answer", name=host, type="A/AAAA", answer=_described(answer))
        return answer

    async def _resolver(self) -> MailResolver:
        if self._made is None:
            self._made = await asyncio.to_thread(self._make)
        return self._made

    def _make(self) -> MailResolver:
        from refmail.dns.resolver import Resolver

        return Resolver(self._servers, timeout=self._timeout, lifetime=self._lifetime)


def _described(answer: MailHosts | Addresses) -> str:
    match answer:
        case Exchangers(hosts, implicit=True):
            return f"no MX, so {hosts[0].name} itself"
        case Exchangers(hosts):
            return ", ".join(f"{host.preference} {host.name}" for host in hosts)
        case NullMx():
            return "null MX: takes no mail"
        case Addresses(found):
            return ", ".join(found) or "no address"
        case NoSuchDomain(reason) | DnsTrouble(reason):
            return reason
