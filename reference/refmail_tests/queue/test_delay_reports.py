"""Reports about a delay (RFC 3464, RFC 3461 section 4.1), on a clock that jumps."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from random import Random

import pytest

from refmail.directory import LocalDirectory
from refmail.dns.mailhosts import Addresses, DnsTrouble, MailHosts
from refmail.journal import Journal
from refmail.message.envelope import Address, Envelope, Parameters, Recipient
from refmail.queue.client import RelayClient
from refmail.queue.clock import ManualClock
from refmail.queue.queue import Queue
from refmail.queue.router import Router
from refmail.queue.schedule import DAY, HOUR, Schedule
from refmail.queue.spool import Spool
from refmail.store.memory import MemoryStore

MESSAGE = b"Subject: hello\r\n\r\nbody\r\n"
ALICE = Address(b"alice", b"local.test")


class NoDns:
    """A DNS that never answers."""

    async def mail_hosts(self, domain: str) -> MailHosts:
        return DnsTrouble(f"no answer for {domain}")

    async def addresses(self, host: str) -> Addresses | DnsTrouble:
        return DnsTrouble(host)


class LimitedClock(ManualClock):
    """Jumps to whatever is waited for, up to a limit."""

    limit = float("inf")
    reached: asyncio.Event

    async def wait(self, event: asyncio.Event, seconds: float | None, *, busy: bool) -> None:
        if seconds is not None and not busy and self.seconds + seconds > self.limit:
            self.reached.set()
            seconds = None
        await super().wait(event, seconds, busy=busy)


class World:
    """A queue whose mail cannot leave, and what alice hears of it."""

    def __init__(self, folder: Path, schedule: Schedule = Schedule()) -> None:  # noqa: B008  Schedule is frozen
        self.folder, self.schedule = folder, schedule
        self.clock = LimitedClock()
        self.heard: list[tuple[float, bytes]] = []
        self.queue = self.restarted()

    def restarted(self) -> Queue:
        """Make a queue over the same spool, as after a restart."""
        world = self

        class Store(MemoryStore):
            def deliver(self, user: str, octets: bytes) -> None:
                assert user == "alice"
                world.heard.append((world.clock.now(), octets))

        self.queue = Queue(
            Spool(self.folder),
            Store(),
            LocalDirectory(["local.test"], ["alice"], "alice"),
            Router(NoDns(), Random(1)),
            RelayClient("mail.local.test"),
            hostname="mail.local.test",
            journal=Journal(self.clock.now),
            random=Random(1),
            schedule=self.schedule,
            clock=self.clock,
        )
        return self.queue

    def until(self, seconds: float | None) -> None:
        """Let the queue work until that time, or until nothing is left."""

        async def work() -> None:
            self.clock.limit, self.clock.reached = seconds or float("inf"), asyncio.Event()
            await self.queue.start()
            ends = [asyncio.create_task(self.queue.drained()), asyncio.create_task(self.clock.reached.wait())]
            done, open_ends = await asyncio.wait(ends, timeout=20, return_when=asyncio.FIRST_COMPLETED)
            for end in open_ends:
                end.cancel()
            await self.queue.stop()
            assert done

        asyncio.run(work())

    def reports(self, action: str) -> list[tuple[float, bytes]]:
        return [(at, octets) for at, octets in self.heard if f"\r\nAction: {action}\r\n".encode() in octets]


def send(world: World, parameters: Parameters, sender: Address | None = ALICE) -> float:
    """Give the queue a message, and return when that was."""
    recipient = Recipient(Address(b"x", b"elsewhere.test"), parameters)
    world.queue.accept(Envelope(sender, (recipient,), {b"RET": b"FULL", b"ENVID": b"e1"}), MESSAGE)
    return world.clock.now()


def test_a_delay_is_told_once_and_then_the_failure(tmp_path: Path) -> None:
    world = World(tmp_path)
    began = send(world, {})
    world.until(None)
    ((at, report),) = world.reports("delayed")
    # At the first attempt that finds the message old enough.
    assert 4 * HOUR <= at - began <= 6 * HOUR
    assert len(world.reports("failed")) == 1
    assert b"\r\nStatus: 4.4.3\r\n" in report
    assert b"\r\nOriginal-Envelope-Id: e1\r\n" in report
    assert b"Content-Type: text/rfc822-headers\r\n" in report
    until = re.search(rb"\r\nWill-Retry-Until: (.*)\r\n", report)
    assert until is not None
    assert parsedate_to_datetime(until[1].decode()) == datetime.fromtimestamp(
        int(began + 5 * DAY), parsedate_to_datetime(until[1].decode()).tzinfo
    )


@pytest.mark.parametrize(
    ("notify", "sender", "told"),
    [
        (None, ALICE, 1),
        (b"DELAY", ALICE, 1),
        (b"success,delay", ALICE, 1),
        (b"FAILURE", ALICE, 0),
        (b"NEVER", ALICE, 0),
        (None, None, 0),
        (b"DELAY", None, 0),
    ],
)
def test_who_is_told(tmp_path: Path, notify: bytes | None, sender: Address | None, told: int) -> None:
    world = World(tmp_path)
    send(world, {} if notify is None else {b"NOTIFY": notify}, sender)
    world.until(None)
    assert len(world.reports("delayed")) == told


def test_a_restart_does_not_tell_it_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    began = send(world, {})
    world.until(began + 10 * HOUR)
    assert len(world.reports("delayed")) == 1
    world.restarted()
    assert world.queue.pending == 1
    world.until(began + 30 * HOUR)
    assert len(world.reports("delayed")) == 1
    assert world.reports("failed") == []


def test_never_means_never(tmp_path: Path) -> None:
    world = World(tmp_path, Schedule(warn_after=None))
    send(world, {b"NOTIFY": b"DELAY,FAILURE"})
    world.until(None)
    assert world.reports("delayed") == []
    assert len(world.reports("failed")) == 1


def test_the_schedule_keeps_its_shape_when_it_is_compressed() -> None:
    assert Schedule().compressed(3600).warn_after == 4.0
    assert Schedule(warn_after=None).compressed(10).warn_after is None


def test_data_that_vanish_are_set_aside_and_named(tmp_path: Path) -> None:
    world = World(tmp_path)
    send(world, {})
    (data,) = (tmp_path / "data").iterdir()
    data.unlink()
    world.until(None)
    (entry,) = world.queue.journal.entries("queue.set-aside")
    assert entry.facts["entry"] == data.name
    assert entry.facts["recipients"] == ["x@elsewhere.test"]
    assert [path.name for path in (tmp_path / "control").iterdir()] == [f"{data.name}.damaged"]
    assert world.restarted().pending == 0


def test_data_that_are_not_whole_are_set_aside_at_the_start(tmp_path: Path) -> None:
    world = World(tmp_path)
    send(world, {})
    send(world, {})
    first, second = sorted((tmp_path / "data").iterdir())
    first.write_bytes(b"Subj")
    second.unlink()
    queue = world.restarted()
    assert queue.pending == 0
    assert {entry.facts["entry"] for entry in queue.journal.entries("queue.set-aside")} == {first.name, second.name}
    assert first.read_bytes() == b"Subj"
    # Once mended, it is tried again.
    first.write_bytes(MESSAGE)
    (tmp_path / "control" / f"{first.name}.damaged").rename(tmp_path / "control" / first.name)
    assert world.restarted().pending == 1


def test_every_routing_decision_is_explained(tmp_path: Path) -> None:
    world = World(tmp_path, Schedule(intervals=(HOUR,), give_up=HOUR / 2))
    send(world, {})
    world.until(None)
    facts = world.queue.router.journal.entries("queue.route")[0].facts
    assert facts["answer"] == "DnsTrouble"
    assert facts["rule"] == "5321/5.1/temporary-dns-error-queued"
    assert facts["reason"] == "no answer for elsewhere.test"
