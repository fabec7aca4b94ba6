"""What stands in `lab.toml`: hosts, their services and addresses, users, and the DNS between them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from refmail.config import (
    Config,
    DnsConfig,
    ListenerConfig,
    RelayConfig,
    StoreConfig,
    TlsConfig,
    UserConfig,
    parse_endpoint,
)
from refmail.message.address import is_domain
from refmail.services import Listener, Policy
from refmail.tomlfile import read_toml

__all__ = ["HostConfig", "LabConfig", "LabDnsConfig", "demo_lab", "example_lab", "load_lab"]

# MX data: preference SP exchange
_MX = re.compile(r"([0-9]{1,5}) +(\S+)")

Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class LabDnsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fake DNS: address records of all hosts, and what stands here."""

    host: str = "127.0.0.1"
    #: For UDP and TCP; 0: the kernel chooses.
    port: Port = 2053
    #: Exchangers of each domain: { "receiver.test" = ["10 mx1.receiver.test", "20 mx2.receiver.test"] }.
    mx: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        parse_endpoint(f"{self.host}:{self.port or 1}")
        for domain, exchangers in self.mx.items():
            for exchanger in exchangers:
                match = _MX.fullmatch(exchanger)
                if match is None or int(match[1]) > 65_535 or not is_domain(match[2].encode()):
                    msg = f'{domain}: {exchanger!r} is not preference and host, such as "10 mx1.{domain}"'
                    raise ValueError(msg)


class HostConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One host."""

    #: Its IP address, in 127.0.0.0/8.
    address: str
    #: Port of each service; 0: the kernel chooses. The others find its SMTP port, whatever it is.
    services: dict[Listener, Port]
    #: The domains whose mail it keeps; none: everything is sent on by the DNS.
    domains: tuple[str, ...] = ()
    #: Which of the lab's stores it uses; hosts with the same one share the mail.
    store: str = "mail"

    def __post_init__(self) -> None:
        try:
            is_loopback = ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            is_loopback = False
        if not is_loopback:
            msg = f"address {self.address!r}: a loopback address, such as 127.0.0.11"
            raise ValueError(msg)
        if not self.services:
            msg = "services: at least one, such as { smtp = 2525 }"
            raise ValueError(msg)


class LabConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lab."""

    #: By host name.
    hosts: dict[str, HostConfig]
    users: tuple[UserConfig, ...]
    dns: LabDnsConfig
    stores: dict[str, StoreConfig] = msgspec.field(default_factory=lambda: {"mail": StoreConfig()})
    #: How mail leaves every host; `port` and `dial` follow from the hosts.
    relay: RelayConfig = RelayConfig()
    policy: Policy = Policy()
    tls: TlsConfig = TlsConfig()
    #: Seed of everything random in the hosts; from the operating system where None.
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.hosts:
            msg = "hosts: at least one"
            raise ValueError(msg)
        exchangers: dict[str, str] = {}
        for name, host in self.hosts.items():
            if host.store not in self.stores:
                msg = f"hosts.{name}: there is no store {host.store!r}; there is {', '.join(self.stores)}"
                raise ValueError(msg)
            if "smtp" in host.services and exchangers.setdefault(host.address, name) != name:
                msg = (
                    f"hosts.{name}: {exchangers[host.address]} has SMTP on {host.address} already; take another address"
                )
                raise ValueError(msg)
        # What a server's own configuration would refuse is refused now.
        for name in self.hosts:
            self.host_config(name, ports={}, dns=("127.0.0.1", 53), dial={}, spool=None)

    def host_config(
        self,
        name: str,
        *,
        ports: Mapping[Listener, int],
        dns: tuple[str, int],
        dial: Mapping[str, str],
        spool: Path | None,
        address: str = "",
    ) -> Config:
        """Return the configuration of one host.

        Args:
            name: which.
            ports: ports to take instead of those that are configured, by service.
            dns: where the lab's DNS listens.
            dial: where SMTP of each address really is.
            spool: folder of its queue.
            address: where it listens instead of its own address.

        Raises:
            ValueError: a server cannot be configured so.
        """
        host = self.hosts[name]
        return Config(
            hostname=name,
            domains=host.domains or (name,),
            users=self.users,
            listeners={
                service: ListenerConfig(host=address or host.address, port=ports.get(service, port))
                for service, port in host.services.items()
            },
            store=self.stores[host.store],
            tls=self.tls,
            dns=DnsConfig(servers=(f"{dns[0]}:{dns[1]}",)),
            relay=msgspec.structs.replace(self.relay, dial=dict(dial), spool=str(spool) if spool else None),
            policy=self.policy,
            seed=self.seed,
        )

    def zone(self) -> list[tuple[str, str, str]]:
        """Return the DNS records as (name, type, data)."""
        records = [(name, "AAAA" if ":" in host.address else "A", host.address) for name, host in self.hosts.items()]
        for domain, exchangers in self.dns.mx.items():
            records += [(domain, "MX", f"{each.rstrip('.')}.") for each in exchangers]
        return records

    def with_free_ports(self) -> LabConfig:
        """Return the same lab with all ports chosen by the kernel."""
        hosts = {
            name: msgspec.structs.replace(host, services=dict.fromkeys(host.services, 0))
            for name, host in self.hosts.items()
        }
        return msgspec.structs.replace(self, hosts=hosts, dns=msgspec.structs.replace(self.dns, port=0))


def load_lab(path: Path) -> LabConfig:
    """Read a lab's configuration file.

    Raises:
        ConfigError: names the file, the line, the key, and what is accepted there.
    """
    return read_toml(path, LabConfig)


def example_lab() -> str:
    """Return the text of an example of `lab.toml`."""
    return Path(__file__).with_name("example.toml").read_text("utf-8")


def demo_lab() -> LabConfig:
    """Return the lab of `refmail serve` without options: users alice and bob in two domains, on the ports of the manual.

    Each user's password is the name followed by "-secret".
    """
    domains = ("example.test", "sample.test")
    first, second = (
        HostConfig(address="127.0.0.1", domains=domains, services={"smtp": 2525}),
        HostConfig(address="127.0.0.2", domains=domains, services={"smtp": 2525}),
    )
    return LabConfig(
        users=tuple(UserConfig(name=name, password=f"{name}-secret", clear=True) for name in ("alice", "bob")),
        hosts={
            "submit.lab.test": HostConfig(address="127.0.0.1", services={"submission": 2587, "submissions": 2465}),
            "mx1.lab.test": first,
            "mx2.lab.test": second,
            "mail.lab.test": HostConfig(
                address="127.0.0.1",
                domains=domains,
                services={"imap": 2143, "imaps": 2993, "pop3": 2110, "pop3s": 2995},
            ),
        },
        dns=LabDnsConfig(
            mx={
                "example.test": ("10 mx1.lab.test", "20 mx2.lab.test"),
                "sample.test": ("10 mx2.lab.test", "20 mx1.lab.test"),
            }
        ),
    )
