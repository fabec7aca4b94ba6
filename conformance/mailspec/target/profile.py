"""The target profile: one TOML file that says which servers are judged and what may be done to them.

`mailspec init` writes one by probing, and `mailspec doctor` verifies it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from mailspec.tomlfile import TomlFileError, line_of, read_toml

__all__ = [
    "SERVICES",
    "Account",
    "Alias",
    "Dns",
    "Limits",
    "MailingList",
    "Profile",
    "ProfileError",
    "Quirks",
    "Secret",
    "Service",
    "ServiceName",
    "Store",
    "load_profile",
    "read_secret",
]

ServiceName = Literal["smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "imap", "imaps"]
TlsMode = Literal["none", "starttls", "implicit"]

#: The services a profile may describe, in the order in which they are shown.
SERVICES: tuple[ServiceName, ...] = (
    "smtp",
    "submission",
    "submissions",
    "lmtp",
    "pop3",
    "pop3s",
    "imap",
    "imaps",
)

#: The services on which TLS comes first, and those that speak the same without it (RFC 8314 section 3).
TLS_FIRST: Mapping[str, ServiceName] = {"submissions": "submission", "pop3s": "pop3", "imaps": "imap"}

#: Assigned port by service and by whether TLS comes first (RFC 8314 section 7, RFC 6409, 1939, 3501). LMTP has none
#: (RFC 2033 section 5 excludes 25); 24, "any private mail system", is what many servers take.
_PORTS: Mapping[tuple[str, bool], int] = {
    ("smtp", False): 25,
    ("smtp", True): 465,
    ("submission", False): 587,
    ("submission", True): 465,
    ("submissions", False): 465,
    ("submissions", True): 465,
    ("lmtp", False): 24,
    ("lmtp", True): 24,
    ("pop3", False): 110,
    ("pop3", True): 995,
    ("pop3s", False): 995,
    ("pop3s", True): 995,
    ("imap", False): 143,
    ("imap", True): 993,
    ("imaps", False): 993,
    ("imaps", True): 993,
}

#: A TCP port.
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Name = Annotated[str, msgspec.Meta(min_length=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class ProfileError(TomlFileError):
    """The profile cannot be used as it stands."""


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the profile: keys it does not know are errors."""


class Service(_Strict, frozen=True, kw_only=True):
    """Where one protocol is reached."""

    host: Name
    port: Port | None = None
    tls: TlsMode = "none"
    #: File with the certificates to trust, relative to the profile; None for those of the system.
    ca: str | None = None
    #: Name for SNI and for the certificate's check; None for `host`.
    server_name: str | None = None
    #: False accepts any certificate: for targets with a self-signed one.
    verify: bool = True

    def port_of(self, name: str) -> int:
        """Return the port, which defaults to the assigned one of service `name`."""
        return self.port or _PORTS[name, self.tls == "implicit"]


class Secret(_Strict, frozen=True, kw_only=True):
    """Where a password is found; never the password itself. Exactly one key is set."""

    #: Name of an environment variable.
    env: str | None = None
    #: File that holds the password and at most one line end, relative to the profile.
    file: str | None = None


class Account(_Strict, frozen=True, kw_only=True):
    """One account that belongs to the tests; worker k uses accounts 2k and 2k+1."""

    address: Name
    #: Name to log in with; None for `address`.
    login: str | None = None
    secret: Secret


class Alias(_Strict, frozen=True, kw_only=True):
    """An address of the target that stands for others; the reverse-path stays as it is (RFC 5321 section 3.9.1)."""

    address: Name
    #: The addresses behind it: all of them.
    members: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]


class MailingList(_Strict, frozen=True, kw_only=True):
    """An address that redistributes what it gets, for its administrator (RFC 5321 section 3.9.2)."""

    address: Name
    members: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    #: The administrator: the reverse-path of what the list sends on.
    owner: Name


#: What may stand in braces in the path of a store.
STORE_NAMES: tuple[str, ...] = ("login", "local", "domain")


class Store(_Strict, frozen=True, kw_only=True):
    """The mail store, where this machine can read it."""

    kind: Literal["maildir"]
    #: Path with {login}, {local} and {domain} to be filled in.
    path: Name


class Dns(_Strict, frozen=True, kw_only=True):
    """How the target's DNS queries and outgoing mail reach the lab."""

    #: Address "HOST:PORT" on which the lab answers DNS; the target must use it as its only resolver.
    listen: Annotated[str, msgspec.Meta(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+):[0-9]{1,5}$")] = "127.0.0.1:53"
    #: Addresses for MX hosts of the lab, on this machine and reachable by the target.
    mx_hosts: tuple[str, ...] = ("127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14")
    #: Port the target dials on MX hosts; servers other than refmail know only 25.
    mx_port: Port = 25
    #: Seconds after which the target tries a deferred message again; None where that is too long to wait for.
    retry_seconds: Positive | None = None
    #: Seconds after which the target returns a message that it could not deliver; None as above.
    give_up_seconds: Positive | None = None


class Limits(_Strict, frozen=True, kw_only=True):
    """How much the target bears."""

    #: New connections a second, by all workers together.
    connections_per_second: Positive | None = None
    #: Logins with a wrong password in a whole run, for servers that lock accounts or ban addresses.
    failed_logins: Annotated[int, msgspec.Meta(ge=0)] = 20
    #: Share of checks, from 0 to 1, that may end blocked before the run fails.
    blocked: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.2


class Quirks(_Strict, frozen=True, kw_only=True):
    """Legal habits of the target that checks cannot find out."""

    #: What every mailbox name must begin with, for instance "INBOX.".
    namespace_prefix: str = ""
    #: Sender that the target accepts from outside; some look up whether its domain exists.
    sender: Name = "sender@client.test"
    #: Whether submission knows who we are by our address and takes mail without a login (RFC 6409 section 4.3).
    trusted: bool = False


class Profile(_Strict, frozen=True, kw_only=True):
    """Everything a run needs to know of its target."""

    name: Name
    smtp: Service | None = None
    submission: Service | None = None
    #: Submission with TLS from the first octet, where [submission] is another port (RFC 8314 section 3.3).
    submissions: Service | None = None
    lmtp: Service | None = None
    pop3: Service | None = None
    #: POP3 and IMAP with TLS from the first octet, where [pop3] and [imap] are other ports (sections 3.1 and 3.2).
    pop3s: Service | None = None
    imap: Service | None = None
    imaps: Service | None = None
    accounts: tuple[Account, ...] = ()
    #: Of the accounts, so that what comes through can be seen; lists with a member in a domain of the lab as well.
    aliases: tuple[Alias, ...] = ()
    lists: tuple[MailingList, ...] = ()
    #: Domains for which the target is the final destination; the accounts' domains are always among them.
    domains: tuple[str, ...] = ()
    store: Store | None = None
    dns: Dns | None = None
    limits: Limits = Limits()
    #: Factor on every deadline; above 1 for slow targets.
    timeout_factor: Positive = 1.0
    quirks: Quirks = Quirks()

    @property
    def services(self) -> dict[ServiceName, Service]:
        """The services described, in the order in which they are shown."""
        return {name: service for name in SERVICES if (service := getattr(self, name)) is not None}

    @property
    def local_domains(self) -> tuple[str, ...]:
        """The domains that mail may be sent to, in lower case, the accounts' ones first."""
        of_accounts = [account.address.rpartition("@")[2].lower() for account in self.accounts]
        return tuple(dict.fromkeys((*of_accounts, *(domain.lower() for domain in self.domains))))


def load_profile(path: Path) -> Profile:
    """Read a profile and check what msgspec cannot: addresses, secrets, files it names.

    Secrets are checked for presence only; `read_secret` returns them.

    Raises:
        ProfileError: with file, line, key, and what would be accepted.
    """
    try:
        profile = read_toml(path, Profile)
    except TomlFileError as error:
        raise ProfileError(error.path, error.line, error.problem, error.hint) from error
    text = path.read_text()
    if not profile.services:
        raise ProfileError(path, None, "describes no service", f"add a table: {', '.join(f'[{n}]' for n in SERVICES)}")
    for name, service in profile.services.items():
        if service.ca is not None and not (path.parent / service.ca).is_file():
            problem = f"{name}.ca: no such file: {path.parent / service.ca}"
            raise ProfileError(path, line_of(text, (name, "ca")), problem, "a path is relative to the profile")
    if profile.store is not None:
        _check_store_path(path, line_of(text, ("store", "path")), profile.store.path)
    _check_expansions(path, text, profile)
    seen: set[str] = set()
    for index, account in enumerate(profile.accounts):
        line = line_of(text, ("accounts", index, "address"))
        local, at, domain = account.address.rpartition("@")
        if not (local and at and domain):
            raise ProfileError(path, line, f"accounts[{index}].address: {account.address!r} is not local@domain")
        if account.address in seen:
            raise ProfileError(
                path, line, f"account {account.address} is listed twice", "each account serves one worker"
            )
        seen.add(account.address)
        read_secret(path, index, account, text=text)
    return profile


def _check_expansions(path: Path, text: str, profile: Profile) -> None:
    named = [(("aliases", index), (each.address, *each.members)) for index, each in enumerate(profile.aliases)]
    named += [(("lists", index), (e.address, *e.members, e.owner)) for index, e in enumerate(profile.lists)]
    for (name, index), addresses in named:
        for address in addresses:
            local, at, domain = address.rpartition("@")
            if not (local and at and domain):
                line = line_of(text, (name, index, "address"))
                raise ProfileError(path, line, f"{name}[{index}]: {address!r} is not local@domain")


def _check_store_path(path: Path, line: int | None, pattern: str) -> None:
    try:
        pattern.format_map(dict.fromkeys(STORE_NAMES, "x"))
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        problem = f"store.path: {pattern!r} cannot be filled in"
        accepted = ", ".join(f"{{{name}}}" for name in STORE_NAMES)
        raise ProfileError(path, line, problem, f"accepted: {accepted}; other braces are doubled") from error


def read_secret(path: Path, index: int, account: Account, *, text: str | None = None) -> bytes:
    """Return the password of an account of the profile at `path`.

    Raises:
        ProfileError: the variable or file is missing or empty, or not exactly one of them is named.
    """
    line = line_of(path.read_text() if text is None else text, ("accounts", index, "secret"))
    key = f"accounts[{index}].secret"
    secret = account.secret
    if (secret.env is None) == (secret.file is None):
        example = 'secret = { env = "MAIL_PASSWORD" } or secret = { file = "password.txt" }'
        raise ProfileError(path, line, f"{key} needs exactly one of env and file", f"write {example}")
    if secret.env is not None:
        value = os.environ.get(secret.env, "")
        if not value:
            problem = (
                f"{key}: environment variable {secret.env} is {'empty' if secret.env in os.environ else 'not set'}"
            )
            raise ProfileError(path, line, problem, f"export {secret.env}=... with the password of {account.address}")
        return os.fsencode(value)
    assert secret.file is not None
    file = path.parent / secret.file
    try:
        octets = file.read_bytes()
    except OSError as error:
        problem = f"{key}: {file} cannot be read: {error.strerror}"
        raise ProfileError(path, line, problem, f"put the password of {account.address} there") from error
    octets = octets.removesuffix(b"\n").removesuffix(b"\r")
    if not octets:
        raise ProfileError(path, line, f"{key}: {file} is empty", f"put the password of {account.address} there")
    return octets
