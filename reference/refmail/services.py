"""What a protocol session is given: everything outside itself that it may use.

`Services` is made once for a server, `Peer` once for each connection. Whatever
here may block (the store, password checks, `accept`) is run by a session as a
Call: `user = yield from self.call(services.users.authenticate, login, secret)`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

import msgspec

from refmail.credentials import ScramKeys
from refmail.journal import Journal
from refmail.message.envelope import Address, Envelope
from refmail.store.api import MailStore

__all__ = [
    "LISTENERS",
    "ClearUsers",
    "Destination",
    "Directory",
    "Listener",
    "Peer",
    "Policy",
    "ScramUsers",
    "Services",
    "Users",
]

Listener = Literal["smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "imap", "imaps"]
LISTENERS: tuple[Listener, ...] = ("smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "imap", "imaps")


class Users(Protocol):
    """Who may log in."""

    def authenticate(self, login: bytes, secret: bytes) -> str | None:
        """Return the user's name, or None; takes as long for an unknown login as for a wrong secret.

        Blocks for tens of milliseconds: run it as a Call.
        """
        ...


@runtime_checkable
class ScramUsers(Protocol):
    """Users of whom SCRAM keys are stored as well."""

    @property
    def scram_mechanisms(self) -> Collection[bytes]:
        """The SCRAM mechanisms for which every user has keys."""
        ...

    def scram_keys(self, mechanism: bytes, login: bytes) -> tuple[str | None, ScramKeys]:
        """Return the user's name and keys; for an unknown login None, and keys made up, always the same."""
        ...


@runtime_checkable
class ClearUsers(Protocol):
    """Users whose passwords are stored in the clear, for mechanisms that compute with them."""

    @property
    def has_clear_secrets(self) -> bool:
        """Whether every user's password is stored so."""
        ...

    def clear_secret(self, login: bytes) -> tuple[str | None, bytes]:
        """Return the user's name and password; for an unknown login None, and octets that nobody knows."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """What the directory knows of an address."""

    kind: Literal["local", "unknown", "remote", "alias", "list"]
    #: Name of the user, for "local" only.
    user: str = ""
    #: The address in full, where the one asked for had no domain.
    address: Address | None = None
    #: Who gets the mail, for "alias" and "list".
    members: tuple[Address, ...] = ()
    #: Who gets the reports about it, for "list" only.
    owner: Address | None = None


class Directory(Protocol):
    """Which addresses are ours."""

    def find(self, address: Address) -> Destination:
        """Say whether an address is a local user's, an alias, a list, an unknown one in a local domain, or elsewhere.

        An address without a domain is meant in the server's first domain.
        """
        ...

    def expand(self, address: Address) -> Sequence[Address] | None:
        """Return the members of a list or alias, or None where the address is neither (RFC 5321 section 3.5)."""
        ...


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits and choices that the RFCs leave to the server; all of them in one place."""

    #: Seconds of silence before 421 (RFC 5321 section 4.5.3.2.7: at least 5 minutes).
    smtp_idle: float = 300.0
    #: Seconds of silence before autologout (RFC 1939 section 3: at least 10 minutes).
    pop3_idle: float = 600.0
    #: Seconds of silence before autologout (RFC 3501 section 5.4: at least 30 minutes).
    imap_idle: float = 1800.0
    #: Octets of an SMTP command line, CRLF included; 512 and what the extensions add (RFC 5321 section 4.5.3.1.4).
    smtp_line: int = 2048
    #: Octets of a line within AUTH, CRLF included (RFC 4954 section 4).
    sasl_line: int = 12_288
    #: Octets of a POP3 command line, CRLF included (RFC 2449 section 4).
    pop3_line: int = 255
    #: Octets of an IMAP command line without its literals, CRLF included (RFC 2683 section 3.2.1.5 asks for 8000).
    imap_line: int = 65_536
    #: Octets of a message by SMTP or APPEND (RFC 5321 section 4.5.3.1.7: at least 64 Ki).
    message_size: int = 10 * 1024 * 1024
    #: Recipients in one transaction (RFC 5321 section 4.5.3.1.8: at least 100).
    recipients: int = 100
    #: Received fields that show a loop (RFC 5321 section 6.3: at least 100).
    received_fields: int = 100
    #: Whether passwords may cross a connection without TLS. The lab does without certificates at times.
    plaintext_login: bool = True


@dataclass(frozen=True, slots=True)
class Services:
    """The world as a session sees it."""

    store: MailStore
    users: Users
    directory: Directory
    #: Takes responsibility for a message: delivered or spooled durably when it returns. Blocks; raises StoreError.
    accept: Callable[[Envelope, bytes], None]
    #: The name this server greets with; a domain or an address literal.
    hostname: str
    #: Seconds, monotonic.
    clock: Callable[[], float]
    #: The time of day, with a time zone.
    now: Callable[[], datetime]
    random: random.Random
    journal: Journal
    policy: Policy = field(default_factory=Policy)
    #: Whether the server has a certificate, so that STARTTLS can be offered.
    tls_available: bool = False
    #: Whether mail for other domains can be sent on at all.
    can_relay: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection, and ours."""

    #: IP address, without brackets.
    address: str
    port: int
    local_address: str
    local_port: int
    listener: Listener
    #: Whether TLS was there before the first octet (implicit TLS, RFC 8314 section 3).
    tls: bool = False
