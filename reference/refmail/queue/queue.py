"""The queue: takes responsibility for messages, and works on it in the background (RFC 5321 sections 4.2.5 and 4.5.4)."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import TypeVar

from refmail.journal import Journal
from refmail.message.binary import as_text
from refmail.message.envelope import Envelope, Recipient
from refmail.message.idn import to_a_labels
from refmail.message.trace import count_received, for_final_delivery
from refmail.queue.bounce import Action, Outcome, Reporter
from refmail.queue.client import RelayClient, Result, Results, Verdict
from refmail.queue.clock import QueueClock, RealClock
from refmail.queue.expansion import Expansion, expand
from refmail.queue.grouping import Group, Groups, group_by_hosts
from refmail.queue.router import Later, Router, Unroutable
from refmail.queue.schedule import Schedule
from refmail.queue.spool import Spool, SpoolEntry, rest_of
from refmail.services import Directory
from refmail.store.api import MailStore, StoreError

__all__ = ["Queue", "QueueLimits"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much is done at the same time, and when a loop is seen."""

    #: Messages worked on at once.
    messages: int = 8
    #: Received fields above which a message is looping (RFC 5321 section 6.3: at least 100).
    received_fields: int = 100
    #: Seconds that a client waits for what the DNS says of a recipient's domain.
    look_up: float = 10.0


class Queue:
    """Accepts messages durably and delivers them.

    Args:
        spool: where remote mail waits.
        store: where local mail goes.
        directory: says which addresses are local; asked for reports that go back to local senders.
        router: says where remote mail goes.
        relay: brings it there.
        schedule: when to try again.
        reporter: writes failure reports.
        journal: where each decision is noted.
    """

    def __init__(
        self,
        spool: Spool,
        store: MailStore,
        directory: Directory,
        router: Router,
        relay: RelayClient,
        *,
        hostname: str,
        journal: Journal,
        random: Random,
        schedule: Schedule = Schedule(),  # noqa: B008  Schedule is frozen
        clock: QueueClock | None = None,
        limits: QueueLimits = QueueLimits(),
        reporter: Reporter | None = None,
    ) -> None:
        self.spool = spool
        self.store = store
        self.directory = directory
        self.router = router
        self.relay = relay
        self.schedule = schedule
        self.reporter = reporter or Reporter(hostname, random)
        self.journal = journal
        self.clock = clock or RealClock()
        self.limits = limits
        self._waiting: dict[str, SpoolEntry] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._waiting.update((entry.id, entry) for entry in spool.open())
        for entry_id, reason in spool.aside:
            journal.note("queue.set-aside", entry=entry_id, reason=reason)

    # Taking responsibility; called from any thread.

    def accept(self, envelope: Envelope, octets: bytes) -> None:
        """Deliver to local recipients and spool for remote ones, members of lists among them; durable when it returns.

        Raises:
            StoreError: nothing of it was accepted.
        """
        expansion = self.expanded(envelope)
        for number, share in enumerate(expansion.envelopes):
            try:
                self._take(share, octets)
            except StoreError:
                if number == 0:
                    raise
                # A part is accepted, so a 4yz would double it: the rest is ours to retry.
                self.enqueue(share, octets)
        self._report_success(envelope, expansion.outcomes, octets)

    def expanded(self, envelope: Envelope) -> Expansion:
        """Return what an envelope comes to when aliases and lists have been looked up."""
        return expand(envelope, self.directory)

    def _take(self, envelope: Envelope, octets: bytes) -> None:
        """Deliver and spool for recipients who are neither aliases nor lists.

        Raises:
            StoreError: nothing of it was accepted.
        """
        local = [recipient for recipient in envelope.recipients if recipient.user is not None]
        remote = tuple([recipient for recipient in envelope.recipients if recipient.user is None])
        if remote:
            self.enqueue(replace(envelope, recipients=remote), octets)
        undelivered: dict[str | None, StoreError] = {}
        final = self._final(envelope, octets) if local else b""
        users = dict.fromkeys([recipient.user for recipient in local])
        for user in users:
            try:
                self.store.deliver(user or "", final)
                self.journal.note("store.delivered", trace=envelope.trace_id, user=user)
            except StoreError as error:
                self.journal.note("queue.store-trouble", trace=envelope.trace_id, user=user, error=str(error))
                undelivered[user] = error
        if undelivered and len(undelivered) == len(users) and not remote:
            raise next(iter(undelivered.values()))
        if undelivered:
            # A part is accepted, so a 4yz would double it: the rest is ours to retry.
            rest = {recipient.user: recipient for recipient in local if recipient.user in undelivered}
            self.enqueue(replace(envelope, recipients=tuple(rest.values())), octets)
        delivered = [recipient for recipient in local if recipient.user not in undelivered]
        outcomes = [Outcome(recipient, _IN_MAILBOX, Action.DELIVERED) for recipient in delivered]
        self._report_success(envelope, outcomes, octets)

    def _report_success(
        self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: float | None = None
    ) -> None:
        """Report what was done, where that was asked for; never fails. Mail `arrived` just now if None."""
        for outcome in outcomes:
            if self.reporter.wants(outcome.recipient, outcome.action):
                break
        else:
            return
        try:
            self._report(envelope, outcomes, octets, arrived=self.clock.now() if arrived is None else arrived)
        except StoreError as error:
            # The message itself is delivered: to refuse it now would double it.
            self.journal.note("queue.store-trouble", trace=envelope.trace_id, error=str(error))

    def has_null_mx(self, domain: bytes) -> bool:
        """Say whether a domain takes no mail (RFC 7505); False where nobody can tell. Not for the loop's own thread."""
        if self._loop is None:
            return False
        name = to_a_labels(domain).decode("utf-8", "surrogateescape")
        future = asyncio.run_coroutine_threadsafe(self.router.has_null_mx(name), self._loop)
        try:
            return future.result(self.limits.look_up)
        except (TimeoutError, concurrent.futures.CancelledError):
            future.cancel()
            return False

    def enqueue(self, envelope: Envelope, octets: bytes) -> None:
        """Spool a message durably and set about it.

        Raises:
            StoreError: it could not be spooled.
        """
        try:
            entry = self.spool.add(envelope, octets, now=self.clock.now())
        except OSError as error:
            msg = f"the spool {self.spool.path} cannot be written: {error}"
            raise StoreError(msg) from error
        self.journal.note("queue.accepted", entry=entry.id, trace=envelope.trace_id, size=len(octets))
        if self._loop is None:
            self._waiting[entry.id] = entry
        else:
            self._loop.call_soon_threadsafe(self._admit, entry)

    def _admit(self, entry: SpoolEntry) -> None:
        self._waiting[entry.id] = entry
        self._wake.set()

    # The background worker.

    async def start(self) -> None:
        """Begin to work on what is spooled."""
        self._loop = asyncio.get_running_loop()
        self._worker = asyncio.create_task(self._run(), name="queue")

    async def stop(self, grace: float = 1.0) -> None:
        """Begin nothing new, and give attempts under way some time to end.

        What is abandoned after it is tried again after the next start, and may arrive twice.

        Args:
            grace: seconds.
        """
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        busy = list(self._busy.values())
        if busy:
            await asyncio.wait(busy, timeout=grace)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        self._worker = None
        self._loop = None

    @property
    def pending(self) -> int:
        """Messages that still wait for at least one recipient."""
        return len(self._waiting) + len(self._busy)

    async def drained(self) -> None:
        """Wait until nothing is pending; of use to tests and to an orderly end."""
        while self.pending:
            self._changed.clear()
            await self._changed.wait()

    def flush(self) -> None:
        """Try every waiting message now; call it on the loop's thread."""
        now = self.clock.now()
        self._waiting = {key: replace(entry, due=now) for key, entry in self._waiting.items()}
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            now = self.clock.now()
            due = sorted((entry for entry in self._waiting.values() if entry.due <= now), key=lambda entry: entry.due)
            for entry in due[: self.limits.messages - len(self._busy)]:
                del self._waiting[entry.id]
                self._busy[entry.id] = asyncio.create_task(self._work(entry), name=f"queue {entry.id}")
            await self.clock.wait(self._wake, self._seconds_to_next(), busy=bool(self._busy))

    def _seconds_to_next(self) -> float | None:
        """Seconds until a message is due, or None where the end of other work comes first."""
        if not self._waiting or len(self._busy) >= self.limits.messages:
            return None
        return max(0.0, min(entry.due for entry in self._waiting.values()) - self.clock.now())

    async def _work(self, entry: SpoolEntry) -> None:
        """Make one attempt for a message, and put it back if recipients are left."""
        left: SpoolEntry | None = entry
        try:
            left = await self._attempt(entry)
        except Exception as error:  # noqa: BLE001  one message's fault must not stop the others
            self.journal.fault("queue.fault", error, entry=entry.id)
            left = replace(entry, due=self.clock.now() + self.schedule.intervals[0])
        finally:
            del self._busy[entry.id]
            if left is not None:
                self._waiting[entry.id] = left
            self._wake.set()
            self._changed.set()

    async def _attempt(self, entry: SpoolEntry) -> SpoolEntry | None:
        try:
            octets = await asyncio.to_thread(self.spool.read, entry.id)
        except FileNotFoundError as error:
            # No later attempt would find it either.
            await asyncio.to_thread(self.spool.set_aside, entry.id, f"its data are gone: {error}")
            recipients = [str(recipient.address) for recipient in entry.envelope.recipients]
            self.journal.note("queue.set-aside", entry=entry.id, reason=str(error), recipients=recipients)
            return None
        results = await self._results(entry.envelope, octets)
        now = self.clock.now()
        for recipient in entry.envelope.recipients:
            result = results[recipient.address]
            self.journal.note(
                f"queue.{result.verdict.value}",
                entry=entry.id,
                trace=entry.envelope.trace_id,
                recipient=str(recipient.address),
                host=result.host,
                status=result.status,
                text=result.text,
            )
        later = self._with(entry, results, Verdict.LATER)
        failed = self._with(entry, results, Verdict.FAILED)
        attempts = entry.attempts + 1
        interval = self.schedule.next_attempt(
            attempts=attempts, age=now - entry.arrived, is_report=entry.envelope.reverse_path is None
        )
        if interval is None:
            failed, later = (*failed, *later), ()
        done = self._with(entry, results, Verdict.DELIVERED)
        outcomes = [_success(recipient, results[recipient.address]) for recipient in done]
        # What a host with DSN has taken is for that host to report.
        succeeded = [outcome for outcome in outcomes if not outcome.result.reports]
        failures = [Outcome(recipient, results[recipient.address]) for recipient in failed]
        try:
            await asyncio.to_thread(self._report, entry.envelope, failures, octets, arrived=entry.arrived)
        except StoreError as error:
            # Whom nobody could be told about stays; who has the message must not get it again.
            self.journal.note("queue.store-trouble", entry=entry.id, error=str(error))
            later, interval = (*later, *failed), interval or self.schedule.intervals[0]
        await asyncio.to_thread(self._report_success, entry.envelope, succeeded, octets, arrived=entry.arrived)
        if not later or interval is None:
            await self._spooled(entry, self.spool.remove, entry.id)
            return None
        warn = not entry.warned and self.schedule.is_warning_due(now - entry.arrived)
        left = replace(rest_of(entry, later), attempts=attempts, due=now + interval, warned=entry.warned or warn)
        # Written down first: after a crash in between nobody is told, rather than somebody twice.
        await self._spooled(entry, self.spool.update, left)
        if warn:
            await asyncio.to_thread(self._warn, left, results, octets)
        return left

    def _warn(self, entry: SpoolEntry, results: Results, octets: bytes) -> None:
        """Tell the sender that a message still waits, where that was asked for or left open; never fails."""
        until = datetime.fromtimestamp(entry.arrived + self.schedule.give_up, UTC)
        delayed = [
            Outcome(recipient, results[recipient.address], Action.DELAYED, until)
            for recipient in entry.envelope.recipients
            if results[recipient.address].verdict is Verdict.LATER
        ]
        self._report_success(entry.envelope, delayed, octets, arrived=entry.arrived)

    async def _spooled(self, entry: SpoolEntry, change: Callable[[T], None], what: T) -> None:
        """Write down what is left of a message; until the spool can be written again, only memory knows."""
        try:
            await asyncio.to_thread(change, what)
        except OSError as error:
            self.journal.fault("queue.spool-trouble", error, entry=entry.id)

    @staticmethod
    def _with(entry: SpoolEntry, results: Results, verdict: Verdict) -> tuple[Recipient, ...]:
        return tuple(
            recipient for recipient in entry.envelope.recipients if results[recipient.address].verdict is verdict
        )

    async def _results(self, envelope: Envelope, octets: bytes) -> Results:
        """Try to serve every recipient and say what became of each."""
        results: Results = {}
        if count_received(octets) > self.limits.received_fields:
            looping = Result(Verdict.FAILED, "5.4.6", "too many Received fields: the message is in a loop", code=554)
            return {recipient.address: looping for recipient in envelope.recipients}
        remote: list[Recipient] = []
        for recipient in envelope.recipients:
            if recipient.user is None:
                remote.append(recipient)
            else:
                results[recipient.address] = await asyncio.to_thread(self._deliver, envelope, recipient, octets)
        routes = await group_by_hosts(self.router, remote)
        self._note_routes(envelope, routes)
        for route, recipients in routes.dead_ends:
            results |= {recipient.address: _dead_end(route) for recipient in recipients}
        for done in await asyncio.gather(*(self._send(group, envelope, octets) for group in routes.groups)):
            results |= done
        return results

    def _note_routes(self, envelope: Envelope, routes: Groups) -> None:
        ways = [(group.recipients, tuple(dict.fromkeys(hop.host for hop in group.hops)), "") for group in routes.groups]
        ways += [(recipients, (), route.reason) for route, recipients in routes.dead_ends]
        for recipients, hosts, reason in ways:
            self.journal.note(
                "router.routed",
                trace=envelope.trace_id,
                recipients=", ".join(str(recipient.address) for recipient in recipients),
                hosts=", ".join(hosts),
                reason=reason,
            )

    async def _send(self, group: Group, envelope: Envelope, octets: bytes) -> Results:
        share = replace(envelope, recipients=group.recipients)
        return await self.relay.deliver(group.hops, share, octets)

    def _deliver(self, envelope: Envelope, recipient: Recipient, octets: bytes) -> Result:
        try:
            self.store.deliver(recipient.user or "", self._final(envelope, octets))
            self.journal.note("store.delivered", trace=envelope.trace_id, user=recipient.user)
        except StoreError as error:
            return Result(Verdict.LATER, "4.2.0", str(error))
        return _IN_MAILBOX

    @staticmethod
    def _final(envelope: Envelope, octets: bytes) -> bytes:
        """Return what goes into a mailbox: text, as POP3 and IMAP know no other messages."""
        return for_final_delivery(as_text(envelope, octets)[1], envelope.reverse_path)

    def _report(self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: float) -> None:
        """Send a report back to the sender, unless the message is one itself (RFC 5321 section 6.1).

        Raises:
            StoreError: it could not be stored anywhere.
        """
        sender = envelope.reverse_path
        wanted = [outcome for outcome in outcomes if self.reporter.wants(outcome.recipient, outcome.action)]
        if sender is None or not wanted:
            self._drop(envelope, outcomes)
            return
        destination = self.directory.find(sender)
        if destination.kind == "unknown":
            self._drop(envelope, outcomes)
            return
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        returned, octets = as_text(envelope, octets)
        report = self.reporter.report(returned, wanted, octets, arrived=datetime.fromtimestamp(arrived, UTC), now=now)
        recipient = Recipient(sender, user=destination.user if destination.kind == "local" else None)
        self.journal.note("queue.reported", trace=envelope.trace_id, sender=str(sender), recipients=len(wanted))
        # What SMTP has to know of it: 8-bit text is announced, and so is an address outside ASCII.
        parameters: dict[bytes, bytes | None] = {} if report.isascii() else {b"BODY": b"8BITMIME"}
        if not sender.is_ascii:
            parameters[b"SMTPUTF8"] = None
        self._accept_report(Envelope(None, (recipient,), parameters, arrived=now, trace_id=envelope.trace_id), report)

    def _drop(self, envelope: Envelope, outcomes: Sequence[Outcome]) -> None:
        failures = sum(1 for outcome in outcomes if outcome.action is Action.FAILED)
        if failures:
            self.journal.note(
                "queue.dropped", trace=envelope.trace_id, recipients=failures, sender=str(envelope.reverse_path or "")
            )

    def _accept_report(self, envelope: Envelope, report: bytes) -> None:
        try:
            self.accept(envelope, report)
        except StoreError:
            # The sender's mailbox is full or out of order: the report waits in the spool.
            self.enqueue(envelope, report)


#: For a recipient whose mailbox has the message.
_IN_MAILBOX = Result(Verdict.DELIVERED, "2.1.5", "delivered")


def _success(recipient: Recipient, result: Result) -> Outcome:
    return Outcome(recipient, result, Action.RELAYED if recipient.user is None else Action.DELIVERED)


def _dead_end(route: Unroutable | Later) -> Result:
    if isinstance(route, Unroutable):
        return Result(Verdict.FAILED, route.status, f"{route.code} {route.status} {route.reason}", code=route.code)
    return Result(Verdict.LATER, route.status, route.reason)
