"""The lab as checks see it: domains, hosts, zones, faults, and what arrived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mailspec.lab.behaviour import GOOD, Behaviour
from mailspec.lab.control import LabAddress, dial
from mailspec.lab.log import Attempt, Connection, Delivery
from mailspec.verdict import NotRun
from refmail.dns import Fault, Query

__all__ = ["Exchange", "Host", "Lab"]


@dataclass(frozen=True, slots=True)
class Host:
    """A scripted MX host, by the address that the DNS gives for it."""

    address: str


#: What an MX record points to: one host, one name with several addresses, or a literal name.
Exchange = Host | tuple[Host, ...] | str


class Lab:
    """A worker's view of the lab; everything it makes is its own.

    Args:
        call: calls a method of the `LabServer`, here or in another process.
    """

    def __init__(self, call: Callable[..., Any], close: Callable[[], None] = lambda: None) -> None:
        self._call = call
        self._close = close
        self.worker: int
        self.worker, self._hosts = call("enrol")
        self._taken = 0
        self._domains: list[str] = []
        self._scripted: set[Host] = set()

    @classmethod
    def connect(cls, address: LabAddress) -> Lab:
        """Reach the lab of another process.

        Raises:
            OSError: it is gone.
        """
        caller = dial(address)
        return cls(caller, caller.close)

    def close(self) -> None:
        """Forget what was made, and hang up."""
        self.reset()
        self._close()

    def reset(self) -> None:
        """After a check: its domains cease to exist and its hosts turn good again."""
        for domain in self._domains:
            self._call("remove", domain)
        self._domains.clear()
        for host in self._scripted:
            self._call("behave", host.address, GOOD)
        self._scripted.clear()

    # Setting up.

    def domain(self, label: str = "d") -> str:
        """Allot a domain that no other check has; it does not exist until it gets records."""
        domain: str = self._call("new_domain", f"{label}-w{self.worker}")
        self._domains.append(domain)
        return domain

    def hosts(self, count: int) -> tuple[Host, ...]:
        """Take hosts of this worker in turn, all of them accepting everything.

        Raises:
            NotRun: the worker has fewer.
        """
        if count > len(self._hosts):
            msg = f"{count} MX hosts are needed and this worker has {len(self._hosts)}: name more in dns.mx_hosts"
            raise NotRun(msg)
        first = self._taken % len(self._hosts)
        self._taken += count
        taken = (self._hosts * 2)[first : first + count]
        return tuple(taken)

    def behave(self, host: Host, behaviour: Behaviour) -> None:
        """Let a host follow a script from its next connection on."""
        self._scripted.add(host)
        self._call("behave", host.address, behaviour)

    def set_mx(self, domain: str, exchanges: Sequence[tuple[int, Exchange]]) -> tuple[str, ...]:
        """Make these the MX records of a domain and return the names they point to.

        A host, or a tuple of them, becomes mx1.DOMAIN, mx2.DOMAIN ... with address records.
        """
        names: list[str] = []
        data: list[str] = []
        for number, (preference, exchange) in enumerate(exchanges, 1):
            name = exchange if isinstance(exchange, str) else f"mx{number}.{domain}"
            if not isinstance(exchange, str):
                self.set_a(name, *(exchange if isinstance(exchange, tuple) else (exchange,)))
            names.append(name)
            data.append(f"{preference} {name.rstrip('.')}.")
        self.set_records(domain, "MX", *data)
        return tuple(names)

    def set_a(self, name: str, *hosts: Host) -> None:
        """Make these the only addresses of a name."""
        self.set_records(name, "A", *(host.address for host in hosts))

    def set_records(self, name: str, record_type: str, *data: str) -> None:
        """Make `data`, in the form of zone files, the only records of a type at a name."""
        self._call("replace", name, record_type, data)

    def null_mx(self, domain: str) -> None:
        """Let a domain say that it takes no mail (RFC 7505)."""
        self.set_records(domain, "MX", "0 .")

    def load_zone(self, text: str, origin: str) -> None:
        """Add the records of a zone file below a domain."""
        self._call("load", text, origin)

    def fault(self, name: str, fault: Fault) -> None:
        """Let queries for a name go wrong."""
        self._call("fault", name, fault)

    def heal(self, name: str) -> None:
        """Let queries for a name be answered rightly again."""
        self._call("heal", name)

    # Watching. Each wait returns what there is once it is enough, or after the deadline in seconds whatever there is.

    def connections(self, host: Host | None = None) -> tuple[Connection, ...]:
        """Return connections of a host, or all of this worker's hosts, oldest first."""
        found: tuple[Connection, ...] = self._call("connections", host.address if host else None)
        own = {known.address for known in self._hosts}
        return tuple(connection for connection in found if connection.host in own)

    def attempts(self, domain: str) -> tuple[Attempt, ...]:
        """Return the RCPT, DATA and final-dot steps for recipients in a domain, oldest first."""
        found: tuple[Attempt, ...] = self._call("attempts", domain)
        return found

    def deliveries(self, domain: str) -> tuple[Delivery, ...]:
        """Return the messages accepted for recipients in a domain, oldest first."""
        found: tuple[Delivery, ...] = self._call("deliveries", domain)
        return found

    def queries(self, name: str | None = None, query_type: str | None = None) -> tuple[Query, ...]:
        """Return the DNS queries for a name, oldest first."""
        found: tuple[Query, ...] = self._call("queries", name, query_type)
        return found

    def wait_connections(self, host: Host, count: int, deadline: float) -> tuple[Connection, ...]:
        """Wait until a host has had `count` connections."""
        found: tuple[Connection, ...] = self._call("wait_connections", host.address, count, deadline)
        return found

    def wait_attempts(self, domain: str, count: int, deadline: float) -> tuple[Attempt, ...]:
        """Wait until there were `count` steps for recipients in a domain."""
        found: tuple[Attempt, ...] = self._call("wait_attempts", domain, count, deadline)
        return found

    def wait_deliveries(self, domain: str, count: int, deadline: float) -> tuple[Delivery, ...]:
        """Wait until `count` messages for recipients in a domain were accepted."""
        found: tuple[Delivery, ...] = self._call("wait_deliveries", domain, count, deadline)
        return found

    def wait_queries(self, name: str, count: int, deadline: float, query_type: str | None = None) -> tuple[Query, ...]:
        """Wait until a name was asked for `count` times."""
        found: tuple[Query, ...] = self._call("wait_queries", name, query_type, count, deadline)
        return found
