"""One target as a run, or one worker of it, sees it: profile, accounts, offers, budgets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mailspec.requirement import Tier
from mailspec.target import tiers
from mailspec.target.accounts import AccountPair, pair_of, read_logins
from mailspec.target.budget import ConnectionPace, FailedLogins
from mailspec.target.offers import Offers
from mailspec.target.profile import Profile, Service, ServiceName, load_profile
from mailspec.transcript import Secrets
from mailspec.verdict import NotRun
from mailspec.wire.endpoint import Endpoint, Login

__all__ = ["ARRIVAL_DEADLINE", "REPLY_DEADLINE", "TIMEOUT_FACTOR", "Target", "open_target"]

#: Seconds for one whole reply of a target with timeout_factor 1. RFC 5321 section 4.5.3.2 gives minutes
#: to real peers; a suite that waited so long for each reply would not end.
REPLY_DEADLINE = 10.0

#: Seconds until a message that was accepted must be in the account's INBOX.
ARRIVAL_DEADLINE = 20.0

#: Environment variable with a factor on every deadline beside the profile's: `mailspec run --timeout-factor`.
TIMEOUT_FACTOR = "MAILSPEC_TIMEOUT_FACTOR"


@dataclass(frozen=True, slots=True)
class Target:
    """What checks, fixtures and the plugin know of the servers they judge.

    Args:
        profile: the profile as read.
        path: the file it came from; paths in it are relative to it.
        logins: every account with its password, in the order of the profile.
        worker: number of this worker, from 0.
        workers: how many workers share the target.
        offers: what probing found, or None before it.
        tier: the most that checks may do.
        on_close: releases what belongs to the whole run, such as an embedded server.
    """

    profile: Profile
    path: Path
    logins: tuple[Login, ...] = ()
    worker: int = 0
    workers: int = 1
    offers: Offers | None = None
    tier: Tier = tiers.DEFAULT
    on_close: Callable[[], None] = lambda: None
    #: Mailboxes and messages that could not be removed, for the report.
    leftovers: list[str] = field(default_factory=list[str])
    #: By address, the keys of mail that was in the INBOX before the first check, and that belongs to somebody else.
    mail_before: dict[bytes, frozenset[str]] = field(default_factory=dict[bytes, frozenset[str]])
    secrets: Secrets = field(init=False)
    #: The accounts of this worker.
    accounts: AccountPair = field(init=False)
    _endpoints: Mapping[ServiceName, Endpoint] = field(init=False)
    failed_logins: FailedLogins = field(init=False)
    pace: ConnectionPace = field(init=False)

    def __post_init__(self) -> None:
        """Take this worker's share of the limits."""
        limits = self.profile.limits
        object.__setattr__(self, "secrets", Secrets())
        for login in self.logins:
            self.secrets.add(login.secret)
        object.__setattr__(self, "accounts", pair_of(self.logins, self.worker))
        endpoints = {name: self._endpoint_of(name, entry) for name, entry in self.profile.services.items()}
        object.__setattr__(self, "_endpoints", endpoints)
        object.__setattr__(self, "failed_logins", FailedLogins(limits, self.worker, self.workers))
        object.__setattr__(self, "pace", ConnectionPace(limits, self.workers))

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile.name

    @property
    def timeout_factor(self) -> float:
        """Factor on every deadline: the profile's times the run's."""
        try:
            return self.profile.timeout_factor * float(os.environ.get(TIMEOUT_FACTOR, "1"))
        except ValueError:
            return self.profile.timeout_factor

    @property
    def deadline(self) -> float:
        """Seconds for one whole reply."""
        return REPLY_DEADLINE * self.timeout_factor

    @property
    def arrival_deadline(self) -> float:
        """Seconds until accepted mail must be in the INBOX."""
        return ARRIVAL_DEADLINE * self.timeout_factor

    @property
    def local_domain(self) -> bytes:
        """A domain for which the target is the final destination.

        Raises:
            NotRun: the profile names neither a domain nor an account.
        """
        domains = self.profile.local_domains
        if not domains:
            msg = "the profile has no accounts and no domains"
            raise NotRun(msg)
        return domains[0].encode()

    def has(self, service: ServiceName) -> bool:
        """Say whether the profile describes the service."""
        return service in self.profile.services

    def endpoint(self, service: ServiceName) -> Endpoint:
        """Return where the service is reached.

        Raises:
            NotRun: the profile does not describe it.
        """
        if service not in self._endpoints:
            msg = f"the profile has no [{service}]"
            raise NotRun(msg)
        return self._endpoints[service]

    def _endpoint_of(self, service: ServiceName, entry: Service) -> Endpoint:
        return Endpoint(
            host=entry.host,
            port=entry.port_of(service),
            tls=entry.tls,
            ca=self.path.parent / entry.ca if entry.ca is not None else None,
            server_name=entry.server_name,
            verify=entry.verify,
        )

    def account(self) -> Login:
        """Return the primary account of this worker.

        Raises:
            NotRun: the profile has none.
        """
        if self.accounts.primary is None:
            msg = "the profile has no [[accounts]]"
            raise NotRun(msg)
        return self.accounts.primary

    def other(self) -> Login:
        """Return the secondary account of this worker.

        Raises:
            NotRun: the profile has only one.
        """
        if self.accounts.secondary is None:
            msg = f"the check needs two accounts; the profile has {len(self.logins)}"
            raise NotRun(msg)
        return self.accounts.secondary

    def maildir_of(self, login: Login) -> Path:
        """Return the folder of an account's mail.

        Raises:
            NotRun: the profile has no [store], or this machine cannot read it.
        """
        if self.profile.store is None:
            msg = "the profile has no [store]: the mail store cannot be seen from here"
            raise NotRun(msg)
        local, _, domain = login.address.decode().rpartition("@")
        values = {"login": login.login.decode(), "local": local, "domain": domain}
        return Path(self.path.parent, self.profile.store.path.format_map(values))

    def leave(self, what: str) -> None:
        """Note that something of ours stays on the target."""
        if what not in self.leftovers:
            self.leftovers.append(what)

    def close(self) -> None:
        """Release what belongs to the whole run."""
        self.on_close()

    def with_offers(self, probe: Callable[[Target], Offers]) -> Target:
        """Return the target with what `probe` finds, and what that has spent."""
        found = replace(self, offers=probe(self))
        object.__setattr__(found, "failed_logins", self.failed_logins)
        object.__setattr__(found, "pace", self.pace)
        return found


def open_target(
    path: Path, *, worker: int = 0, workers: int = 1, tier: Tier = tiers.DEFAULT, offers: Offers | None = None
) -> Target:
    """Read a profile and its secrets; the arguments are those of `Target`.

    Raises:
        ProfileError: the profile cannot be used; the message says why and what to do.
    """
    profile = load_profile(path)
    return Target(profile, path, read_logins(path, profile), worker=worker, workers=workers, tier=tier, offers=offers)
