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
from typing import Annotated, Literal, Protocol, runtime_checkable

import msgspec

from refmail.credentials import ScramKeys
from refmail.journal import Journal
from refmail.limits import Tally
from refmail.message.envelope import Address, Envelope
from refmail.store.api import MailStore

__all__ = [
    "LISTENERS",
    "ClearUsers",
    "Destination",
    "Directory",
    "Listener",
    "NamedUsers",
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
class NamedUsers(Protocol):
    """Users who can be told by a login alone, where something else has proved it."""

    def user_named(self, login: bytes) -> str | None:
        """Return the name of the user with that login, or None."""
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

    @property
    def has_some_clear_secret(self) -> bool:
        """Whether some user's password is stored so."""
        ...

    def clear_secret(self, login: bytes) -> tuple[str | None, bytes]:
        """Return the user's name and password; for an unknown login None, and octets that nobody knows."""
        ...


class Destination(msgspec.Struct, frozen=True):
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

    def address_of(self, user: str) -> Address:
        """Return the address under which a user writes: NAME at the server's first domain."""
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
    #: Seconds between two POP3 logins of a user; 0: none (RFC 2449 section 6.5).
    pop3_login_delay: Annotated[int, msgspec.Meta(ge=0)] = 0
    #: Days after which a POP3 login removes a message; 0: QUIT removes what RETR has sent; None: all stay
    #: (RFC 2449 section 6.7).
    pop3_expire: Annotated[int, msgspec.Meta(ge=0)] | None = None
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
    #: Connections at a time, of all services together, and from one address.
    connections: Annotated[int, msgspec.Meta(ge=1)] = 4000
    connections_per_address: Annotated[int, msgspec.Meta(ge=1)] = 2000
    #: Sessions at a time in which one user is logged in, of SMTP and IMAP together; POP3 has one (RFC 1939 section 4).
    sessions_per_user: Annotated[int, msgspec.Meta(ge=1)] = 200
    #: Commands in one session, and logins that fail in it, before it is ended.
    commands: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    failed_logins: Annotated[int, msgspec.Meta(ge=1)] = 20
    #: Whether passwords may cross a connection without TLS. The lab does without certificates at times.
    plaintext_login: bool = True
    #: From where, if they may: from this host only, or from everywhere.
    plaintext_login_from: Literal["loopback", "anywhere"] = "loopback"
    #: The same of the submission listener alone (RFC 4954 section 4, RFC 8314 section 4).
    submission_plaintext_login: bool = True
    #: Whether users may change their own quota by SETQUOTA (RFC 9208 section 4.1.3).
    imap_setquota: bool = False
    #: What becomes of 8-bit content that BODY=8BITMIME did not announce (RFC 5321 section 2.4).
    unannounced_eight_bit: Literal["keep", "refuse"] = "keep"
    #: Whether addresses and header fields may be UTF-8 (RFC 6531).
    smtputf8: bool = True
    #: Whether the SMTP listener takes mail at all; where not, it greets with 521 (RFC 7504).
    takes_mail: bool = True
    #: Whether RCPT is refused for a domain with a null MX, and MAIL from one (RFC 7505 section 4.1).
    refuse_null_mx: bool = True
    refuse_null_mx_senders: bool = False
    #: Whether submission adds Date, Message-ID and Sender where they are missing (RFC 6409 section 8).
    submission_fixes: bool = True
    #: Whose address may be the sender of a submitted message: the user's own, or any (RFC 6409 section 6.1).
    submission_senders: Literal["any", "own"] = "any"


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
    #: Whether a domain says by a null MX that it takes no mail. Blocks; False where nobody can tell.
    has_null_mx: Callable[[bytes], bool] = lambda domain: not domain
    #: Whether the server has a certificate, so that STARTTLS can be offered.
    tls_available: bool = False
    #: Whether mail for other domains can be sent on at all.
    can_relay: bool = False
    #: Seconds of the clock at each user's last POP3 login; kept only where logins must wait for each other.
    pop3_logins: dict[str, float] = field(default_factory=dict[str, float])
    #: Sessions in which a user is logged in.
    sessions: Tally = field(default_factory=Tally)


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
