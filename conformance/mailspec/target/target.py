"""One target as a run, or one worker of it, sees it: profile, accounts, facts, budgets, leftovers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from mailspec.requirement import Tier
from mailspec.result import ServiceFacts, TargetFacts
from mailspec.target import tiers
from mailspec.target.accounts import AccountPair, pair_of, read_logins
from mailspec.target.budget import ConnectionPace, FailedLogins
from mailspec.target.probe import PROBE_SECONDS, Probed, probe_inner_stage, probe_service
from mailspec.target.profile import Profile, ServiceName, load_profile
from mailspec.transcript import Secrets
from mailspec.verdict import NotRun
from mailspec.wire.endpoint import Endpoint, Login

__all__ = ["ARRIVAL_DEADLINE", "REPLY_DEADLINE", "Target", "open_target"]

#: Seconds for one whole reply of a target with timeout_factor 1. RFC 5321 section 4.5.3.2 gives minutes
#: to real peers; a suite that waited so long for each reply would not end.
REPLY_DEADLINE = 10.0

#: Seconds until mail that was accepted must be in the account's INBOX.
ARRIVAL_DEADLINE = 20.0


class Target:
    """What checks and fixtures know of the servers they judge.

    Args:
        profile: the profile as read.
        path: the file it came from; paths in it are relative to it.
        logins: every account with its password, in the order of the profile.
        worker: number of this worker, from 0.
        workers: how many workers share the target.
        tier: the most that checks may do.
        facts: what another process found by probing, or None to probe when asked.
        on_close: what else to release at the end, such as an embedded server.
    """

    def __init__(
        self,
        profile: Profile,
        path: Path,
        logins: Sequence[Login] = (),
        *,
        worker: int = 0,
        workers: int = 1,
        tier: Tier = tiers.DEFAULT,
        facts: TargetFacts | None = None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self.profile = profile
        self.path = path
        self.logins = tuple(logins)
        self.worker = worker
        self.workers = workers
        self.tier = tier
        self.secrets = Secrets()
        for login in self.logins:
            self.secrets.add(login.secret)
        self.failed_logins = FailedLogins(profile.limits, worker, workers)
        self.pace = ConnectionPace(profile.limits, workers)
        self._probed = Probed(facts) if facts is not None else None
        self._leftovers: list[str] = []
        self._on_close = on_close

    # What the plugin asks.

    @property
    def facts(self) -> TargetFacts:
        """Services and capabilities, probed at most once."""
        return self.probed.facts

    @property
    def probed(self) -> Probed:
        """The facts, and what could not be found out."""
        if self._probed is None:
            self._probed = self._probe()
        return self._probed

    def leftovers(self) -> Sequence[str]:
        """Return what could not be removed, each as a line for people."""
        return tuple(self._leftovers)

    def leave(self, what: str) -> None:
        """Note that something of ours stays on the target."""
        if what not in self._leftovers:
            self._leftovers.append(what)

    def close(self) -> None:
        """Release what belongs to the whole run."""
        self._on_close()

    # What fixtures ask.

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile.name

    @property
    def accounts(self) -> AccountPair:
        """The accounts of this worker."""
        return pair_of(self.logins, self.worker)

    @property
    def deadline(self) -> float:
        """Seconds for one whole reply."""
        return REPLY_DEADLINE * self.profile.timeout_factor

    @property
    def arrival_deadline(self) -> float:
        """Seconds until accepted mail must be in the INBOX."""
        return ARRIVAL_DEADLINE * self.profile.timeout_factor

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
        entry = self.profile.services.get(service)
        if entry is None:
            msg = f"the profile has no [{service}]"
            raise NotRun(msg)
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
            NotRun: the profile has no [store].
        """
        if self.profile.store is None:
            msg = "the profile has no [store]: the mail store cannot be seen from here"
            raise NotRun(msg)
        local, _, domain = login.address.decode().rpartition("@")
        values = {"login": login.login.decode(), "local": local, "domain": domain}
        return Path(self.path.parent, self.profile.store.path.format_map(values))

    def _probe(self) -> Probed:
        seconds = PROBE_SECONDS * self.profile.timeout_factor
        probed = Probed(TargetFacts(name=self.name))
        found: list[ServiceFacts] = []
        for name in self.profile.services:
            endpoint = self.endpoint(name)
            self.pace.before_connecting()
            facts, problem = probe_service(name, endpoint, self.accounts.primary, seconds)
            if problem is not None:
                probed.problems[name] = problem
            elif endpoint.tls == "none":
                # Checks of STARTTLS need to know the stage that this profile does not use itself.
                facts = msgspec.structs.replace(facts, after_tls=probe_inner_stage(name, endpoint, seconds))
            found.append(facts)
        probed.facts = TargetFacts(name=self.name, services=tuple(found))
        return probed


def open_target(
    path: Path,
    *,
    worker: int = 0,
    workers: int = 1,
    tier: Tier = tiers.DEFAULT,
    facts: TargetFacts | None = None,
    on_close: Callable[[], None] = lambda: None,
) -> Target:
    """Read a profile and its secrets; the arguments are those of `Target`.

    Raises:
        ProfileError: the profile cannot be used; the message says why and what to do.
    """
    profile = load_profile(path)
    logins = read_logins(path, profile)
    return Target(profile, path, logins, worker=worker, workers=workers, tier=tier, facts=facts, on_close=on_close)
