"""The MTA's resolver against the fake DNS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from refmail.dns import FakeDns, Fault, FaultKind, Record
from refmail.dns.mailhosts import Addresses, DnsTrouble, Exchanger, Exchangers, MailHosts, NoSuchDomain, NullMx
from refmail.dns.resolver import Resolver


@pytest.fixture
def fake() -> Iterator[FakeDns]:
    with FakeDns() as server:
        yield server


def hosts(server: FakeDns, domain: str, lifetime: float = 10.0) -> MailHosts:
    return asyncio.run(Resolver([server.address], timeout=lifetime / 3, lifetime=lifetime).mail_hosts(domain))


def addresses(server: FakeDns, host: str) -> Addresses | NoSuchDomain | DnsTrouble:
    return asyncio.run(Resolver([server.address], timeout=3.0, lifetime=10.0).addresses(host))


def test_hosts_come_by_preference(fake: FakeDns) -> None:
    fake.replace("a.test", "MX", "20 B.a.test.", "10 a.a.test.", "10 c.a.test.")

    expected = (Exchanger(10, "a.a.test"), Exchanger(10, "c.a.test"), Exchanger(20, "b.a.test"))
    assert hosts(fake, "A.test.") == Exchangers(expected)


def test_no_mx_is_the_domain_itself(fake: FakeDns) -> None:
    fake.replace("a.test", "A", "127.0.0.1")

    assert hosts(fake, "a.test") == Exchangers((Exchanger(0, "a.test"),), implicit=True)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (["0 ."], NullMx()),
        (["0 .", "10 mx.a.test."], Exchangers((Exchanger(10, "mx.a.test"),))),
        (["10 mx.a.test.", "10 MX.a.test."], Exchangers((Exchanger(10, "mx.a.test"),))),
    ],
)
def test_root_names_and_doubles(fake: FakeDns, records: list[str], expected: MailHosts) -> None:
    fake.replace("a.test", "MX", *records)

    assert hosts(fake, "a.test") == expected


@pytest.mark.parametrize("domain", ["nowhere.test", "a..test", "x" * 64 + ".test"])
def test_missing_and_impossible_names_are_permanent(fake: FakeDns, domain: str) -> None:
    assert isinstance(hosts(fake, domain), NoSuchDomain)


@pytest.mark.parametrize(
    "kind", [FaultKind.SERVFAIL, FaultKind.REFUSED, FaultKind.SILENCE, FaultKind.LAME, FaultKind.GARBAGE]
)
def test_trouble_is_temporary(fake: FakeDns, kind: FaultKind) -> None:
    fake.replace("a.test", "MX", "10 mx.a.test.")
    fake.fault("a.test", Fault(kind))

    assert isinstance(hosts(fake, "a.test", lifetime=0.3), DnsTrouble)


def test_nobody_listening_is_temporary() -> None:
    with FakeDns() as server:
        pass

    assert isinstance(hosts(server, "a.test", lifetime=0.3), DnsTrouble)


def test_truncation_goes_on_over_tcp(fake: FakeDns) -> None:
    fake.replace("a.test", "MX", *(f"{n} host-with-a-long-name-{n}.other-{n}.test." for n in range(60)))

    answer = hosts(fake, "a.test")

    assert isinstance(answer, Exchangers)
    assert len(answer.hosts) == 60
    assert [query.transport for query in fake.queries("a.test")] == ["udp", "tcp"]


def test_aliases_are_followed_and_loops_end(fake: FakeDns) -> None:
    fake.add(Record("alias.test", "CNAME", "real.test."), Record("real.test", "MX", "5 mx.test."))
    fake.add(Record("bare.test", "CNAME", "address.test."), Record("address.test", "A", "127.0.0.9"))
    fake.add(Record("round.test", "CNAME", "about.test."), Record("about.test", "CNAME", "round.test."))
    fake.add(Record("dangling.test", "CNAME", "nowhere.test."))

    assert hosts(fake, "alias.test") == Exchangers((Exchanger(5, "mx.test"),), alias_of="real.test")
    assert addresses(fake, "bare.test") == Addresses(("127.0.0.9",))
    assert isinstance(hosts(fake, "round.test"), DnsTrouble)
    assert isinstance(hosts(fake, "dangling.test"), NoSuchDomain)


def test_all_addresses_of_both_families(fake: FakeDns) -> None:
    fake.add(Record("h.test", "A", "127.0.0.2"), Record("h.test", "A", "127.0.0.1"), Record("h.test", "AAAA", "::1"))

    assert addresses(fake, "h.test") == Addresses(("127.0.0.2", "127.0.0.1", "::1"))
    assert isinstance(addresses(fake, "nowhere.test"), NoSuchDomain)


def test_trouble_with_one_family_does_not_hide_the_other(fake: FakeDns) -> None:
    fake.replace("h.test", "A", "127.0.0.1")
    fake.fault("h.test", Fault(FaultKind.SERVFAIL, type="AAAA"))
    fake.replace("i.test", "TXT", "x")
    fake.fault("i.test", Fault(FaultKind.SERVFAIL, type="A"))

    assert addresses(fake, "h.test") == Addresses(("127.0.0.1",))
    assert isinstance(addresses(fake, "i.test"), DnsTrouble)


def test_without_servers_every_lookup_is_temporary() -> None:
    assert isinstance(asyncio.run(Resolver([]).mail_hosts("a.test")), DnsTrouble)
