"""Clocks of the queue: compressed and driven by hand."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from refmail.config import DnsConfig, RelayConfig, demo_config
from refmail.embed import ServerThread
from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.clock import FastClock, HandClock


def test_fast_clock_waits_less() -> None:
    clock = FastClock(100_000.0)
    before = clock.now()
    asyncio.run(clock.wait(asyncio.Event(), 10_000.0, busy=False))
    assert clock.now() - before >= 10_000.0


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_clock_that_stands_or_runs_backwards_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        FastClock(factor)


def test_hand_clock_stands_still_until_it_is_advanced() -> None:
    clock = HandClock()
    start = clock.now()

    async def story() -> None:
        waiting = asyncio.create_task(clock.wait(asyncio.Event(), 60.0, busy=False))
        await asyncio.sleep(0)
        clock.advance(59.0)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        clock.advance(1.0)
        await asyncio.wait_for(waiting, 5.0)
        event = asyncio.Event()
        other = asyncio.create_task(clock.wait(event, 60.0, busy=False))
        await asyncio.sleep(0)
        event.set()
        await asyncio.wait_for(other, 5.0)

    asyncio.run(story())
    assert clock.now() == start + 60.0


def test_five_days_in_the_queue_end_in_a_report() -> None:
    config = demo_config(fixed_ports=False)
    # Nothing listens on port 1, so no DNS answers.
    dns, relay = DnsConfig(servers=("127.0.0.1:1",), timeout=0.1, lifetime=0.1), RelayConfig(retries=(86_400.0,))
    clock = FastClock(200_000.0)
    with ServerThread(msgspec.structs.replace(config, dns=dns, relay=relay), queue_clock=clock) as server:
        sender, recipient = Address(b"alice", b"example.test"), Address(b"x", b"elsewhere.test")
        before = clock.now()
        server.services.accept(Envelope(sender, (Recipient(recipient),)), b"Subject: x\r\n\r\n")
        asyncio.run_coroutine_threadsafe(server.server.queue.drained(), server.loop).result(60)
        assert clock.now() - before >= 4.9 * 86_400
        inbox = server.services.store.open("alice", "INBOX")
        # Before the failure come reports that it takes long.
        assert b"Action: failed" in inbox.read(inbox.messages()[-1].uid)
