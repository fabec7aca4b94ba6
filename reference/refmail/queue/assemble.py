"""Putting a queue together from a configuration and the exchangeable parts of a blueprint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import cast

from refmail.dns.mailhosts import MailResolver
from refmail.dns.ondemand import ResolverOnDemand
from refmail.dns.unconfigured import Unconfigured
from refmail.journal import Journal
from refmail.queue.bounce import Reporter
from refmail.queue.client import RelayClient, Timeouts
from refmail.queue.clock import QueueClock
from refmail.queue.lanes import Lanes
from refmail.queue.queue import Queue, QueueLimits
from refmail.queue.relaytls import RelayTls
from refmail.queue.router import Router
from refmail.queue.schedule import Schedule
from refmail.queue.spool import Spool
from refmail.services import Directory
from refmail.store.api import MailStore

__all__ = ["PART_NAMES", "QueueSettings", "make_queue"]

#: Parts of a blueprint that are the queue's: `schedule` takes the place of the value, the others of the classes.
PART_NAMES = ("queue", "router", "relay", "reporter", "schedule")


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """What the configuration says about the queue."""

    hostname: str
    spool: Path
    #: (address, port) of each DNS server; none: nothing is sent to other domains.
    dns_servers: Sequence[tuple[str, int]]
    #: Names and addresses by which the world knows this server, besides its hostname.
    own_names: Collection[str] = ()
    own_addresses: Collection[str] = ()
    #: TCP port of remote hosts.
    port: int = 25
    #: Address -> "host:port" really to connect to.
    dial: Mapping[str, str] | None = None
    tls: RelayTls = field(default_factory=lambda: RelayTls("none", None))
    #: Connections to one host at a time, and messages over each of them.
    connections: int = 2
    messages: int = 100
    schedule: Schedule = field(default_factory=Schedule)
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: QueueLimits = field(default_factory=QueueLimits)
    #: Seconds to wait for one DNS answer, and for a whole lookup.
    dns_timeout: float = 2.0
    dns_lifetime: float = 6.0


def make_queue(
    settings: QueueSettings,
    parts: Mapping[str, object],
    *,
    store: MailStore,
    directory: Directory,
    journal: Journal,
    random: Random,
    clock: QueueClock | None = None,
) -> Queue:
    """Return a queue, not yet started; of `parts` those named in `PART_NAMES` are looked at."""
    router = cast("Callable[..., Router]", parts.get("router", Router))
    relay = cast("Callable[..., RelayClient]", parts.get("relay", RelayClient))
    kind = cast("type[Queue]", parts.get("queue", Queue))
    reporter = cast("Callable[[str, Random], Reporter]", parts.get("reporter", Reporter))
    client = relay(
        settings.hostname,
        port=settings.port,
        dial=settings.dial,
        timeouts=settings.timeouts,
        tls=settings.tls,
        lanes=Lanes(settings.connections, settings.messages),
        journal=journal,
    )
    names = {settings.hostname.lower(), *(name.lower() for name in settings.own_names)}
    return kind(
        Spool(settings.spool),
        store,
        directory,
        router(
            _resolver(settings, journal),
            random,
            own_names=names,
            own_addresses=settings.own_addresses,
            journal=journal,
        ),
        client,
        hostname=settings.hostname,
        journal=journal,
        random=random,
        schedule=cast("Schedule", parts.get("schedule", settings.schedule)),
        clock=clock,
        limits=settings.limits,
        reporter=reporter(settings.hostname, random),
    )


def _resolver(settings: QueueSettings, journal: Journal) -> MailResolver:
    if not settings.dns_servers:
        return Unconfigured()
    return ResolverOnDemand(
        settings.dns_servers, timeout=settings.dns_timeout, lifetime=settings.dns_lifetime, journal=journal
    )
