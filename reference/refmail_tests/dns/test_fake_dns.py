"""The fake DNS, seen by an independent client (dnspython)."""

from __future__ import annotations

from collections.abc import Iterator

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from refmail.dns import FakeDns, Fault, FaultKind, Record, ZoneError, parse_zone


@pytest.fixture
def fake() -> Iterator[FakeDns]:
    with FakeDns() as server:
        yield server


def ask(
    server: FakeDns, name: str, kind: str = "MX", *, tcp: bool = False, timeout: float = 2.0, **options: object
) -> dns.message.Message:
    host, port = server.address
    query = dns.message.make_query(name, kind, **options)  # type: ignore[arg-type]  # options of dnspython's own
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, host, timeout, port)


def texts(reply: dns.message.Message) -> list[str]:
    return [line.split(maxsplit=4)[4] for rrset in reply.answer for line in rrset.to_text().splitlines()]


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_answers_with_authority(fake: FakeDns, tcp: bool) -> None:
    fake.add(Record("a.test", "MX", "10 mx.a.test."), Record("mx.a.test", "A", "127.0.0.11"))

    reply = ask(fake, "a.test", tcp=tcp)

    assert texts(reply) == ["10 mx.a.test."]
    assert reply.flags & dns.flags.AA
    assert [rrset.to_text() for rrset in reply.additional] == ["mx.a.test. 1 IN A 127.0.0.11"]


def test_names_are_compared_without_case_and_echoed_with_it(fake: FakeDns) -> None:
    fake.add(Record("Mixed.Test", "A", "127.0.0.1"))

    reply = ask(fake, "mIXED.tEST", "A")

    assert texts(reply) == ["127.0.0.1"]
    assert reply.answer[0].name.to_text() == "mIXED.tEST."


def test_unknown_type_is_empty_and_unknown_name_does_not_exist(fake: FakeDns) -> None:
    fake.add(Record("mx.deep.test", "A", "127.0.0.1"))

    for name in ("mx.deep.test", "deep.test", "test"):
        reply = ask(fake, name, "AAAA")
        assert (reply.rcode(), reply.answer) == (dns.rcode.NOERROR, [])
    assert ask(fake, "nothing.test").rcode() == dns.rcode.NXDOMAIN
    assert ask(fake, "1.0.0.127.in-addr.arpa", "PTR").rcode() == dns.rcode.NXDOMAIN


def test_negative_answers_carry_a_soa(fake: FakeDns) -> None:
    assert "SOA" in ask(fake, "nothing.test").authority[0].to_text()


def test_cname_is_followed_and_loops_end(fake: FakeDns) -> None:
    fake.add(Record("alias.test", "CNAME", "real.test."), Record("real.test", "MX", "5 mx.test."))
    fake.add(Record("round.test", "CNAME", "about.test."), Record("about.test", "CNAME", "round.test."))

    assert texts(ask(fake, "alias.test")) == ["real.test.", "5 mx.test."]
    assert len(ask(fake, "round.test").answer) == 2


def test_wildcard_serves_unknown_names_only(fake: FakeDns) -> None:
    fake.add(Record("*.wild.test", "MX", "10 mx.test."), Record("known.wild.test", "A", "127.0.0.1"))

    assert texts(ask(fake, "any.wild.test")) == ["10 mx.test."]
    assert texts(ask(fake, "known.wild.test")) == []
    assert ask(fake, "below.known.wild.test").rcode() == dns.rcode.NXDOMAIN


def test_null_mx_keeps_its_root_name(fake: FakeDns) -> None:
    fake.add(Record("none.test", "MX", "0 ."))

    assert texts(ask(fake, "none.test")) == ["0 ."]


def test_long_answers_are_truncated_over_udp_only(fake: FakeDns) -> None:
    fake.add(*(Record("big.test", "MX", f"{n} host-with-a-long-name-{n}.big.test.") for n in range(40)))

    short = ask(fake, "big.test", use_edns=False)
    assert short.flags & dns.flags.TC
    assert len(short.to_wire()) <= 512
    assert ask(fake, "big.test", payload=1232).flags & dns.flags.TC
    assert len(texts(ask(fake, "big.test", payload=4096))) == 40
    assert len(texts(ask(fake, "big.test", tcp=True))) == 40


@pytest.mark.parametrize("kind", [FaultKind.SERVFAIL, FaultKind.REFUSED, FaultKind.NXDOMAIN])
def test_faults_by_code(fake: FakeDns, kind: FaultKind) -> None:
    fake.add(Record("f.test", "MX", "10 mx.f.test."))
    fake.fault("F.test", Fault(kind))

    assert ask(fake, "f.test").rcode() == dns.rcode.from_text(kind.name)


def test_faults_are_counted(fake: FakeDns) -> None:
    fake.add(Record("f.test", "MX", "10 mx.f.test."), Record("f.test", "A", "127.0.0.1"))
    fake.fault("f.test", Fault(FaultKind.SERVFAIL, type="MX", skip=1, count=2))

    codes = [ask(fake, "f.test").rcode().name for _ in range(4)]

    assert codes == ["NOERROR", "SERVFAIL", "SERVFAIL", "NOERROR"]
    assert ask(fake, "f.test", "A").rcode() == dns.rcode.NOERROR


def test_silence_is_noted(fake: FakeDns) -> None:
    fake.fault("f.test", Fault(FaultKind.SILENCE))

    with pytest.raises(dns.exception.Timeout):
        ask(fake, "f.test", timeout=0.05)
    assert [query.fault for query in fake.queries("f.test")] == [FaultKind.SILENCE]


def test_truncate_fault_sends_to_tcp(fake: FakeDns) -> None:
    fake.add(Record("f.test", "MX", "10 mx.f.test."))
    fake.fault("f.test", Fault(FaultKind.TRUNCATE))

    assert ask(fake, "f.test").flags & dns.flags.TC
    assert texts(ask(fake, "f.test", tcp=True)) == ["10 mx.f.test."]


def test_lame_and_garbage(fake: FakeDns) -> None:
    fake.fault("lame.test", Fault(FaultKind.LAME))
    fake.fault("junk.test", Fault(FaultKind.GARBAGE))

    lame = ask(fake, "lame.test")
    assert not lame.flags & dns.flags.AA
    assert lame.answer == []
    with pytest.raises(dns.exception.DNSException):
        ask(fake, "junk.test")


def test_delay_is_late_but_right(fake: FakeDns) -> None:
    fake.add(Record("f.test", "MX", "10 mx.f.test."))
    fake.fault("f.test", Fault(FaultKind.DELAY, delay=0.05))

    for tcp in (False, True):
        reply = ask(fake, "f.test", tcp=tcp)
        assert texts(reply) == ["10 mx.f.test."]
        assert reply.time >= 0.04


def test_history_says_name_type_and_transport(fake: FakeDns) -> None:
    ask(fake, "One.test", "A")
    ask(fake, "two.test", "MX", tcp=True)

    seen = [(query.name, query.type, query.transport) for query in fake.queries()]
    assert seen == [("one.test", "A", "udp"), ("two.test", "MX", "tcp")]
    assert fake.queries("one.TEST.") == fake.queries()[:1]


def test_live_changes(fake: FakeDns) -> None:
    fake.replace("l.test", "MX", "10 a.test.")
    fake.replace("l.test", "MX", "20 b.test.")
    assert texts(ask(fake, "l.test")) == ["20 b.test."]
    fake.replace("l.test", "MX")
    assert ask(fake, "l.test").rcode() == dns.rcode.NOERROR
    fake.remove("l.test")
    assert ask(fake, "l.test").rcode() == dns.rcode.NXDOMAIN


def test_zone_files(fake: FakeDns) -> None:
    text = "$TTL 60\n@ IN MX 10 mx\n   IN MX 20 mx.other.test.\nmx IN A 127.0.0.11\n"

    records = fake.load(text, "z.test")

    assert records == parse_zone(text, "z.test.")
    assert {record.ttl for record in records} == {60}
    assert sorted(texts(ask(fake, "z.test"))) == ["10 mx.z.test.", "20 mx.other.test."]


def test_malformed_records_are_refused_whole(fake: FakeDns) -> None:
    with pytest.raises(ZoneError, match="nonsense"):
        fake.add(Record("ok.test", "A", "127.0.0.1"), Record("bad.test", "A", "nonsense"))
    assert ask(fake, "ok.test", "A").rcode() == dns.rcode.NXDOMAIN


def test_noise_is_ignored_and_serving_goes_on(fake: FakeDns) -> None:
    assert fake.respond(b"noise", udp=True) == (0.0, None)
    assert ask(fake, "x.test").rcode() == dns.rcode.NXDOMAIN
