"""Accounts in pairs: worker k of a run owns accounts 2k (primary) and 2k + 1 (secondary)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mailspec.target.profile import Profile, read_secret
from mailspec.wire.endpoint import Login

__all__ = ["AccountPair", "pair_of", "pairs_in", "read_logins", "workers_for"]


@dataclass(frozen=True, slots=True)
class AccountPair:
    """The accounts of one worker; a profile may have fewer than two."""

    primary: Login | None = None
    secondary: Login | None = None

    @property
    def logins(self) -> tuple[Login, ...]:
        """Those of the two that exist."""
        return tuple(login for login in (self.primary, self.secondary) if login is not None)


def read_logins(path: Path, profile: Profile) -> tuple[Login, ...]:
    """Return the accounts of the profile at `path` with their passwords.

    Raises:
        ProfileError: a password is missing.
    """
    return tuple(
        Login(
            address=account.address.encode(),
            login=(account.login or account.address).encode(),
            secret=read_secret(path, index, account),
        )
        for index, account in enumerate(profile.accounts)
    )


def pairs_in(accounts: int) -> int:
    """Return how many workers can be given a pair; a profile with one account, or none, still serves one worker."""
    return max(1, accounts // 2)


def workers_for(wanted: int, accounts: int) -> tuple[int, str]:
    """Return how many workers may run, and a sentence where these are fewer than wanted."""
    pairs = pairs_in(accounts)
    if wanted <= pairs:
        return wanted, ""
    needed = 2 * wanted
    return pairs, (
        f"{wanted} workers wanted, but the profile has {accounts} accounts: running {pairs}"
        f" (each worker owns two accounts; {needed} would be needed)"
    )


def pair_of(logins: Sequence[Login], worker: int) -> AccountPair:
    """Return the pair of worker `worker`, counted from 0."""
    mine = logins[2 * worker : 2 * worker + 2]
    return AccountPair(*mine)
