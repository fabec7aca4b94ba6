"""Several messages over one connection, and what is said between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.client import RelayClient, Verdict
from refmail.queue.lanes import Lanes
from refmail.queue.router import Hop
from refmail_tests.queue.scripted_host import ScriptedHost

EHLO, MAIL, RCPT, DATA, RSET, QUIT = (verb.encode() for verb in ("EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"))
ONE = [MAIL, RCPT, DATA]

Answer = Callable[[int, Sequence[bytes]], "bytes | None"]


def relayed(
    answer: Answer, count: int, *, connections: int = 1, messages: int = 100
) -> tuple[list[Verdict], ScriptedHost]:
    """Relay as many messages at once, and return what became of them and what the host heard."""

    async def run() -> tuple[list[Verdict], ScriptedHost]:
        async with ScriptedHost(answer).listening() as host:
            client = RelayClient(
                "client.test",
                dial={"192.0.2.1": f"127.0.0.1:{host.port}"},
                lanes=Lanes(connections, messages),
            )
            recipients = [Recipient(Address(b"r%d" % number, b"d.test")) for number in range(count)]
            results = await asyncio.gather(
                *(
                    client.deliver([Hop("mx.test", "192.0.2.1")], Envelope(None, (recipient,)), b"A: b\r\n\r\n")
                    for recipient in recipients
                )
            )
            return [
                result[recipient.address].verdict for result, recipient in zip(results, recipients, strict=True)
            ], host

    return asyncio.run(run())


def as_usual(connection: int, verbs: Sequence[bytes]) -> bytes | None:
    del connection, verbs
    return None


def test_messages_for_one_host_share_a_connection() -> None:
    verdicts, host = relayed(as_usual, 4)
    assert verdicts == [Verdict.DELIVERED] * 4
    assert host.connections == [[EHLO, *ONE * 4, QUIT]]


def test_a_connection_carries_so_many_messages_and_no_more() -> None:
    verdicts, host = relayed(as_usual, 5, messages=2)
    assert verdicts == [Verdict.DELIVERED] * 5
    assert host.connections == [[EHLO, *ONE * 2, QUIT], [EHLO, *ONE * 2, QUIT], [EHLO, *ONE, QUIT]]


def test_there_are_so_many_connections_and_no_more() -> None:
    verdicts, host = relayed(as_usual, 9, connections=2)
    assert verdicts == [Verdict.DELIVERED] * 9
    assert len(host.connections) == 2
    assert sum(verbs.count(DATA) for verbs in host.connections) == 9


def test_an_open_transaction_is_reset_first() -> None:
    def refuses_first(connection: int, verbs: Sequence[bytes]) -> bytes | None:
        del connection
        return b"550 No\r\n" if list(verbs) == [EHLO, MAIL, RCPT] else None

    verdicts, host = relayed(refuses_first, 2)
    assert verdicts == [Verdict.FAILED, Verdict.DELIVERED]
    assert host.connections == [[EHLO, MAIL, RCPT, RSET, *ONE, QUIT]]


@pytest.mark.parametrize("said", [b"", b"421 Enough\r\n"])
def test_a_host_that_has_had_enough_gets_a_new_connection(said: bytes) -> None:
    def once(connection: int, verbs: Sequence[bytes]) -> bytes | None:
        del connection
        return said if verbs.count(MAIL) == 2 else None

    verdicts, host = relayed(once, 2)
    assert verdicts == [Verdict.DELIVERED] * 2
    assert host.connections == [[EHLO, *ONE, MAIL], [EHLO, *ONE, QUIT]]


@pytest.mark.parametrize("said", [b"", b"421 Enough\r\n", b"500 What?\r\n"])
def test_a_reset_that_fails_leads_to_a_new_connection(said: bytes) -> None:
    def refuses(connection: int, verbs: Sequence[bytes]) -> bytes | None:
        if verbs[-1] == RSET:
            return said
        return b"450 Later\r\n" if connection == 0 and verbs[-1] == RCPT else None

    verdicts, host = relayed(refuses, 2)
    assert verdicts == [Verdict.LATER, Verdict.DELIVERED]
    assert host.connections[0] == [EHLO, MAIL, RCPT, RSET]
    assert host.connections[1] == [EHLO, *ONE, QUIT]


def test_a_connection_lost_in_a_transaction_is_a_failure_of_that_one_only() -> None:
    def drops(connection: int, verbs: Sequence[bytes]) -> bytes | None:
        return b"" if connection == 0 and verbs.count(DATA) == 2 else None

    verdicts, host = relayed(drops, 3)
    assert verdicts == [Verdict.DELIVERED, Verdict.LATER, Verdict.DELIVERED]
    assert len(host.connections) == 2


def test_a_turn_is_not_lost_with_whoever_gave_up_waiting() -> None:
    async def run() -> None:
        lanes = Lanes(1)
        place = ("mx.test", "192.0.2.1", 25)
        assert await lanes.turn(place) is None
        impatient = asyncio.create_task(lanes.turn(place))
        patient = asyncio.create_task(lanes.turn(place))
        await asyncio.sleep(0)
        lanes.hand_on(place, None)
        # Its turn has come, and it goes all the same.
        impatient.cancel()
        async with asyncio.timeout(5):
            assert await patient is None
        lanes.hand_on(place, None)
        assert await lanes.turn(place) is None

    asyncio.run(run())
