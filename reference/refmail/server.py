"""A whole server: parts from a blueprint, listeners from a configuration, one start and one stop."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import logging
import random
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from refmail.blueprint import Blueprint, WireFilter
from refmail.certificates import accept_clients_of, context_from_files, lab_authority_pem, lab_context, names_for
from refmail.config import Config
from refmail.journal import Journal
from refmail.limits import Door
from refmail.machine import Call, Machine
from refmail.parts import SESSION_OF, Parts
from refmail.privileges import Entrance
from refmail.queue.clock import QueueClock
from refmail.queue.queue import Queue
from refmail.services import Listener, Peer, ScramUsers, Services
from refmail.transport.connection import Workshop
from refmail.transport.listener import PortListener
from refmail.transport.turn import Turn

__all__ = ["Server", "tls_source"]

logger = logging.getLogger("refmail")

#: Threads for calls that block: password checks and disks.
_THREADS = 8

#: Services that have TLS from the first octet (RFC 8314 section 3).
_IMPLICIT_TLS: frozenset[Listener] = frozenset({"submissions", "pop3s", "imaps"})


def local_now() -> datetime:
    """Return the time of day with the local offset, as Received fields should have it (RFC 5321 section 4.4)."""
    return datetime.now(UTC).astimezone()


class Server:
    """A mail server on an event loop; start and stop it there.

    Args:
        config: where it listens, for whom, and with which limits.
        blueprint: its parts, for mutants and variants.
        clock: seconds, monotonic.
        now: the time of day with a time zone.
        queue_clock: the queue's own time, which may run faster; real time where None.
        entrance: what was opened before, with more rights than the server has; opened here where None.

    Raises:
        ValueError: the blueprint or the TLS files cannot be used.
    """

    def __init__(
        self,
        config: Config,
        blueprint: Blueprint | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = local_now,
        queue_clock: QueueClock | None = None,
        entrance: Entrance | None = None,
    ) -> None:
        self.config = config
        self.blueprint = blueprint or Blueprint()
        self.journal = Journal(clock)
        #: Port of each listener, once started.
        self.ports: dict[Listener, int] = {}
        self._parts = Parts(self.blueprint, config)
        self._entrance = entrance or Entrance(self._parts.tls(tls_source))
        self._tls = self._entrance.tls
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="refmail-call")
        self._listeners: list[PortListener] = []
        self._folder = tempfile.TemporaryDirectory(prefix="refmail-") if config.relay.spool is None else None
        try:
            self.queue, self.services = self._assemble(clock, now, queue_clock)
        except BaseException:
            self._remove_folder()
            raise

    def _assemble(
        self, clock: Callable[[], float], now: Callable[[], datetime], queue_clock: QueueClock | None
    ) -> tuple[Queue, Services]:
        numbers = random.Random(self.config.seed)
        store = self._parts.store()
        directory = self._parts.directory()
        spool = Path(self.config.relay.spool or (self._folder.name if self._folder else ""))
        queue = self._parts.queue(spool, store, directory, self.journal, random.Random(numbers.random()), queue_clock)
        services = Services(
            store=store,
            users=self._parts.users(),
            directory=directory,
            accept=queue.accept,
            hostname=self.config.hostname,
            clock=clock,
            now=now,
            random=numbers,
            journal=self.journal,
            policy=self._parts.policy(),
            tls_available=self._tls is not None,
            can_relay=bool(self.config.dns.servers),
            has_null_mx=queue.has_null_mx,
        )
        return queue, services

    @property
    def authority_pem(self) -> bytes | None:
        """The certificate that vouches for ours as PEM; None where it is not a lab certificate."""
        return lab_authority_pem() if self.config.tls.mode == "lab" else None

    async def start(self) -> None:
        """Open all listeners; on failure none stays open.

        Raises:
            OSError: one cannot listen; the message says which and why.
        """
        policy = self.services.policy
        door = Door(policy.connections, policy.connections_per_address)
        workshop = Workshop(
            self._executor,
            self._blocks,
            self._tls,
            self.journal,
            self._parts.segments(),
            door,
            Turn(asyncio.get_running_loop(), lambda: door.inside > 1),
            self.config.hostname,
        )
        try:
            await self.queue.start()
            for name, place in self.config.listeners.items():
                listener = PortListener(
                    name,
                    functools.partial(self._session, name),
                    functools.partial(self._filters, name),
                    workshop,
                    implicit_tls=name in _IMPLICIT_TLS,
                )
                self._listeners.append(listener)
                self.ports[name] = await listener.start(place.host, place.port, self._entrance.sockets.get(name, ()))
        except BaseException:
            await self.stop(0.0)
            raise

    def _session(self, listener: Listener, peer: Peer) -> Machine:
        """Make a session; what it is made of is imported by now, unless the client was very quick."""
        services = self.services if _is_loopback(peer.address) else self._services_for_others
        return self._parts.session(listener)(services, peer)

    @functools.cached_property
    def _services_for_others(self) -> Services:
        """The services of connections from other hosts, which may be overheard."""
        policy = self.services.policy
        if policy.plaintext_login_from == "anywhere":
            return self.services
        return replace(self.services, policy=msgspec.structs.replace(policy, plaintext_login=False))

    def warm_up(self) -> None:
        """Begin, on another thread, what the start did not wait for; whoever needs it sooner does it himself."""
        self._executor.submit(self._prepare)

    def _prepare(self) -> None:
        for listener in self.config.listeners:
            self._parts.session(listener)
        if isinstance(self.services.users, ScramUsers):
            _ = self.services.users.scram_mechanisms
        if self._tls is not None:
            self._tls()

    async def stop(self, grace: float = 3.0) -> None:
        """Stop: sessions say goodbye, and what is left after `grace` seconds is cut off."""
        for listener in self._listeners:
            await listener.stop(grace)
        self._listeners.clear()
        await self.queue.stop()
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._remove_folder()

    def _remove_folder(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def _filters(self, listener: Listener) -> Iterator[WireFilter]:
        for make in self.blueprint.filters.get(SESSION_OF[listener], ()):
            yield make()

    def _blocks(self, call: Call) -> bool:
        """Say whether a call may block: its object says so, else it is as the store is."""
        if call.function in (self.services.accept, self.services.has_null_mx) and self.services.can_relay:
            # The spool waits for the disk, and a look-up for the DNS, although the store may not.
            return True
        owner = getattr(call.function, "__self__", None)
        return bool(getattr(owner, "blocking", self.services.store.blocking))


@functools.lru_cache(maxsize=1024)
def _is_loopback(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def tls_source(config: Config) -> Callable[[], ssl.SSLContext] | None:
    """Return what makes the TLS context; what may be wrong in the configuration is looked at now.

    Raises:
        ValueError: a file cannot be used.
    """
    if config.tls.mode == "none":
        return None
    client_ca = Path(config.tls.client_ca) if config.tls.client_ca else None
    if config.tls.mode == "lab":
        make = functools.partial(lab_context, names_for(config.hostname, config.domains), client_ca)
        if client_ca is not None:
            make()
        return make
    context = context_from_files(Path(config.tls.cert or ""), Path(config.tls.key or ""))
    if client_ca is not None:
        accept_clients_of(context, client_ca)
    return lambda: context
