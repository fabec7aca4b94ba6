"""The lab: scripted MX hosts seen by a plain SMTP client, and its DNS by dnspython."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import dns.message
import dns.query
import dns.rcode
import msgspec
import pytest

from mailspec.lab import (
    REFUSED,
    Behaviour,
    Fault,
    FaultKind,
    Host,
    Lab,
    LabAddress,
    LabPlan,
    LabServer,
    Reply,
    Stage,
    answers,
    dropped,
    drops,
    greets,
    helo_only,
)
from mailspec.verdict import NotRun
from mailspec.wire.poll import until

MESSAGE = b"Subject: x\r\n\r\n.dot\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with LabServer(LabPlan(workers=2, hosts_per_worker=4)) as running:
        yield running


@pytest.fixture
def lab(server: LabServer) -> Iterator[Lab]:
    lab = Lab.connect(server.address)
    yield lab
    lab.close()


def place(server: LabServer, host: Host) -> tuple[str, int]:
    name, _, port = server.dial_map[host.address].partition(":")
    return name, int(port)


def deliver(server: LabServer, host: Host, *recipients: str) -> None:
    with smtplib.SMTP(*place(server, host), local_hostname="client.test", timeout=5) as client:
        client.sendmail("sender@client.test", recipients, MESSAGE)


def ask(server: LabServer, name: str, kind: str = "MX") -> dns.message.Message:
    host, port = server.dns_address
    return dns.query.udp(dns.message.make_query(name, kind), host, 5, port)


def test_a_good_host_records_envelope_and_octets(server: LabServer, lab: Lab) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)

    deliver(server, host, f"a@{domain}", f"b@{domain}")

    (delivery,) = lab.wait_deliveries(domain, 1, 5)
    assert delivery.host == host.address
    assert (delivery.helo, delivery.esmtp, delivery.sender) == ("client.test", True, "sender@client.test")
    assert delivery.recipients == (f"a@{domain}", f"b@{domain}")
    assert (delivery.octets, delivery.raw) == (MESSAGE, MESSAGE.replace(b".dot", b"..dot"))
    assert b"DATA\r\n" in lab.connections(host)[-1].received.upper()


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (REFUSED, ConnectionRefusedError),
        (dropped(), (ConnectionResetError, smtplib.SMTPServerDisconnected)),
        (greets(421), smtplib.SMTPConnectError),
        (greets(554), smtplib.SMTPConnectError),
        (answers(Stage.MAIL, 451), smtplib.SMTPSenderRefused),
        (answers(Stage.RCPT, 550), smtplib.SMTPRecipientsRefused),
        (answers(Stage.DATA, 451), smtplib.SMTPDataError),
        (answers(Stage.END, 554), smtplib.SMTPDataError),
        (answers(Stage.END, 421), smtplib.SMTPDataError),
        (drops(Stage.GREETING), (ConnectionResetError, smtplib.SMTPServerDisconnected)),
        (drops(Stage.MAIL), smtplib.SMTPServerDisconnected),
        (drops(Stage.END), smtplib.SMTPServerDisconnected),
    ],
)
def test_scripts(
    server: LabServer, lab: Lab, behaviour: Behaviour, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(host, behaviour)

    with pytest.raises(error):
        deliver(server, host, f"a@{domain}")
    assert lab.deliveries(domain) == ()

    lab.reset()
    deliver(server, host, f"a@{domain}")
    assert len(lab.deliveries(domain)) == 1


def test_helo_only(server: LabServer, lab: Lab) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(host, helo_only())

    deliver(server, host, f"a@{domain}")

    assert not lab.deliveries(domain)[0].esmtp


def test_first_connections_only(server: LabServer, lab: Lab) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(host, answers(Stage.RCPT, 450).first(2))

    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            deliver(server, host, f"a@{domain}")
    deliver(server, host, f"a@{domain}")

    codes = [attempt.code for attempt in lab.attempts(domain) if attempt.stage is Stage.RCPT]
    assert codes == [450, 450, 250]


def test_single_recipients(server: LabServer, lab: Lab) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(host, Behaviour(recipients={f"bad@{domain}": Reply(550)}))

    deliver(server, host, f"Bad@{domain}", f"good@{domain}")

    assert lab.deliveries(domain)[0].recipients == (f"good@{domain}",)


def test_pipelined_commands_after_a_refused_mail_get_503(server: LabServer, lab: Lab) -> None:
    (host,) = lab.hosts(1)
    lab.behave(host, answers(Stage.MAIL, 451))

    with socket.create_connection(place(server, host), 5) as sock, sock.makefile("rb") as replies:
        sock.sendall(b"EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@d.test>\r\nDATA\r\nQUIT\r\n")
        codes = [line[:3] for line in replies if line[3:4] == b" "]

    assert codes == [b"220", b"250", b"451", b"503", b"503", b"221"]


def test_domains_are_unique_and_cease_to_exist(server: LabServer, lab: Lab) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(server.lab().domain) for _ in range(20)]
        domains = [future.result() for future in made]
    assert len(set(domains)) == 20

    domain = lab.domain()
    first, second, third = lab.hosts(3)
    names = lab.set_mx(domain, [(20, third), (10, (first, second))])

    reply = ask(server, domain)
    assert min(reply.answer[0].to_text().splitlines()).endswith(f"MX 10 {names[1]}.")
    assert len(ask(server, names[1], "A").answer[0]) == 2
    lab.reset()
    assert ask(server, domain).rcode() == dns.rcode.NXDOMAIN


def test_faults_null_mx_and_zone_files(server: LabServer, lab: Lab) -> None:
    domain = lab.domain()
    lab.null_mx(domain)
    assert "0 ." in ask(server, domain).answer[0].to_text()
    lab.fault(domain, Fault(FaultKind.SERVFAIL))
    assert ask(server, domain).rcode() == dns.rcode.SERVFAIL
    lab.heal(domain)
    lab.load_zone("www IN A 127.0.0.1\n", domain)
    assert len(ask(server, f"www.{domain}", "A").answer) == 1
    assert len(lab.wait_queries(domain, 2, 5, "MX")) == 2


def test_workers_have_hosts_of_their_own(server: LabServer) -> None:
    one, two = server.lab(), server.lab()

    assert not set(one.hosts(4)) & set(two.hosts(4))
    with pytest.raises(NotRun, match="5 MX hosts are needed"):
        one.hosts(5)


def test_waiting_ends_when_it_happens_and_at_the_deadline(server: LabServer, lab: Lab) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    assert lab.wait_deliveries(domain, 1, 0.01) == ()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(server.lab().wait_deliveries, domain, 1, 10)
        deliver(server, host, f"a@{domain}")
        assert len(waiting.result(5)) == 1


def test_a_lab_forgets_what_is_over() -> None:
    with LabServer(LabPlan(workers=1, hosts_per_worker=1)) as other:
        lab = Lab.connect(other.address)
        (host,) = lab.hosts(1)
        domain = lab.domain()
        lab.set_mx(domain, [(10, host)])
        deliver(other, host, f"a@{domain}")
        ask(other, domain)
        lab.wait_deliveries(domain, 1, 5)
        until(lambda: all(each.ended for each in lab.connections()), 5)

        other.forget()

        assert (lab.deliveries(domain), lab.attempts(domain), lab.connections(), lab.queries()) == ((), (), (), ())
        deliver(other, host, f"b@{domain}")
        (delivery,) = lab.wait_deliveries(domain, 1, 5)
        assert delivery.recipients == (f"b@{domain}",)
        assert delivery.connection > 1
        lab.close()


def test_the_address_survives_json(server: LabServer) -> None:
    address = msgspec.json.decode(msgspec.json.encode(server.address), type=LabAddress)

    assert Lab.connect(address).domain()


def test_errors_come_back_from_the_lab(lab: Lab) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        lab.set_records("x.test", "A", "nonsense")


def test_real_addresses_on_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.12.1", 0))
        except OSError:
            pytest.skip("this system has no 127.0.0.0/8 beyond 127.0.0.1")
        port = probe.getsockname()[1]
    plan = LabPlan(mx_addresses=("127.0.12.1", "127.0.12.2"), mx_port=port)

    with LabServer(plan) as server:
        assert server.dial_map == {a: f"{a}:{port}" for a in plan.mx_addresses}
        assert [host.address for host in server.lab().hosts(2)] == list(plan.mx_addresses)


def test_nothing_is_left_behind() -> None:
    before = _threads()
    make: Callable[[], LabServer] = lambda: LabServer(LabPlan(hosts_per_worker=2))  # noqa: E731  one line says it
    with make() as server:
        Lab.connect(server.address).domain()
    assert _threads() <= before


def _threads() -> set[str]:
    import threading

    return {thread.name for thread in threading.enumerate() if thread.name.startswith("lab-hosts")}
