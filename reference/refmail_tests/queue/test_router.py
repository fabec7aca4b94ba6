"""Routing by RFC 5321 section 5.1, over every DNS answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.dns.mailhosts import Addresses, DnsTrouble, Exchanger, Exchangers, MailHosts, NoSuchDomain, NullMx
from refmail.queue.router import Hop, Later, Relay, Route, Router, Unroutable


@dataclass
class Dns:
    """A resolver made of two tables."""

    hosts: MailHosts
    known: Mapping[str, Addresses | NoSuchDomain | DnsTrouble] = field(
        default_factory=dict[str, Addresses | NoSuchDomain | DnsTrouble]
    )

    async def mail_hosts(self, domain: str) -> MailHosts:
        del domain
        return self.hosts

    async def addresses(self, host: str) -> Addresses | NoSuchDomain | DnsTrouble:
        return self.known.get(host, Addresses(()))


def route(dns: Dns, domain: str = "d.test", *, seed: int = 0, own: tuple[str, ...] = ()) -> Route:
    router = Router(dns, Random(seed), own_names=own, own_addresses=own)
    return asyncio.run(router.route(domain))


EXCHANGERS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=10, unique_by=lambda pair: pair[1]
)


@given(EXCHANGERS, st.integers())
def test_every_host_once_by_preference(pairs: list[tuple[int, int]], seed: int) -> None:
    hosts = tuple(Exchanger(preference, f"h{name}") for preference, name in pairs)
    dns = Dns(Exchangers(hosts), {host.name: Addresses((f"127.0.0.{n}",)) for n, host in enumerate(hosts)})

    answer = route(dns, seed=seed)

    assert isinstance(answer, Relay)
    assert sorted((hop.preference, hop.host) for hop in answer.hops) == sorted((h.preference, h.name) for h in hosts)
    assert [hop.preference for hop in answer.hops] == sorted(host.preference for host in hosts)


@given(EXCHANGERS, st.data())
def test_nothing_at_or_below_oneself_is_left(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    hosts = tuple(Exchanger(preference, f"h{name}") for preference, name in pairs)
    own = data.draw(st.sampled_from(hosts))
    dns = Dns(Exchangers(hosts), {host.name: Addresses((f"127.0.0.{n}",)) for n, host in enumerate(hosts)})
    own_by = data.draw(st.sampled_from([own.name, f"127.0.0.{hosts.index(own)}"]))

    answer = route(dns, own=(own_by,))

    better = sorted(host.name for host in hosts if host.preference < own.preference)
    if better:
        assert isinstance(answer, Relay)
        assert sorted(hop.host for hop in answer.hops) == better
    else:
        assert isinstance(answer, Unroutable)
        assert answer.status == "5.4.6"


def test_equals_are_spread_evenly() -> None:
    hosts = tuple(Exchanger(10, f"h{n}") for n in range(3))
    dns = Dns(Exchangers(hosts), {host.name: Addresses((f"127.0.0.{n}",)) for n, host in enumerate(hosts)})
    router = Router(dns, Random(7))

    async def firsts() -> list[str]:
        answers = [await router.route("d.test") for _ in range(300)]
        return [answer.hops[0].host for answer in answers if isinstance(answer, Relay)]

    seen = asyncio.run(firsts())
    assert all(seen.count(host.name) > 60 for host in hosts)


def test_all_addresses_in_the_order_presented_each_once() -> None:
    hosts = (Exchanger(10, "a"), Exchanger(20, "b"))
    dns = Dns(Exchangers(hosts), {"a": Addresses(("127.0.0.2", "127.0.0.1")), "b": Addresses(("127.0.0.1", "::1"))})

    expected = (Hop("a", "127.0.0.2", 10), Hop("a", "127.0.0.1", 10), Hop("b", "::1", 20))
    assert route(dns) == Relay(expected)


def test_hosts_without_address_are_passed_over() -> None:
    hosts = (Exchanger(10, "gone"), Exchanger(15, "sick"), Exchanger(20, "b"))
    known: dict[str, Addresses | NoSuchDomain | DnsTrouble] = {
        "gone": NoSuchDomain("x"),
        "sick": DnsTrouble("x"),
        "b": Addresses(("127.0.0.2",)),
    }

    assert route(Dns(Exchangers(hosts), known)) == Relay((Hop("b", "127.0.0.2", 20),))


@pytest.mark.parametrize(
    ("dns", "expected"),
    [
        (Dns(NoSuchDomain("x")), "5.1.2"),
        (Dns(NullMx()), "5.1.10"),
        (Dns(Exchangers((Exchanger(10, "gone"),))), "5.4.4"),
        (Dns(Exchangers((Exchanger(0, "d.test"),), implicit=True)), "5.4.4"),
    ],
)
def test_dead_ends_are_permanent(dns: Dns, expected: str) -> None:
    answer = route(dns)

    assert isinstance(answer, Unroutable)
    assert answer.status == expected


@pytest.mark.parametrize(
    "dns", [Dns(DnsTrouble("x")), Dns(Exchangers((Exchanger(10, "sick"),)), {"sick": DnsTrouble("x")})]
)
def test_trouble_is_temporary(dns: Dns) -> None:
    assert isinstance(route(dns), Later)


@pytest.mark.parametrize(
    ("literal", "address"), [("[127.0.0.1]", "127.0.0.1"), ("[IPv6:::1]", "::1"), ("[ipv6:2001:db8::1]", "2001:db8::1")]
)
def test_literals_need_no_dns(literal: str, address: str) -> None:
    assert route(Dns(DnsTrouble("not asked")), literal) == Relay((Hop(literal, address),))


def test_literals_of_other_kinds_lead_nowhere() -> None:
    assert isinstance(route(Dns(DnsTrouble("not asked")), "[x:y]"), Unroutable)


@pytest.mark.parametrize(
    ("literal", "own", "found"),
    [
        ("[192.0.2.1]", "192.0.2.9", "192.0.2.1"),
        ("[IPv6:2001:db8::1]", "192.0.2.9", "2001:db8::1"),
        ("[192.0.2.1]", "192.0.2.1", None),
        ("[ipv6:2001:DB8:0::1]", "2001:db8::1", None),
    ],
)
def test_a_literal_is_its_address_unless_that_is_ours(literal: str, own: str, found: str | None) -> None:
    answer = route(Dns(NullMx()), literal, own=(own,))
    if found is not None:
        assert answer == Relay((Hop(literal, found),))
    else:
        assert isinstance(answer, Unroutable)
        assert answer.status == "5.4.6"
