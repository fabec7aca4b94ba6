"""The resolver of a server that sends nothing to other domains."""

from __future__ import annotations

from refmail.dns.mailhosts import Addresses, DnsTrouble, MailHosts, NoSuchDomain

__all__ = ["Unconfigured"]


class Unconfigured:
    """Knows no name and asks nobody."""

    async def mail_hosts(self, domain: str) -> MailHosts:
        return NoSuchDomain(f"{domain} is not looked up: the configuration has no dns.servers")

    async def addresses(self, host: str) -> Addresses | NoSuchDomain | DnsTrouble:
        return NoSuchDomain(f"{host} is not looked up: the configuration has no dns.servers")
