"""The configuration of a server: what stands in `refmail.toml`, as values."""

from __future__ import annotations

import functools
import ipaddress
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from refmail.credentials import SCRAM_HASHES, ScramKeys
from refmail.directory import LocalDirectory, MailingList, member_address
from refmail.message.address import is_address_literal, is_domain, literal_address
from refmail.message.envelope import Address
from refmail.saslprep import Unpreparable, saslprep
from refmail.services import LISTENERS, Listener, Policy
from refmail.store.api import InvalidName, QuotaLimits
from refmail.store.names import INBOX, canonical_name
from refmail.tomlfile import ConfigError, read_toml
from refmail.users import LateHash, PasswordHash, Verifier

__all__ = [
    "Config",
    "ConfigError",
    "DnsConfig",
    "ListConfig",
    "ListenerConfig",
    "QuotaConfig",
    "RelayConfig",
    "RunAsConfig",
    "StoreConfig",
    "TlsConfig",
    "UserConfig",
    "demo_config",
    "load_config",
    "parse_endpoint",
]


_SEPARATOR = re.compile(r"[._+-]")


def is_name(text: str) -> bool:
    """Say whether a text can name a user, alias or list: letters and digits of any script, single . _ + - between them."""
    parts = _SEPARATOR.split(text)
    # Marks are parts of letters in many scripts, and none begins a word.
    known = all({unicodedata.category(character)[0] for character in part} <= set("LNM") for part in parts)
    return (
        known
        and all(part and unicodedata.category(part[0])[0] != "M" for part in parts)
        and unicodedata.is_normalized("NFC", text)
    )


_Limit = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class QuotaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user's mail may take together; what is not given is not limited."""

    octets: _Limit | None = None
    messages: _Limit | None = None

    def limits(self) -> QuotaLimits:
        """Return what the store keeps."""
        return QuotaLimits(self.octets, self.messages)


class UserConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One user; has the address NAME@DOMAIN in each of our domains."""

    name: str
    #: In the clear; hashed at the first login. Give this or `hash`.
    password: str | None = None
    #: As `refmail hash` prints it.
    hash: str | None = None
    #: As `refmail hash --scram` prints them; derived where the password is given.
    scram: tuple[str, ...] = ()
    #: Keep the password itself for mechanisms that compute with it (CRAM-MD5); `hash` may then stand beside it.
    clear: bool = False
    #: In place of the store's quota.
    quota: QuotaConfig | None = None

    def __post_init__(self) -> None:
        if not is_name(self.name):
            msg = f"user name {self.name!r}: use letters, digits, and single . _ + - between them"
            raise ValueError(msg)
        if self.clear and self.password is None:
            msg = f"user {self.name!r}: clear = true needs the password"
            raise ValueError(msg)
        if not self.clear and (self.password is None) == (self.hash is None):
            msg = f"user {self.name!r}: give either password or hash"
            raise ValueError(msg)
        self._check_password()
        if self.hash is not None:
            PasswordHash.from_text(self.hash)
        for keys in self.scram:
            ScramKeys.from_text(keys)

    def _check_password(self) -> None:
        try:
            saslprep((self.password or "").encode())
        except Unpreparable as error:
            msg = f"user {self.name!r}: the password cannot be typed in by a client: {error}"
            raise ValueError(msg) from error

    def password_hash(self) -> Verifier:
        """Return the hash, made at the first login where the password is given."""
        if self.hash is not None:
            return PasswordHash.from_text(self.hash)
        return _late_hash(self.password or "")

    def scram_keys(self) -> tuple[ScramKeys, ...]:
        """Return the SCRAM keys that are given, or that can be derived; none where the password suits no SCRAM."""
        given = tuple(ScramKeys.from_text(keys) for keys in self.scram)
        if given or not self.password:
            return given
        return _derived_scram_keys(self.password)


# The servers of one process that have the same users share what is derived.


@functools.lru_cache(maxsize=64)
def _late_hash(password: str) -> LateHash:
    return LateHash(password.encode())


@functools.lru_cache(maxsize=64)
def _derived_scram_keys(password: str) -> tuple[ScramKeys, ...]:
    try:
        return tuple(ScramKeys.of(mechanism, password) for mechanism in SCRAM_HASHES)
    except ValueError:
        return ()


class ListenerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one service listens."""

    host: str = "127.0.0.1"
    #: 0: the kernel chooses.
    port: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            msg = f"port {self.port}: 0 to 65535 (0: the kernel chooses)"
            raise ValueError(msg)


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where mail is kept."""

    kind: Literal["memory", "maildir", "mbox"] = "memory"
    #: Folder with one folder for each user; for maildir and mbox only.
    path: str | None = None
    #: For each user who has none of their own.
    quota: QuotaConfig = QuotaConfig()
    #: Mailboxes that each user is given once: { sent = "Sent", trash = "Trash" } (RFC 6154).
    special_use: dict[Literal["archive", "drafts", "junk", "sent", "trash"], str] = {}

    def __post_init__(self) -> None:
        if (self.kind != "memory") != (self.path is not None):
            msg = 'a store on disk needs a path, and kind "memory" takes none'
            raise ValueError(msg)
        for use, name in self.special_use.items():
            try:
                suits = canonical_name(name) not in {INBOX, ""}
            except InvalidName:
                suits = False
            if not suits:
                msg = (
                    f'special_use.{use}: {name!r} is no name for a mailbox; give one such as "{use.title()}", not INBOX'
                )
                raise ValueError(msg)

    def default_mailboxes(self) -> dict[bytes, str]:
        """Return special use -> name of the mailbox."""
        return {b"\\" + use.title().encode(): canonical_name(name) for use, name in self.special_use.items()}


class TlsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the certificate comes from."""

    #: "lab": made for this process; "files": `cert` and `key`; "none": no TLS at all.
    mode: Literal["lab", "files", "none"] = "lab"
    cert: str | None = None
    key: str | None = None
    #: PEM file with the authorities that vouch for clients: whose certificate names a user can log in by EXTERNAL.
    client_ca: str | None = None

    def __post_init__(self) -> None:
        if self.mode == "none" and self.client_ca is not None:
            msg = 'client_ca needs TLS, but mode is "none"'
            raise ValueError(msg)
        if (self.mode == "files") != (self.cert is not None) or (self.cert is None) != (self.key is None):
            msg = 'mode "files" needs cert and key, the other modes take neither'
            raise ValueError(msg)


class DnsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the MTA asks for exchangers."""

    #: "address:port"; none: mail for other domains is not relayed.
    servers: tuple[str, ...] = ()
    #: Seconds to wait for one answer, and for a whole lookup.
    timeout: float = 2.0
    lifetime: float = 6.0

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.lifetime <= 0:
            msg = "timeout and lifetime are seconds above 0"
            raise ValueError(msg)
        for server in self.servers:
            parse_endpoint(server)


class RelayConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How mail leaves."""

    #: Port of the exchangers.
    port: int = 25
    #: Where to dial instead: {"127.0.0.11" = "127.0.0.1:40001"}.
    dial: dict[str, str] = {}
    #: Folder of the spool; where None, a temporary one that goes when the server stops.
    spool: str | None = None
    #: Seconds between attempts; the last one is repeated (RFC 5321 section 4.5.4.1: at least 30 minutes).
    retries: tuple[float, ...] = (1800.0, 7200.0)
    #: Seconds after which a message is returned (RFC 5321 section 4.5.4.1: four to five days).
    give_up: float = 5 * 86_400.0
    #: Seconds after which a report that cannot be delivered is dropped.
    give_up_reports: float = 2 * 86_400.0
    #: Seconds after which a sender is told, once, that a message is still waiting; 0: never.
    warn_after: float = 4 * 3600.0
    #: TLS to exchangers: "opportunistic" takes what is offered, "verify" wants a good certificate or sends nothing.
    tls: Literal["none", "opportunistic", "verify"] = "opportunistic"
    #: PEM file with the authorities to trust with "verify"; those of the operating system where None.
    tls_ca: str | None = None
    #: Connections to one exchanger at a time, and messages over each of them.
    connections: int = 2
    messages: int = 100
    #: Multiplies the client's timeouts of RFC 5321 section 4.5.3.2.
    timeout_factor: float = 1.0

    def __post_init__(self) -> None:
        for endpoint in self.dial.values():
            parse_endpoint(endpoint)
        if min(self.connections, self.messages) < 1 or self.warn_after < 0:
            msg = "connections and messages are at least 1, and warn_after is no negative number of seconds"
            raise ValueError(msg)
        if self.tls_ca is not None and self.tls != "verify":
            msg = f'tls_ca is for tls = "verify"; with "{self.tls}" no certificate is looked at'
            raise ValueError(msg)
        if not self.retries or min(*self.retries, self.give_up, self.give_up_reports, self.timeout_factor) <= 0:
            msg = "retries (at least one), give_up, give_up_reports and timeout_factor are above 0"
            raise ValueError(msg)


class ListConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mailing list: what is sent to it goes to its members, with its owner as the sender (RFC 5321 section 3.9.2)."""

    #: Names in our domains, or addresses.
    members: tuple[str, ...]
    #: Who hears of members that cannot be reached.
    owner: str


class RunAsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the server becomes when it was started as root."""

    user: str
    #: The user's own where None.
    group: str | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about a server that is not its code."""

    hostname: str = "mail.example.test"
    #: The domains whose mail is kept here; the first is meant where an address has none.
    domains: tuple[str, ...] = ("example.test",)
    users: tuple[UserConfig, ...]
    #: Who gets the postmaster's mail; the first user where this is empty.
    postmaster: str = ""
    #: IP addresses by which others reach this server, besides that of the SMTP listener.
    addresses: tuple[str, ...] = ()
    #: Other names: { sales = ["alice", "carol@elsewhere.test"] }; the sender stays as it is (RFC 5321 section 3.9.1).
    aliases: dict[str, tuple[str, ...]] = {}
    lists: dict[str, ListConfig] = {}
    #: With "+", mail for alice+anything is alice's; nothing of the kind where this is empty.
    detail_separator: Literal["", "+", "-", "="] = ""
    #: Services that are not named do not run.
    listeners: dict[Listener, ListenerConfig]
    store: StoreConfig = StoreConfig()
    tls: TlsConfig = TlsConfig()
    dns: DnsConfig = DnsConfig()
    relay: RelayConfig = RelayConfig()
    policy: Policy = Policy()
    #: Who the server becomes once it listens, if it was started as root; store and spool must be that user's.
    run_as: RunAsConfig | None = None
    #: Whether it may stay root although others than this host can reach it.
    stay_root: bool = False
    #: Seed of everything random in the server; from the operating system where None.
    seed: int | None = None

    def __post_init__(self) -> None:
        names = [user.name for user in self.users]
        if not names or len({name.lower() for name in names}) != len(names):
            msg = "users: at least one, each name once"
            raise ValueError(msg)
        if self.postmaster and self.postmaster not in names:
            msg = f"postmaster {self.postmaster!r} is none of the users ({', '.join(names)})"
            raise ValueError(msg)
        if not self.domains or not all(is_domain(domain.encode(), utf8=True) for domain in self.domains):
            msg = "domains: at least one, each of letters, digits, hyphens and dots"
            raise ValueError(msg)
        hostname = self.hostname.encode()
        if not (is_domain(hostname) or is_address_literal(hostname)):
            msg = f"hostname {self.hostname!r} is neither a domain nor an address literal such as [192.0.2.1]"
            raise ValueError(msg)
        for address in self.addresses:
            if not _is_one_host(address):
                msg = f"addresses: {address!r} is no IP address of a host"
                raise ValueError(msg)
        self._check_names()
        if "lmtp" in self.listeners and self.listeners["lmtp"].port == 25:
            msg = "listeners.lmtp: LMTP is not spoken on port 25 (RFC 2033 section 5); take another, such as 24"
            raise ValueError(msg)
        if self.tls.mode == "none" and (implicit := {"submissions", "pop3s", "imaps"} & set(self.listeners)):
            msg = f'listeners {", ".join(sorted(implicit))} need TLS, but tls.mode is "none"'
            raise ValueError(msg)

    def own_addresses(self) -> tuple[str, ...]:
        """Return the IP addresses that are known to be ours; a listener on a wildcard address tells none."""
        found = [place.host for name, place in self.listeners.items() if name == "smtp"]
        literal = literal_address(self.hostname.encode())
        candidates = [*found, *self.addresses, *([str(literal)] if literal is not None else [])]
        return tuple(dict.fromkeys(each for each in candidates if _is_one_host(each)))

    def quotas(self) -> Callable[[str], QuotaLimits]:
        """Return what tells, by name, what a user's mail may take together."""
        own = {known.name: known.quota.limits() for known in self.users if known.quota is not None}
        of_others = self.store.quota.limits()
        return lambda user: own.get(user, of_others)

    def alias_members(self) -> dict[str, tuple[Address, ...]]:
        """Return the members of each alias."""
        return {
            name: tuple(member_address(member, self.domains[0]) for member in members)
            for name, members in self.aliases.items()
        }

    def mailing_lists(self) -> dict[str, MailingList]:
        """Return the mailing lists by name."""
        domain = self.domains[0]
        return {
            name: MailingList(
                tuple(member_address(member, domain) for member in known.members), member_address(known.owner, domain)
            )
            for name, known in self.lists.items()
        }

    def _check_names(self) -> None:
        """Refuse names that mean two things, and members that cannot be reached."""
        users = {user.name.lower() for user in self.users} | {"postmaster"}
        names = [name.lower() for name in (*self.aliases, *self.lists)]
        for name in names:
            if name in users or names.count(name) > 1 or not is_name(name):
                msg = f"alias or list {name!r}: use a name of its own, of letters, digits, and single . _ + - between them"
                raise ValueError(msg)
        addresses = {name: list(members) for name, members in self.alias_members().items()}
        for name, known in self.mailing_lists().items():
            addresses[name] = [*known.members, known.owner]
        known_here = LocalDirectory(
            self.domains,
            users,
            "",
            aliases=self.alias_members(),
            lists=self.mailing_lists(),
            separator=self.detail_separator,
        )
        for name, members in addresses.items():
            kinds = {str(member): known_here.find(member).kind for member in members}
            if not known_here.reaches_somebody(member_address(name, self.domains[0])):
                msg = f"{name!r} leads to nobody"
                raise ValueError(msg)
            if not members or "unknown" in kinds.values() or ("remote" in kinds.values() and not self.dns.servers):
                msg = f"{name!r}: name at least one member, each known here or, where dns.servers are set, elsewhere"
                raise ValueError(msg)


def _is_one_host(text: str) -> bool:
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


def parse_endpoint(text: str) -> tuple[str, int]:
    """Return host and port of "host:port"; an IPv6 address stands in brackets.

    Raises:
        ValueError: it is not of that form.
    """
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+)):(\d{1,5})", text)
    if match is None or not 0 < int(match[3]) <= 65_535:
        msg = f"{text!r} is not address:port (an IPv6 address stands in brackets)"
        raise ValueError(msg)
    return match[1] or match[2], int(match[3])


def load_config(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: names the file, the line, the key, and what is accepted there.
    """
    return read_toml(path, Config)


#: Ports of `refmail serve` without a configuration file: above 1024, close to the real ones.
_DEMO_PORTS: dict[Listener, int] = {
    "smtp": 2525,
    "submission": 2587,
    "submissions": 2465,
    "lmtp": 2024,
    "pop3": 2110,
    "pop3s": 2995,
    "imap": 2143,
    "imaps": 2993,
}


def _demo_user(name: str) -> UserConfig:
    return UserConfig(name=name, password=f"{name}-secret", clear=True)


def demo_config(*, fixed_ports: bool) -> Config:
    """Return a server in memory with all listeners on the loopback and the users alice and bob.

    Each user's password is the name followed by "-secret".

    Args:
        fixed_ports: the ports that the manual names, instead of ports that the kernel chooses.
    """
    return Config(
        users=tuple(_demo_user(name) for name in ("alice", "bob")),
        aliases={"both": ("alice", "bob")},
        lists={"staff": ListConfig(members=("alice", "bob"), owner="postmaster")},
        detail_separator="+",
        listeners={name: ListenerConfig(port=_DEMO_PORTS[name] if fixed_ports else 0) for name in LISTENERS},
    )
