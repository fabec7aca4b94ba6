"""TLS on the way to the next host, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from refmail.config import TlsConfig, demo_config
from refmail.embed import ServerThread
from refmail.journal import Journal
from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.client import RelayClient, Result, Verdict
from refmail.queue.relaytls import RelayTls
from refmail.queue.router import Hop
from refmail_tests.queue.scripted_host import ScriptedHost

ALICE = Address(b"alice", b"example.test")
OPPORTUNISTIC = RelayTls.of("opportunistic")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


@pytest.fixture(scope="module")
def clear_server() -> Iterator[ServerThread]:
    listeners = {"smtp": demo_config(fixed_ports=False).listeners["smtp"]}
    config = msgspec.structs.replace(demo_config(fixed_ports=False), tls=TlsConfig(mode="none"), listeners=listeners)
    with ServerThread(config) as server:
        yield server


async def sent(port: int, tls: RelayTls, host: str = "localhost") -> tuple[Result, Journal]:
    journal = Journal(lambda: 0.0)
    client = RelayClient(
        "client.test",
        dial={"192.0.2.1": f"127.0.0.1:{port}"},
        tls=tls,
        journal=journal,
    )
    results = await client.deliver([Hop(host, "192.0.2.1")], Envelope(None, (Recipient(ALICE),)), b"A: b\r\n\r\nc\r\n")
    return results[ALICE], journal


def relayed(port: int, tls: RelayTls, host: str = "localhost") -> tuple[Result, str]:
    """Relay a message; return what became of it, and the version of TLS."""
    result, journal = asyncio.run(sent(port, tls, host))
    return result, str(journal.entries("relay.attempt")[-1].facts["tls"])


def test_what_is_offered_is_taken_whatever_the_certificate(server: ServerThread) -> None:
    result, tls = relayed(server.ports["smtp"], OPPORTUNISTIC, "another-name.test")
    assert (result.verdict, tls) == (Verdict.DELIVERED, "TLSv1.3")


def test_never_is_never(server: ServerThread) -> None:
    assert relayed(server.ports["smtp"], RelayTls.of("none"))[1] == ""


def test_without_an_offer_it_goes_in_the_clear(clear_server: ServerThread) -> None:
    result, tls = relayed(clear_server.ports["smtp"], OPPORTUNISTIC)
    assert (result.verdict, tls) == (Verdict.DELIVERED, "")


def test_a_good_certificate_can_be_demanded(server: ServerThread, clear_server: ServerThread) -> None:
    verify = RelayTls.of("verify", server.ca_file)
    assert relayed(server.ports["smtp"], verify)[1] == "TLSv1.3"
    assert relayed(server.ports["smtp"], verify, "[127.0.0.1]")[0].verdict is Verdict.DELIVERED
    wrong_name, _ = relayed(server.ports["smtp"], verify, "another-name.test")
    assert (wrong_name.verdict, wrong_name.status) == (Verdict.LATER, "4.7.5")
    unknown, _ = relayed(server.ports["smtp"], RelayTls.of("verify"))
    assert (unknown.verdict, unknown.status) == (Verdict.LATER, "4.7.5")
    no_offer, _ = relayed(clear_server.ports["smtp"], verify)
    assert (no_offer.verdict, no_offer.status) == (Verdict.LATER, "4.7.4")


def offering(after: bytes | None) -> ScriptedHost:
    """Return a host that offers STARTTLS and says something else than a handshake."""

    def answer(connection: int, verbs: Sequence[bytes]) -> bytes | None:
        del connection
        if verbs[-1] == b"EHLO":
            return b"250-mx.test\r\n250 STARTTLS\r\n"
        return after if verbs[-1] == b"STAR" else None

    return ScriptedHost(answer)


@pytest.mark.parametrize(
    ("after", "connections"),
    [
        # Refused: the connection is good for mail in the clear.
        (b"454 Not now\r\n", 1),
        # No handshake follows, or the host goes away.
        (b"220 Go on\r\nnonsense", 2),
        (b"220 Go on\r\n250 injected\r\n", 2),
        (b"", 1),
    ],
)
def test_what_does_not_work_leads_back_to_the_clear(after: bytes, connections: int) -> None:
    async def run() -> tuple[Result, ScriptedHost]:
        async with offering(after).listening() as host:
            return (await sent(host.port, OPPORTUNISTIC))[0], host

    result, host = asyncio.run(run())
    assert len(host.connections) == connections
    assert result.verdict is (Verdict.DELIVERED if after else Verdict.LATER)


def test_nothing_is_sent_in_the_clear_where_tls_is_demanded(server: ServerThread) -> None:
    async def run() -> tuple[Result, ScriptedHost]:
        async with offering(b"454 Not now\r\n").listening() as host:
            return (await sent(host.port, RelayTls.of("verify", server.ca_file)))[0], host

    result, host = asyncio.run(run())
    assert (result.verdict, result.status) == (Verdict.LATER, "4.7.4")
    assert host.connections == [[b"EHLO", b"STAR"]]


def test_a_wrong_file_is_named() -> None:
    with pytest.raises(ValueError, match=r"nowhere\.pem"):
        RelayTls.of("verify", Path("nowhere.pem"))
