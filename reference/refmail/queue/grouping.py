"""Which recipients share their hosts, so that one copy of a message serves them (RFC 5321 section 4.5.4.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from refmail.message.envelope import Recipient
from refmail.message.idn import to_a_labels
from refmail.queue.router import Hop, Later, Relay, Router, Unroutable

__all__ = ["Group", "Groups", "group_by_hosts"]


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients that go to the same hosts."""

    hops: tuple[Hop, ...]
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """All recipients of a message, by where they go."""

    groups: tuple[Group, ...]
    #: Those that go nowhere now.
    dead_ends: tuple[tuple[Unroutable | Later, tuple[Recipient, ...]], ...]


async def group_by_hosts(router: Router, recipients: Sequence[Recipient]) -> Groups:
    """Route each domain once and put recipients together whose domains are served by the same hosts."""
    by_domain: dict[str, list[Recipient]] = {}
    for recipient in recipients:
        # The DNS knows A-labels only (RFC 6531 section 3.2).
        domain = to_a_labels(recipient.address.domain).decode("utf-8", "surrogateescape")
        by_domain.setdefault(domain, []).append(recipient)
    routes = await asyncio.gather(*(router.route(domain) for domain in by_domain))
    relays: dict[object, tuple[tuple[Hop, ...], list[Recipient]]] = {}
    dead_ends: list[tuple[Unroutable | Later, tuple[Recipient, ...]]] = []
    for route, members in zip(routes, by_domain.values(), strict=True):
        if isinstance(route, Relay):
            # The hosts in the random order of the first domain serve the others as well.
            relays.setdefault(route.key, (route.hops, []))[1].extend(members)
        else:
            dead_ends.append((route, tuple(members)))
    groups = tuple(Group(hops, tuple(members)) for hops, members in relays.values())
    return Groups(groups, tuple(dead_ends))
