"""A running lab: its servers, and the DNS between them."""

from __future__ import annotations

import asyncio
import errno
import tempfile
from collections.abc import Callable
from pathlib import Path

from refmail.blueprint import Blueprint
from refmail.config import Config
from refmail.dns.fake import FakeDns
from refmail.dns.records import Record
from refmail.journal import Entry
from refmail.lab.config import LabConfig
from refmail.queue.clock import QueueClock
from refmail.server import Server
from refmail.services import Listener
from refmail.store.api import MailStore

__all__ = ["Lab"]

#: Where hosts are whose address this machine does not have.
_FALLBACK = "127.0.0.1"


class Lab:
    """Starts and stops all hosts of a configuration on the running loop, or single ones.

    Args:
        config: the hosts.
        blueprint: the parts of every host.
        on_entry: called with the host's name and each entry of its journal, from any thread.
        queue_clock: the time of all queues; real time where None.
    """

    def __init__(
        self,
        config: LabConfig,
        blueprint: Blueprint | None = None,
        *,
        on_entry: Callable[[str, Entry], None] = lambda _host, _entry: None,
        queue_clock: QueueClock | None = None,
    ) -> None:
        self.config = config
        self._blueprint = blueprint or Blueprint()
        self._on_entry = on_entry
        self._queue_clock = queue_clock
        self._stores: dict[str, MailStore] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="refmail-lab-")
        self._dns = _dns(config)
        #: The hosts that run.
        self.running: dict[str, Server] = {}
        #: Ports of each host, once it has run.
        self.ports: dict[str, dict[Listener, int]] = {}
        #: Where each host listens.
        self.addresses = {name: host.address for name, host in config.hosts.items()}
        self._dial: dict[str, str] = {}

    @property
    def dns_address(self) -> tuple[str, int]:
        """Host and port of the DNS, once started."""
        return self._dns.address

    async def start(self) -> None:
        """Start the DNS and all hosts; on failure nothing stays.

        Raises:
            OSError: something cannot listen; the message says what, where and why.
            ValueError: the configuration or the blueprint cannot be used.
        """
        try:
            await self._start_dns()
            # Who takes mail comes first, so that whoever sends it knows all ports.
            for name in sorted(self.config.hosts, key=lambda name: "smtp" not in self.config.hosts[name].services):
                await self.start_host(name)
        except BaseException:
            await self.stop(0.0)
            raise

    async def _start_dns(self) -> None:
        try:
            await asyncio.to_thread(self._dns.start)
        except OSError as error:
            place = self.config.dns
            msg = f"dns cannot listen on {place.host} port {place.port}: {error.strerror or error}"
            raise OSError(error.errno, msg) from error

    async def start_host(self, name: str) -> None:
        """Start one host, on the ports it had before if it ran before.

        Raises:
            OSError, ValueError: as `start`.
        """
        try:
            server = await self._started(name)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL or self.addresses[name] == _FALLBACK:
                raise
            self.addresses[name] = _FALLBACK
            self.ports[name] = dict.fromkeys(self.config.hosts[name].services, 0)
            server = await self._started(name)
        self.running[name] = server
        self.ports[name] = dict(server.ports)
        if "smtp" in server.ports:
            self._dial[self.config.hosts[name].address] = f"{self.addresses[name]}:{server.ports['smtp']}"
            for other in self.running.values():
                other.queue.relay.dial.update(self._dial)

    async def _started(self, name: str) -> Server:
        spool = Path(self._folder.name) / name
        config = self.config.host_config(
            name,
            ports=self.ports.get(name, {}),
            dns=self._dns.address,
            dial=self._dial,
            spool=spool,
            address=self.addresses[name],
        )
        store = self._stores.get(self.config.hosts[name].store)
        blueprint = self._blueprint if store is None else self._blueprint.with_part("store", _giving(store))
        server = Server(config, blueprint, queue_clock=self._queue_clock)
        server.journal.subscribe(lambda entry: self._on_entry(name, entry))
        await server.start()
        self._stores.setdefault(self.config.hosts[name].store, server.services.store)
        return server

    async def stop_host(self, name: str, grace: float = 1.0) -> None:
        """Stop one host; connections to it are refused from then on, and what it has queued waits."""
        server = self.running.pop(name, None)
        if server is not None:
            await server.stop(grace)

    async def stop(self, grace: float = 1.0) -> None:
        """Stop everything and remove what was written; may be called again."""
        await asyncio.gather(*(self.stop_host(name, grace) for name in list(self.running)))
        await asyncio.to_thread(self._dns.stop)
        self._folder.cleanup()


def _dns(config: LabConfig) -> FakeDns:
    server = FakeDns(config.dns.host, config.dns.port)
    server.add(*(Record(name, kind, data) for name, kind, data in config.zone()))
    return server


def _giving(store: MailStore) -> Callable[[Config], MailStore]:
    def give(_config: Config) -> MailStore:
        return store

    return give
