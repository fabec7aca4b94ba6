"""The exchangeable parts of a server and what they are by default.

A part is what a blueprint may replace. Session parts are called with (services,
peer) for each connection; the others are called once, when the server is assembled.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from random import Random
from typing import cast

from refmail.blueprint import Blueprint
from refmail.config import Config, parse_endpoint
from refmail.directory import LocalDirectory
from refmail.journal import Journal
from refmail.machine import Machine
from refmail.queue.assemble import PART_NAMES as QUEUE_PARTS
from refmail.queue.assemble import QueueSettings, make_queue
from refmail.queue.client import Timeouts
from refmail.queue.clock import QueueClock
from refmail.queue.queue import Queue
from refmail.queue.relaytls import RelayTls
from refmail.queue.schedule import Schedule
from refmail.services import Directory, Listener, Peer, Policy, Services, Users
from refmail.store.api import MailStore
from refmail.transport.connection import Segments
from refmail.users import UserTable

__all__ = ["PARTS", "SESSION_OF", "Parts"]

SessionFactory = Callable[[Services, Peer], Machine]

#: Which session part serves a listener.
SESSION_OF: Mapping[Listener, str] = {
    "smtp": "smtp",
    "submission": "smtp",
    "submissions": "smtp",
    "lmtp": "lmtp",
    "pop3": "pop3",
    "pop3s": "pop3",
    "imap": "imap",
    "imaps": "imap",
}

#: Where the default of a session part is found; imported when a listener needs it.
_SESSIONS = {
    "smtp": ("refmail.smtp.session", "SmtpSession"),
    "lmtp": ("refmail.smtp.lmtp", "LmtpSession"),
    "pop3": ("refmail.pop3.session", "Pop3Session"),
    "imap": ("refmail.imap.session", "ImapSession"),
}


@functools.cache
def _default_session(name: str) -> object:
    module, attribute = _SESSIONS[name]
    return getattr(import_module(module), attribute)


def make_store(config: Config) -> MailStore:
    """Return the store that the configuration names."""
    defaults = config.store.default_mailboxes()
    if config.store.kind == "maildir":
        from refmail.store.maildir import MaildirStore

        return MaildirStore(Path(config.store.path or ""), quota=config.quotas(), defaults=defaults)
    if config.store.kind == "mbox":
        from refmail.store.mbox import MboxStore

        return MboxStore(Path(config.store.path or ""), quota=config.quotas(), defaults=defaults)
    from refmail.store.memory import MemoryStore

    return MemoryStore(quota=config.quotas(), defaults=defaults)


def make_users(config: Config) -> Users:
    """Return the table of users."""
    return UserTable(
        {user.name: user.password_hash() for user in config.users},
        config.domains,
        scram=lambda: {user.name: user.scram_keys() for user in config.users},
        clear={user.name: (user.password or "").encode() for user in config.users if user.clear},
    )


def make_directory(config: Config) -> Directory:
    """Return the directory of local addresses."""
    names = [user.name for user in config.users]
    return LocalDirectory(
        config.domains,
        names,
        config.postmaster or names[0],
        aliases=config.alias_members(),
        lists=config.mailing_lists(),
        separator=config.detail_separator,
        addresses=config.own_addresses(),
    )


def make_policy(config: Config) -> Policy:
    """Return the limits."""
    return config.policy


def make_segments(_config: Config) -> Segments:
    """Return how writes are cut: not at all."""
    return lambda octets: (octets,)


_FACTORIES: Mapping[str, Callable[[Config], object]] = {
    "store": make_store,
    "users": make_users,
    "directory": make_directory,
    "policy": make_policy,
    "segments": make_segments,
}

#: Makes the TLS context of each handshake; None where there is no TLS.
TlsSource = Callable[[], ssl.SSLContext] | None

#: Every name that a blueprint may use.
PARTS = frozenset({*_SESSIONS, *_FACTORIES, *QUEUE_PARTS, "tls"})


class Parts:
    """The parts of one server: the blueprint's, else the defaults.

    Raises:
        ValueError: the blueprint names a part that there is none of.
    """

    def __init__(self, blueprint: Blueprint, config: Config) -> None:
        unknown = sorted(set(blueprint.parts) - PARTS) + sorted(set(blueprint.filters) - set(_SESSIONS))
        if unknown:
            msg = f"a server has no part {', '.join(unknown)}; it has {', '.join(sorted(PARTS))}"
            raise ValueError(msg)
        self._blueprint = blueprint
        self._config = config

    def session(self, listener: Listener) -> SessionFactory:
        """Return what makes the sessions of a listener; imports it where it is the default."""
        name = SESSION_OF[listener]
        return cast("SessionFactory", self._blueprint.parts.get(name) or _default_session(name))

    def store(self) -> MailStore:
        return cast("MailStore", self._make("store"))

    def users(self) -> Users:
        return cast("Users", self._make("users"))

    def directory(self) -> Directory:
        return cast("Directory", self._make("directory"))

    def policy(self) -> Policy:
        return cast("Policy", self._make("policy"))

    def segments(self) -> Segments:
        return cast("Segments", self._make("segments"))

    def tls(self, default: Callable[[Config], TlsSource]) -> TlsSource:
        """Return what makes the TLS context."""
        return cast("Callable[[Config], TlsSource]", self._blueprint.parts.get("tls", default))(self._config)

    def queue(
        self,
        spool: Path,
        store: MailStore,
        directory: Directory,
        journal: Journal,
        random: Random,
        clock: QueueClock | None,
    ) -> Queue:
        """Return the queue, not yet started."""
        return make_queue(
            _queue_settings(self._config, spool),
            self._blueprint.parts,
            store=store,
            directory=directory,
            journal=journal,
            random=random,
            clock=clock,
        )

    def _make(self, name: str) -> object:
        factory = cast("Callable[[Config], object]", self._blueprint.parts.get(name, _FACTORIES[name]))
        return factory(self._config)


def _queue_settings(config: Config, spool: Path) -> QueueSettings:
    relay = config.relay
    return QueueSettings(
        hostname=config.hostname,
        spool=spool,
        dns_servers=[parse_endpoint(server) for server in config.dns.servers],
        own_addresses=config.own_addresses(),
        port=relay.port,
        dial=relay.dial,
        schedule=Schedule(relay.retries, relay.give_up, relay.give_up_reports, relay.warn_after or None),
        tls=RelayTls.of(relay.tls, Path(relay.tls_ca) if relay.tls_ca else None),
        connections=relay.connections,
        messages=relay.messages,
        timeouts=Timeouts().scaled(relay.timeout_factor),
        dns_timeout=config.dns.timeout,
        dns_lifetime=config.dns.lifetime,
    )
