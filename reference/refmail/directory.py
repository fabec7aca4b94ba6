"""Which addresses are ours: users, their details (user+detail), aliases, and mailing lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from refmail.message.address import AddressError, literal_address, parse_mailbox
from refmail.message.envelope import Address
from refmail.message.idn import folded, to_a_labels
from refmail.services import Destination

__all__ = ["LocalDirectory", "MailingList", "member_address"]


@dataclass(frozen=True, slots=True)
class MailingList:
    """Addresses that get what is sent to one; the owner gets what becomes of that (RFC 5321 section 3.9.2)."""

    members: tuple[Address, ...]
    owner: Address


def member_address(text: str, domain: str) -> Address:
    """Return the address that a configuration means: a mailbox, or a name in our first domain.

    Raises:
        ValueError: it is neither.
    """
    octets = (text if "@" in text else f"{text}@{domain}").encode()
    try:
        address, end = parse_mailbox(octets, utf8=True)
    except AddressError as error:
        msg = f"{text!r} is neither a name nor a mailbox: {error.reason}"
        raise ValueError(msg) from error
    if end != len(octets):
        msg = f"{text!r} is more than one mailbox"
        raise ValueError(msg)
    return address


class LocalDirectory:
    """Local domains and who is in them; the case of names does not matter here, nor whether a domain has A-labels or U-labels.

    Args:
        domains: the domains whose mail is kept here; the first one is meant where none is given.
        users: names of the users; each has an address in every domain.
        postmaster: the user who gets the postmaster's mail (RFC 5321 section 4.5.1).
        aliases: names for other addresses (RFC 5321 section 3.9.1).
        lists: mailing lists by name.
        addresses: IP addresses of this server: their literals stand for the first domain (RFC 5321 section 4.1.3).
        separator: what stands between a user's name and a detail that the user may choose; empty for none.
    """

    def __init__(
        self,
        domains: Sequence[str],
        users: Iterable[str],
        postmaster: str,
        *,
        aliases: Mapping[str, Sequence[Address]] = MappingProxyType({}),
        lists: Mapping[str, MailingList] = MappingProxyType({}),
        separator: str = "",
        addresses: Iterable[str] = (),
    ) -> None:
        self._addresses = {ipaddress.ip_address(address) for address in addresses}
        self._domains = [to_a_labels(domain.encode()) for domain in domains]
        self._users = {folded(user.encode()): user for user in users}
        self._postmaster = postmaster
        self._aliases = {folded(name.encode()): tuple(members) for name, members in aliases.items()}
        self._lists = {folded(name.encode()): known for name, known in lists.items()}
        self._separator = separator.encode("ascii")

    def find(self, address: Address) -> Destination:
        """Say whose the address is."""
        domain = address.domain.lower() or self._domains[0]
        if literal_address(domain) in self._addresses:
            # RFC 5321 section 5.1: mail for ourselves never goes out to look for us.
            domain = self._domains[0]
        if to_a_labels(domain) not in self._domains:
            return Destination("remote")
        local_part = folded(address.local_part)
        full = Address(address.local_part, domain)
        user = self._user(local_part)
        if user is not None:
            return Destination("local", user, full)
        if local_part in self._aliases:
            return Destination("alias", address=full, members=self._aliases[local_part])
        if local_part in self._lists:
            found = self._lists[local_part]
            return Destination("list", address=full, members=found.members, owner=found.owner)
        return Destination("unknown")

    def _user(self, local_part: bytes) -> str | None:
        if local_part == b"postmaster":
            return self._postmaster
        user = self._users.get(local_part)
        if user is None and self._separator and local_part not in self._aliases and local_part not in self._lists:
            return self._users.get(local_part.partition(self._separator)[0])
        return user

    def address_of(self, user: str) -> Address:
        """Return NAME at our first domain."""
        return Address(user.encode(), self._domains[0])

    def reaches_somebody(self, address: Address) -> bool:
        """Say whether mail for an address ends anywhere: aliases may lead back to themselves only."""
        seen: set[Address] = set()
        waiting = [address]
        while waiting:
            found = self.find(waiting[-1])
            if found.kind in {"local", "remote"}:
                return True
            seen.add(waiting.pop())
            waiting += [member for member in found.members if member not in seen]
        return False

    def expand(self, address: Address) -> Sequence[Address] | None:
        """Return the members of a list or alias; postmaster is one."""
        found = self.find(address)
        if found.members:
            return found.members
        if found.kind == "local" and address.local_part.lower() == b"postmaster":
            return [Address(self._postmaster.encode(), address.domain.lower() or self._domains[0])]
        return None
