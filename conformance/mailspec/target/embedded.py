"""The embedded target: a refmail server on ports of its own, with accounts for every worker and the lab around it.

Everything it writes is in one temporary folder, which goes when it stops.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import msgspec

from mailspec.lab.server import LabPlan, LabServer
from mailspec.target.profile import SERVICES, TLS_FIRST
from mailspec.target.write import Table, Value, profile_text
from refmail import mutants, variants
from refmail.blueprint import Blueprint
from refmail.config import Config, DnsConfig, ListConfig, RelayConfig, StoreConfig, UserConfig, demo_config
from refmail.embed import ServerThread
from refmail.services import Policy
from refmail.users import PasswordHash

__all__ = ["DOMAIN", "Embedded", "Listeners", "StoreKind", "blueprint_of", "mutants_breaking"]

DOMAIN = "target.test"
HOSTNAME = "mail.target.test"

#: Seconds between delivery attempts, and until a message is returned: hours, shrunk so that checks can wait.
RETRIES = (0.5, 1.0, 2.0)
GIVE_UP = 6.0

StoreKind = Literal["maildir", "mbox", "memory"]

#: How clients come into TLS; port 25 has no implicit TLS (RFC 8314 section 3.3 is about submission), so it takes STARTTLS.
#: Submission has STARTTLS at least: passwords do not cross it in the clear.
Listeners = Literal["clear", "starttls", "implicit"]

_IMPLICIT: dict[str, str] = {without: tls_first for tls_first, without in TLS_FIRST.items()}

#: Work factor of password hashes; the passwords live for one run.
HASH_COST = 2**4


class Embedded:
    """A running reference server with its profile; a context manager.

    Args:
        workers: how many workers share it; each gets two accounts and MX hosts of its own.
        blueprint: the server's parts, for mutants and variants.
        lab: a lab that runs already; one is started, and stopped with the server, where None.
        fixed_ports: the ports that refmail's manual names, instead of ports that the kernel chooses.
        shared: the profile is for other processes; they cannot control this lab, so it has no [dns].
        store: how mail is kept; checks that look into a Maildir are not run on another kind.
        listeners: by which of its listeners the profile has clients come in.
    """

    def __init__(
        self,
        workers: int = 1,
        blueprint: Blueprint | None = None,
        lab: LabServer | None = None,
        *,
        fixed_ports: bool = False,
        shared: bool = False,
        store: StoreKind = "maildir",
        listeners: Listeners = "clear",
    ) -> None:
        self.workers = workers
        self._listeners: Listeners = listeners
        self._store: StoreKind = store
        self._fixed_ports = fixed_ports
        self._shared = shared
        self._passwords: dict[str, str] = {}
        self._blueprint = blueprint
        self._lab = lab
        self._owns_lab = lab is None
        self._folder: Path | None = None
        self._server: ServerThread | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def profile(self) -> Path:
        """The profile that describes the server."""
        assert self._folder is not None, "the server does not run"
        return self._folder / "target.toml"

    @property
    def lab(self) -> LabServer:
        """The lab that the server's DNS and MX hosts are."""
        assert self._lab is not None, "the server does not run"
        return self._lab

    @property
    def lab_address(self) -> str:
        """Where workers find the lab, as the fixtures want it."""
        return msgspec.json.encode(self.lab.address).decode()

    def banner(self) -> Iterator[str]:
        """Yield what people need to know to use the server."""
        assert self._server is not None, "the server does not run"
        host, port = self.lab.dns_address
        yield f"refmail is {HOSTNAME}, mail for {DOMAIN}; DNS for what it relays: {host}:{port}"
        for listener, number in self._server.ports.items():
            yield f"  {listener:<12} 127.0.0.1:{number}"
        for name, password in self._passwords.items():
            yield f"  {name}@{DOMAIN}  login {name}  password {password}"
        yield f"judge it: mailspec run --target {self.profile}"
        yield "Ctrl-C stops it."

    def stop(self) -> None:
        """Stop the server and remove everything it wrote; may be called again."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._owns_lab and self._lab is not None:
            self._lab.stop()
            self._lab = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start(self) -> None:
        self._folder = folder = Path(tempfile.mkdtemp(prefix="mailspec-target-"))
        if self._owns_lab:
            lab = LabServer(LabPlan(workers=self.workers))
            lab.start()
            self._lab = lab
        names = [f"user{number:02}" for number in range(2 * self.workers)]
        passwords = self._passwords = {name: secrets.token_urlsafe(12) for name in names}
        for name, password in passwords.items():
            secret = folder / f"{name}.secret"
            secret.touch(mode=0o600)
            secret.write_text(password)
        server = self._server = ServerThread(self._config(folder, passwords), self._blueprint)
        server.start()
        authority = server.ca_file
        if authority is not None:
            shutil.copyfile(authority, folder / "ca.pem")
        self.profile.write_text(profile_text(self._profile(names, trusted=authority is not None)))

    def _config(self, folder: Path, passwords: dict[str, str]) -> Config:
        host, port = self.lab.dns_address
        users = tuple(
            UserConfig(
                name=name,
                password=password,
                hash=PasswordHash.of(password.encode(), cost=HASH_COST).to_text(),
                # So that CRAM-MD5 is offered as well; the passwords live for one run.
                clear=True,
            )
            for name, password in passwords.items()
        )
        return Config(
            hostname=HOSTNAME,
            domains=(DOMAIN,),
            users=users,
            aliases=self._aliases(),
            lists={name: ListConfig(members=members, owner=owner) for name, (members, owner) in self._lists().items()},
            detail_separator="+",
            # What RFC 4954 section 4 asks for; the listeners of the other protocols can also be used in the clear.
            policy=Policy(submission_plaintext_login=False),
            listeners=demo_config(fixed_ports=self._fixed_ports).listeners,
            store=StoreConfig(kind=self._store, path=None if self._store == "memory" else str(folder / "mail")),
            dns=DnsConfig(servers=(f"{host}:{port}",)),
            relay=RelayConfig(dial=self.lab.dial_map, spool=str(folder / "spool"), retries=RETRIES, give_up=GIVE_UP),
        )

    def _aliases(self) -> dict[str, tuple[str, ...]]:
        """Return each worker's aliases, one of a single account and one of both."""
        pairs = [(f"user{2 * worker:02}", f"user{2 * worker + 1:02}") for worker in range(self.workers)]
        single = {f"alias{worker:02}": pair[:1] for worker, pair in enumerate(pairs)}
        return single | {f"several{worker:02}": pair for worker, pair in enumerate(pairs)}

    def _lists(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """Return each worker's lists, one of its accounts and one with a subscriber in a domain of the lab."""
        found: dict[str, tuple[tuple[str, ...], str]] = {}
        for worker in range(self.workers):
            first, second = f"user{2 * worker:02}", f"user{2 * worker + 1:02}"
            found[f"list{worker:02}"] = ((first, second), second)
            found[f"worldwide{worker:02}"] = ((first, f"josé@subscribers-w{worker}.test"), second)
            found[f"notices{worker:02}"] = ((first, f"subscriber@subscribers-w{worker}.test"), second)
        return found

    def _profile(self, names: list[str], *, trusted: bool) -> dict[str, Value | list[Table]]:
        common: dict[str, Value] = {"host": "127.0.0.1", "server_name": HOSTNAME}
        if trusted:
            common["ca"] = "ca.pem"
        host, port = self.lab.dns_address
        profile: dict[str, Value | list[Table]] = {
            "name": "refmail",
            **{name: {**common, **self._entrance(name)} for name in SERVICES},
            "accounts": [
                {"address": f"{name}@{DOMAIN}", "login": name, "secret": {"file": f"{name}.secret"}} for name in names
            ],
            "aliases": [
                {"address": _whole(name), "members": list(map(_whole, members))}
                for name, members in self._aliases().items()
            ],
            "lists": [
                {"address": _whole(name), "members": list(map(_whole, members)), "owner": _whole(owner)}
                for name, (members, owner) in self._lists().items()
            ],
            "limits": {"failed_logins": 100_000},
        }
        if self._store == "maildir":
            profile["store"] = {"kind": "maildir", "path": "mail/{login}/Maildir"}
        if not self._shared:
            times: dict[str, Value] = {"retry_seconds": RETRIES[0], "give_up_seconds": GIVE_UP}
            profile["dns"] = {"listen": f"{host}:{port}", "mx_hosts": [], **times}
        return profile

    def _entrance(self, service: str) -> dict[str, Value]:
        """Return port and mode by which clients reach a service."""
        assert self._server is not None
        ports: dict[str, int] = {str(name): port for name, port in self._server.ports.items()}
        if service in TLS_FIRST:
            return {"port": ports[service], "tls": "implicit"}
        if self._listeners == "clear" and service != "submission":
            return {"port": ports[service]}
        if self._listeners == "implicit" and service in _IMPLICIT:
            return {"port": ports[_IMPLICIT[service]], "tls": "implicit"}
        return {"port": ports[service], "tls": "starttls"}


def _whole(name: str) -> str:
    """Return an address, which a name of ours is part of."""
    return name if "@" in name else f"{name}@{DOMAIN}"


def blueprint_of(variant_names: Sequence[str], mutant_names: Sequence[str]) -> Blueprint:
    """Return the blueprint with the named variants and mutants applied in this order.

    Raises:
        KeyError: there is none of that name.
    """
    blueprint = Blueprint()
    for deviation in (*map(variants.by_name, variant_names), *map(mutants.by_name, mutant_names)):
        blueprint = deviation.apply(blueprint)
    return blueprint


def mutants_breaking(requirement_id: str) -> list[tuple[str, str]]:
    """Return names and descriptions of the mutants that break a requirement."""
    return [(mutant.name, mutant.says) for mutant in mutants.all_mutants() if requirement_id in mutant.breaks]
