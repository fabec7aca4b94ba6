"""MX hosts of the lab that offer extensions: what they announce, and what they keep of parameters and chunks."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import pytest

from mailspec.lab import ALL, Behaviour, Delivery, Host, Lab, LabPlan, LabServer, Reply, Stage, offering
from mailspec.lab.parameters import address_in, parameters_in, understood

Bed = tuple[LabServer, Lab, Host, str]


@pytest.fixture
def bed() -> Iterator[Bed]:
    with LabServer(LabPlan(workers=1, hosts_per_worker=2)) as server:
        lab = Lab.connect(server.address)
        (host,) = lab.hosts(1)
        yield server, lab, host, lab.domain()
        lab.close()


def connected(server: LabServer, host: Host) -> smtplib.SMTP:
    name, _, port = server.dial_map[host.address].partition(":")
    client = smtplib.SMTP(name, int(port), local_hostname="client.test", timeout=5)
    client.ehlo()
    return client


def taken(lab: Lab, domain: str) -> Delivery:
    (delivery,) = lab.wait_deliveries(domain, 1, 5)
    return delivery


def test_a_host_announces_what_it_offers(bed: Bed) -> None:
    server, lab, host, _ = bed
    lab.behave(host, offering(*ALL, "SIZE 1000"))
    with connected(server, host) as client:
        assert set(client.esmtp_features) == {*(k.lower() for k in ALL), "pipelining", "size", "help"}


def test_parameters_are_kept_as_they_came(bed: Bed) -> None:
    server, lab, host, domain = bed
    lab.behave(host, offering("DSN"))
    with connected(server, host) as client:
        client.docmd("MAIL", "FROM:<a@b.test> ENVID=aBc RET=hdrs AUTH=<>")
        client.docmd("RCPT", f"TO:<x@{domain}> NOTIFY=Success ORCPT=rfc822;X@y")
        client.docmd("RCPT", f"TO:<z@{domain}>")
        client.data(b"Subject: x\r\n\r\n")
    delivery = taken(lab, domain)
    assert delivery.parameters == ("ENVID=aBc", "RET=hdrs", "AUTH=<>")
    assert delivery.recipient_parameters == (("NOTIFY=Success", "ORCPT=rfc822;X@y"), ())
    assert delivery.chunks == ()


def test_chunks_are_joined(bed: Bed) -> None:
    server, lab, host, domain = bed
    lab.behave(host, offering(*ALL))
    with connected(server, host) as client:
        client.docmd("MAIL", "FROM:<a@b.test> BODY=BINARYMIME")
        client.docmd("RCPT", f"TO:<x@{domain}>")
        client.send(b"BDAT 4\r\n.\r\n\0")
        assert client.getreply()[0] == 250
        client.send(b"BDAT 3 LAST\r\n\xff\n.")
        assert client.getreply()[0] == 250
    delivery = taken(lab, domain)
    assert delivery.octets == delivery.raw == b".\r\n\0\xff\n."
    assert delivery.chunks == (4, 3)


def test_a_chunk_can_be_refused(bed: Bed) -> None:
    server, lab, host, domain = bed
    lab.behave(host, Behaviour({Stage.BDAT: Reply(554)}, offers=ALL))
    with connected(server, host) as client:
        client.docmd("MAIL", "FROM:<a@b.test>")
        client.docmd("RCPT", f"TO:<x@{domain}>")
        client.send(b"BDAT 6\r\nQUIT\r\n")
        assert client.getreply()[0] == 554
        assert client.noop()[0] == 250
    assert lab.deliveries(domain) == ()


def test_arguments_are_taken_apart() -> None:
    argument = 'TO:<"a b"@c.test> NOTIFY=NEVER smtputf8 X=<>'
    assert address_in('TO:<"a b"@c.test>') == '"a b"@c.test'
    assert parameters_in(argument) == ("NOTIFY=NEVER", "smtputf8", "X=<>")
    assert understood(argument) == 'TO:<"a b"@c.test> smtputf8'
    assert parameters_in("FROM:<>") == ()
