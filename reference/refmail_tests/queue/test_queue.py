"""The queue against scripted MX hosts, on a clock that jumps."""

from __future__ import annotations

import asyncio
import email
import email.message
import email.policy
import itertools
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from mailspec.lab import (
    REFUSED,
    Behaviour,
    Fault,
    FaultKind,
    Lab,
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
from refmail.journal import Journal
from refmail.message.envelope import Address, Envelope, Parameters, Recipient
from refmail.queue.assemble import QueueSettings, make_queue
from refmail.queue.clock import ManualClock, QueueClock, RealClock
from refmail.queue.queue import Queue
from refmail.queue.schedule import DAY, HOUR, MINUTE, Schedule
from refmail.services import Destination
from refmail.store.api import StoreError
from refmail.store.memory import MemoryStore

MESSAGE = b"Received: from x by y; z\r\nReturn-Path: <old@x.test>\r\nSubject: hello\r\n\r\n.body\r\n"
SENDER = Address(b"alice", b"local.test")


class ListStore(MemoryStore):
    """A store that also keeps deliveries in a list, and refuses some users."""

    def __init__(self) -> None:
        super().__init__()
        self.delivered: list[tuple[str, bytes]] = []
        self.broken: set[str] = set()

    def deliver(self, user: str, octets: bytes) -> None:
        if user in self.broken:
            msg = f"the mailbox of {user} is out of order"
            raise StoreError(msg)
        self.delivered.append((user, octets))


class LocalTest:
    """local.test has the users alice and bob."""

    def find(self, address: Address) -> Destination:
        if address.domain != b"local.test":
            return Destination("remote")
        name = address.local_part.decode()
        return Destination("local", name) if name in {"alice", "bob"} else Destination("unknown")

    def address_of(self, user: str) -> Address:
        return Address(user.encode(), b"local.test")

    def expand(self, address: Address) -> Sequence[Address] | None:
        del address
        return None


@pytest.fixture(scope="module")
def lab_server() -> Iterator[LabServer]:
    with LabServer(LabPlan(hosts_per_worker=6)) as server:
        yield server


@pytest.fixture
def lab(lab_server: LabServer) -> Iterator[Lab]:
    lab = lab_server.lab()
    yield lab
    lab.reset()


@pytest.fixture
def store() -> ListStore:
    return ListStore()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(time.time())


MakeQueue = Callable[..., Queue]


@pytest.fixture
def make(lab_server: LabServer, store: ListStore, clock: ManualClock, tmp_path: Path) -> MakeQueue:
    """Makes queues that share one spool, as the same server does before and after a restart."""
    settings = QueueSettings(
        hostname="mail.local.test",
        spool=tmp_path / "spool",
        dns_servers=[lab_server.dns_address],
        dial=lab_server.dial_map,
        schedule=Schedule(),
    )

    def make(queue_clock: QueueClock = clock) -> Queue:
        return make_queue(
            settings,
            {},
            store=store,
            directory=LocalTest(),
            journal=Journal(clock.now),
            random=Random(1),
            clock=queue_clock,
        )

    return make


def remote(*addresses: str, sender: Address | None = SENDER, parameters: Parameters | None = None) -> Envelope:
    """Return an envelope for recipients elsewhere."""
    recipients = tuple(
        Recipient(Address(*(part.encode() for part in address.split("@"))), parameters or {}) for address in addresses
    )
    return Envelope(sender, recipients, parameters or {})


def drain(queue: Queue, deadline: float = 10.0) -> None:
    """Run a queue until nothing is pending."""

    async def work() -> None:
        await queue.start()
        async with asyncio.timeout(deadline):
            await queue.drained()
        await queue.stop()

    asyncio.run(work())


def first_two(lab: Lab, behaviour: Behaviour) -> tuple[str, str, str]:
    """Return a domain whose first MX follows a script, and the addresses of its first and second."""
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, behaviour)
    lab.set_mx(domain, [(10, first), (20, second)])
    return domain, first.address, second.address


def report_in(store: ListStore) -> bytes:
    """Return the one report that was delivered, its structure judged."""
    ((user, octets),) = store.delivered
    assert user == "alice"
    assert octets.startswith(b"Return-Path: <>\r\n")
    report = email.message_from_bytes(octets, _class=email.message.EmailMessage, policy=email.policy.default)
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    types = [part.get_content_type() for part in report.iter_parts()]
    assert types == ["text/plain", "message/delivery-status", "message/rfc822"]
    return octets


def statuses(report: bytes) -> list[str]:
    """Return the status of each recipient in a report."""
    return [match.decode() for match in re.findall(rb"(?m)^Action: failed\r\nStatus: (\S+)\r$", report)]


# Accepting.


def test_local_mail_is_delivered_at_once_with_one_return_path(make: MakeQueue, store: ListStore) -> None:
    bob = Recipient(Address(b"bob", b"local.test"), user="bob")

    make().accept(Envelope(SENDER, (bob, bob)), MESSAGE)

    ((user, octets),) = store.delivered
    assert user == "bob"
    assert octets == b"Return-Path: <alice@local.test>\r\n" + MESSAGE.replace(b"Return-Path: <old@x.test>\r\n", b"")


def test_a_mailbox_gets_a_binary_message_as_text(make: MakeQueue, store: ListStore) -> None:
    bob = Recipient(Address(b"bob", b"local.test"), user="bob")
    octets = b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\n"

    make().accept(Envelope(SENDER, (bob,), {b"BODY": b"BINARYMIME"}), octets)

    ((_, delivered),) = store.delivered
    assert delivered.endswith(b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nAAo=\r\n")


def test_nothing_is_accepted_where_no_mailbox_takes_it(make: MakeQueue, store: ListStore) -> None:
    store.broken = {"bob"}
    queue = make()

    with pytest.raises(StoreError):
        queue.accept(Envelope(SENDER, (Recipient(Address(b"bob", b"local.test"), user="bob"),)), MESSAGE)
    assert queue.pending == 0


def test_a_broken_mailbox_beside_a_good_one_is_retried(make: MakeQueue, store: ListStore, clock: ManualClock) -> None:
    store.broken = {"bob"}
    queue = make()
    users = ("alice", "bob")
    queue.accept(Envelope(SENDER, tuple(Recipient(Address(u.encode(), b"local.test"), user=u) for u in users)), MESSAGE)
    assert [user for user, _ in store.delivered] == ["alice"]
    store.broken = set()

    drain(queue)

    assert [user for user, _ in store.delivered] == ["alice", "bob"]


# Relaying.


def test_the_lowest_preference_takes_the_message_as_it_is(lab: Lab, make: MakeQueue) -> None:
    domain = lab.domain()
    low, high = lab.hosts(2)
    lab.set_mx(domain, [(20, high), (10, low)])
    queue = make()

    queue.accept(remote(f"x@{domain}", f"y@{domain}"), MESSAGE)
    drain(queue)

    (delivery,) = lab.deliveries(domain)
    assert delivery.host == low.address
    assert (delivery.helo, delivery.sender) == ("mail.local.test", "alice@local.test")
    assert delivery.recipients == (f"x@{domain}", f"y@{domain}")
    assert delivery.octets == MESSAGE
    assert delivery.raw == MESSAGE.replace(b"\r\n.body", b"\r\n..body")


@pytest.mark.parametrize(
    "behaviour",
    [
        REFUSED,
        dropped(),
        greets(421),
        greets(554),
        answers(Stage.EHLO, 421),
        answers(Stage.MAIL, 451),
        answers(Stage.RCPT, 450),
        answers(Stage.RCPT, 552),
        answers(Stage.DATA, 451),
        answers(Stage.END, 451),
        drops(Stage.GREETING),
        drops(Stage.MAIL),
        drops(Stage.RCPT),
        drops(Stage.DATA),
        drops(Stage.END),
    ],
)
def test_the_next_host_is_asked_in_the_same_attempt(
    lab: Lab, make: MakeQueue, clock: ManualClock, behaviour: Behaviour
) -> None:
    domain, _, second = first_two(lab, behaviour)
    began = clock.now()
    queue = make()

    queue.accept(remote(f"x@{domain}"), MESSAGE)
    drain(queue)

    assert [delivery.host for delivery in lab.deliveries(domain)] == [second]
    assert clock.now() == began


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.END])
def test_5yz_stops_and_is_reported(lab: Lab, make: MakeQueue, store: ListStore, stage: Stage) -> None:
    domain, _, _ = first_two(lab, answers(stage, 550))
    queue = make()

    queue.accept(remote(f"x@{domain}"), MESSAGE)
    drain(queue)

    assert lab.deliveries(domain) == ()
    assert statuses(report_in(store)) == ["5.0.0"]


def test_helo_serves_where_ehlo_is_unknown(lab: Lab, make: MakeQueue) -> None:
    domain, first, _ = first_two(lab, helo_only())
    queue = make()

    queue.accept(remote(f"x@{domain}"), MESSAGE)
    drain(queue)

    (delivery,) = lab.deliveries(domain)
    assert (delivery.host, delivery.esmtp, delivery.parameters) == (first, False, ())


def test_each_recipient_has_its_own_fate(lab: Lab, make: MakeQueue, store: ListStore) -> None:
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, Behaviour(recipients={f"no@{domain}": Reply(550), f"later@{domain}": Reply(450)}))
    lab.set_mx(domain, [(10, first), (20, second)])
    queue = make()

    queue.accept(remote(f"yes@{domain}", f"no@{domain}", f"later@{domain}"), MESSAGE)
    drain(queue)

    assert [(d.host, d.recipients) for d in lab.deliveries(domain)] == [
        (first.address, (f"yes@{domain}",)),
        (second.address, (f"later@{domain}",)),
    ]
    assert statuses(report_in(store)) == ["5.0.0"]


def test_disk_trouble_doubles_nothing(
    lab: Lab, make: MakeQueue, store: ListStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(host, Behaviour(recipients={f"no@{domain}": Reply(550)}))
    lab.set_mx(domain, [(10, host)])
    queue = make()
    queue.accept(remote(f"yes@{domain}", f"no@{domain}"), MESSAGE)
    for owner, name in ((store, "deliver"), (queue.spool, "add"), (queue.spool, "update"), (queue.spool, "remove")):
        monkeypatch.setattr(owner, name, failing_once(getattr(owner, name)))

    drain(queue)

    assert [delivery.recipients for delivery in lab.deliveries(domain)] == [(f"yes@{domain}",)]
    assert statuses(report_in(store)) == ["5.0.0"]


def failing_once(function: Callable[..., object]) -> Callable[..., object]:
    """Return the function as on a disk that is full at its first call."""
    calls = itertools.count()

    def call(*arguments: object, **named: object) -> object:
        if next(calls) == 0:
            msg = "no space left"
            raise StoreError(msg) if function.__name__ == "deliver" else OSError(msg)
        return function(*arguments, **named)

    return call


def test_domains_with_the_same_hosts_share_one_copy(lab: Lab, make: MakeQueue) -> None:
    one, two = lab.domain(), lab.domain()
    hosts = lab.hosts(2)
    for domain in (one, two):
        lab.set_mx(domain, [(10, hosts[0]), (20, hosts[1])])
    queue = make()

    queue.accept(remote(f"x@{one}", f"y@{two}"), MESSAGE)
    drain(queue)

    assert [d.recipients for d in lab.deliveries(one)] == [(f"x@{one}", f"y@{two}")]


@pytest.mark.parametrize(("null", "status"), [(True, "5.1.10"), (False, "5.1.2")])
def test_domains_without_mail_are_reported_at_once(
    lab: Lab, make: MakeQueue, store: ListStore, clock: ManualClock, null: bool, status: str
) -> None:
    domain = lab.domain()
    if null:
        lab.null_mx(domain)
    began = clock.now()
    queue = make()

    queue.accept(remote(f"x@{domain}"), MESSAGE)
    drain(queue)

    assert statuses(report_in(store)) == [status]
    assert clock.now() == began


# Time.


def test_trouble_is_retried_until_it_works(lab: Lab, make: MakeQueue, clock: ManualClock) -> None:
    domain = lab.domain()
    lab.set_mx(domain, [(10, lab.hosts(1)[0])])
    lab.fault(domain, Fault(FaultKind.SERVFAIL, type="MX", count=6))
    began = clock.now()
    queue = make()

    queue.accept(remote(f"x@{domain}"), MESSAGE)
    drain(queue)

    assert len(lab.deliveries(domain)) == 1
    assert clock.now() - began >= 30 * MINUTE


def test_five_days_pass_in_less_than_a_second(lab: Lab, make: MakeQueue, store: ListStore, clock: ManualClock) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(host, REFUSED)
    lab.set_mx(domain, [(10, host)])
    began, real = clock.now(), time.monotonic()
    queue = make()

    queue.accept(remote(f"x@{domain}"), MESSAGE)
    drain(queue)

    # The first report told of the delay.
    assert b"\r\nAction: delayed\r\n" in store.delivered.pop(0)[1]
    assert statuses(report_in(store)) == ["4.4.1"]
    assert clock.now() - began == 5 * DAY
    assert len(queue.journal.entries("queue.later")) == 1 + 1 + (5 * DAY - 30 * MINUTE) // (2 * HOUR) + 1
    assert time.monotonic() - real < 2  # half a second on an idle machine


# Reports.


def test_a_report_is_never_answered_with_a_report(lab: Lab, make: MakeQueue, store: ListStore) -> None:
    domain, _, _ = first_two(lab, answers(Stage.RCPT, 550))
    queue = make()

    queue.accept(remote(f"x@{domain}", sender=None), MESSAGE)
    drain(queue)

    assert store.delivered == []
    assert [entry.topic for entry in queue.journal.entries("queue.dropped")] == ["queue.dropped"]


def test_never_means_no_report(lab: Lab, make: MakeQueue, store: ListStore) -> None:
    queue = make()

    queue.accept(remote(f"x@{lab.domain()}", parameters={b"NOTIFY": b"NEVER"}), MESSAGE)
    drain(queue)

    assert store.delivered == []


def success_in(store: ListStore) -> bytes:
    """Return the one report of a success that alice got."""
    (octets,) = (octets for user, octets in store.delivered if user == "alice")
    report = email.message_from_bytes(octets, _class=email.message.EmailMessage, policy=email.policy.default)
    types = [part.get_content_type() for part in report.iter_parts()]
    assert types == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    return octets


def test_success_in_a_mailbox_is_reported_where_it_was_asked_for(make: MakeQueue, store: ListStore) -> None:
    wishes: list[Parameters] = [{b"NOTIFY": b"success,FAILURE", b"ORCPT": b"rfc822;B+2Bb"}, {b"NOTIFY": b"FAILURE"}, {}]
    names = [b"Bob", b"bob", b"BOB"]
    recipients = [
        Recipient(Address(name, b"local.test"), wish, "bob") for name, wish in zip(names, wishes, strict=True)
    ]

    make().accept(Envelope(SENDER, tuple(recipients), {b"ENVID": b"id+2B", b"RET": b"FULL"}), MESSAGE)

    report = success_in(store)
    assert b"\r\nOriginal-Envelope-Id: id+\r\n" in report
    assert b"\r\nOriginal-Recipient: rfc822; B+b\r\nFinal-Recipient: rfc822; Bob@local.test\r\n" in report
    assert report.count(b"\r\nAction: delivered\r\nStatus: 2.1.5\r\n") == 1
    assert report.count(b"Final-Recipient:") == 1
    assert [user for user, _ in store.delivered] == ["bob", "alice"]


@pytest.mark.parametrize(("sender", "notify"), [(None, b"SUCCESS"), (SENDER, b"NEVER"), (SENDER, b"DELAY")])
def test_success_is_not_reported_otherwise(
    make: MakeQueue, store: ListStore, sender: Address | None, notify: bytes
) -> None:
    bob = Recipient(Address(b"bob", b"local.test"), {b"NOTIFY": notify}, "bob")

    make().accept(Envelope(sender, (bob,)), MESSAGE)

    assert len(store.delivered) == 1


class WithList(LocalTest):
    """local.test also has a list, which bob owns."""

    def find(self, address: Address) -> Destination:
        if address == Address(b"staff", b"local.test"):
            members = (Address(b"alice", b"local.test"), Address(b"bob", b"local.test"))
            return Destination("list", members=members, owner=members[1])
        return super().find(address)


def test_a_list_delivers_for_its_owner_and_says_that_it_has_it(make: MakeQueue, store: ListStore) -> None:
    queue = make()
    queue.directory = WithList()
    staff = Recipient(Address(b"staff", b"local.test"), {b"NOTIFY": b"SUCCESS"})

    queue.accept(Envelope(SENDER, (staff,)), MESSAGE)

    assert [user for user, _ in store.delivered] == ["alice", "bob", "alice"]
    assert all(octets.startswith(b"Return-Path: <bob@local.test>\r\n") for _, octets in store.delivered[:2])
    assert b"\r\nFinal-Recipient: rfc822; staff@local.test\r\nAction: delivered\r\n" in store.delivered[2][1]


def test_members_who_cannot_be_reached_now_are_retried(make: MakeQueue, store: ListStore) -> None:
    queue = make()
    queue.directory = WithList()
    store.broken = {"alice", "bob"}
    staff = Recipient(Address(b"staff", b"local.test"))

    with pytest.raises(StoreError):
        queue.accept(Envelope(SENDER, (staff,)), MESSAGE)
    store.broken = {"alice"}
    queue.accept(Envelope(SENDER, (staff,)), MESSAGE)
    assert [user for user, _ in store.delivered] == ["bob"]
    store.broken = set()
    drain(queue)
    assert [user for user, _ in store.delivered] == ["bob", "alice"]


def test_a_report_that_cannot_be_stored_refuses_nothing(make: MakeQueue, store: ListStore) -> None:
    store.broken = {"alice"}
    queue = make()
    bob = Recipient(Address(b"bob", b"local.test"), {b"NOTIFY": b"SUCCESS"}, "bob")

    queue.accept(Envelope(SENDER, (bob,)), MESSAGE)

    assert [user for user, _ in store.delivered] == ["bob"]
    assert queue.pending == 1


def test_what_a_host_without_dsn_takes_is_reported_as_relayed(lab: Lab, make: MakeQueue, store: ListStore) -> None:
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.set_mx(domain, [(10, host)])
    queue = make()

    queue.accept(remote(f"x@{domain}", parameters={b"NOTIFY": b"SUCCESS"}), MESSAGE)
    drain(queue)

    report = success_in(store)
    assert b"\r\nAction: relayed\r\nStatus: 2." in report
    assert b"\r\nRemote-MTA: dns; " in report
    assert b"\r\nDiagnostic-Code: smtp; 250 " in report


def test_a_report_for_a_remote_sender_is_relayed_with_the_null_path(lab: Lab, make: MakeQueue) -> None:
    domain = lab.domain()
    lab.set_mx(domain, [(10, lab.hosts(1)[0])])
    queue = make()

    queue.accept(remote(f"x@{lab.domain()}", sender=Address(b"s", domain.encode())), MESSAGE)
    drain(queue)

    (delivery,) = lab.deliveries(domain)
    assert (delivery.sender, delivery.recipients) == ("", (f"s@{domain}",))


def test_a_looping_message_is_stopped(lab: Lab, make: MakeQueue, store: ListStore) -> None:
    domain = lab.domain()
    lab.set_mx(domain, [(10, lab.hosts(1)[0])])
    queue = make()

    queue.accept(remote(f"x@{domain}"), b"Received: a by b; c\r\n" * 101 + MESSAGE)
    drain(queue)

    assert lab.deliveries(domain) == ()
    assert statuses(report_in(store)) == ["5.4.6"]


# Restarts.


def test_a_restart_loses_nothing_and_doubles_nothing(lab: Lab, make: MakeQueue) -> None:
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, Behaviour(recipients={f"later@{domain}": Reply(450)}))
    lab.set_mx(domain, [(10, first)])
    make(RealClock()).accept(remote(f"x@{domain}", f"later@{domain}"), MESSAGE)

    async def once(queue: Queue) -> None:
        await queue.start()
        await asyncio.to_thread(lab.wait_deliveries, domain, 1, 5)
        await queue.stop()

    asyncio.run(once(make(RealClock())))
    lab.set_mx(domain, [(10, second)])
    drain(make())

    assert [(d.host, d.recipients) for d in lab.deliveries(domain)] == [
        (first.address, (f"x@{domain}",)),
        (second.address, (f"later@{domain}",)),
    ]
    assert make().pending == 0


def test_many_messages_at_once(lab: Lab, make: MakeQueue) -> None:
    domain = lab.domain()
    hosts = lab.hosts(3)
    lab.set_mx(domain, [(10, host) for host in hosts])
    queue = make()
    for number in range(30):
        queue.accept(remote(f"x{number}@{domain}"), MESSAGE)

    drain(queue)

    deliveries = lab.deliveries(domain)
    assert sorted(d.recipients for d in deliveries) == sorted((f"x{n}@{domain}",) for n in range(30))
    assert {d.host for d in deliveries} == {host.address for host in hosts}
