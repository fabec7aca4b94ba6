"""The lab itself: the fake DNS and all MX hosts, run by the process that controls a session."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from mailspec.lab.behaviour import GOOD, Behaviour
from mailspec.lab.client import Host, Lab
from mailspec.lab.control import ControlServer, LabAddress
from mailspec.lab.host import MxHost
from mailspec.lab.log import Attempt, Connection, Delivery, LabLog
from refmail.dns import FakeDns, Fault, Query
from refmail.dns.loopthread import LoopThread

__all__ = ["LabPlan", "LabServer"]


@dataclass(frozen=True, slots=True)
class LabPlan:
    """How a target reaches the lab.

    Without `mx_addresses` the hosts are known to the DNS as 127.0.x.y but really listen
    on ports that the kernel chose, and the target needs the dial map: so it works
    without rights and where 127.0.0.0/8 has one address only. With them, the hosts
    listen on just these addresses and `mx_port`.
    """

    dns_host: str = "127.0.0.1"
    #: 0 lets the kernel choose.
    dns_port: int = 0
    mx_addresses: tuple[str, ...] = ()
    mx_port: int = 25
    #: Processes that run checks at the same time; each has hosts of its own.
    workers: int = 1
    #: MX hosts for each worker, where `mx_addresses` does not say.
    hosts_per_worker: int = 12


class LabServer:
    """Runs one lab; checks use it through `Lab`."""

    def __init__(self, plan: LabPlan = LabPlan()) -> None:
        self.plan = plan
        self.log = LabLog(time.monotonic)
        self.dns = FakeDns(plan.dns_host, plan.dns_port, clock=self.log.clock, on_query=lambda _: self.log.nudge())
        self._hosts: dict[str, MxHost] = {}
        self._loop: LoopThread | None = None
        self._control: ControlServer | None = None
        self._next_domain = itertools.count(1)
        self._next_worker = itertools.count()
        self._lock = threading.Lock()

    # Life.

    def start(self) -> None:
        """Bind every port and serve.

        Raises:
            OSError: a port is taken, needs rights, or an address does not exist on this machine.
        """
        self._loop = LoopThread("lab-hosts")
        try:
            self._loop.run(self._open_hosts())
            self.dns.start()
        except BaseException:
            self.stop()
            raise
        self._control = ControlServer(
            {
                name: getattr(self, f"do_{name}")
                for name in (method[3:] for method in dir(self) if method.startswith("do_"))
            }
        )

    def stop(self) -> None:
        """Close every port and end every thread."""
        if self._control is not None:
            self._control.close()
            self._control = None
        self.dns.stop()
        if self._loop is not None:
            self._loop.run(self._close_hosts())
            self._loop.close()
            self._loop = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _open_hosts(self) -> None:
        for address in self._addresses():
            host = MxHost(address, self.log)
            self._hosts[address] = host
            if self.plan.mx_addresses:
                await host.open(address, self.plan.mx_port)
            else:
                await host.open("127.0.0.1", 0)

    async def _close_hosts(self) -> None:
        for host in self._hosts.values():
            await host.close()
        # Closed transports tell their protocols in the next rounds of the loop.
        for _ in range(3):
            await asyncio.sleep(0)

    def _addresses(self) -> Sequence[str]:
        if self.plan.mx_addresses:
            return self.plan.mx_addresses
        return [
            f"127.0.{10 + worker}.{1 + number}"
            for worker in range(self.plan.workers)
            for number in range(self.plan.hosts_per_worker)
        ]

    def forget(self) -> None:
        """Forget what earlier targets did here; called between two of them."""
        self.log.forget()
        self.dns.forget_queries()

    # For those who set the target up.

    @property
    def address(self) -> LabAddress:
        """What `Lab.connect` in another process needs."""
        if self._control is None:
            msg = "the lab is not running; call start() first"
            raise RuntimeError(msg)
        return self._control.address

    @property
    def dns_address(self) -> tuple[str, int]:
        """Host and port of the DNS server that the target must ask."""
        return self.dns.address

    @property
    def dial_map(self) -> dict[str, str]:
        """Address in the DNS -> "host:port" where that MX host really listens."""
        return {address: f"{host.bound[0]}:{host.bound[1]}" for address, host in self._hosts.items()}

    def lab(self) -> Lab:
        """Return a lab for checks of this process."""
        return Lab(self._call)

    def _call(self, name: str, *args: object) -> Any:
        return getattr(self, f"do_{name}")(*args)

    # What a Lab may call, `do_` and its name.

    def do_enrol(self) -> tuple[int, tuple[Host, ...]]:
        """Give a worker its number and its hosts; when there are more workers than planned, they share."""
        with self._lock:
            worker = next(self._next_worker)
        addresses = list(self._hosts)
        workers = min(self.plan.workers, len(addresses))
        # Dealt out like cards, so that given addresses are shared evenly too.
        return worker, tuple(Host(address) for address in addresses[worker % workers :: workers])

    def do_new_domain(self, label: str) -> str:
        with self._lock:
            return f"{label}-{next(self._next_domain)}.lab.test"

    def do_replace(self, name: str, record_type: str, data: tuple[str, ...]) -> None:
        self.dns.replace(name, record_type, *data)

    def do_remove(self, name: str) -> None:
        self.dns.remove(name)

    def do_load(self, text: str, origin: str) -> None:
        self.dns.load(text, origin)

    def do_fault(self, name: str, fault: Fault) -> None:
        self.dns.fault(name, fault)

    def do_heal(self, name: str) -> None:
        self.dns.heal(name)

    def do_behave(self, address: str, behaviour: Behaviour) -> None:
        assert self._loop is not None
        host = self._hosts[address]
        if host.behaviour == GOOD == behaviour:
            return
        self._loop.run(host.behave(behaviour))

    def do_connections(self, address: str | None) -> tuple[Connection, ...]:
        return self.log.connections(address)

    def do_attempts(self, domain: str) -> tuple[Attempt, ...]:
        return self.log.attempts(domain)

    def do_deliveries(self, domain: str) -> tuple[Delivery, ...]:
        return self.log.deliveries(domain)

    def do_queries(self, name: str | None, query_type: str | None) -> tuple[Query, ...]:
        return self.dns.queries(name, query_type)

    def do_wait_connections(self, address: str, count: int, deadline: float) -> tuple[Connection, ...]:
        return self.log.wait(lambda: self.log.connections(address), count, deadline)

    def do_wait_attempts(self, domain: str, count: int, deadline: float) -> tuple[Attempt, ...]:
        return self.log.wait(lambda: self.log.attempts(domain), count, deadline)

    def do_wait_deliveries(self, domain: str, count: int, deadline: float) -> tuple[Delivery, ...]:
        return self.log.wait(lambda: self.log.deliveries(domain), count, deadline)

    def do_wait_queries(self, name: str, query_type: str | None, count: int, deadline: float) -> tuple[Query, ...]:
        return self.log.wait(lambda: self.dns.queries(name, query_type), count, deadline)
