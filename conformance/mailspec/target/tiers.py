"""Safety tiers: what a check may do to the target. Each tier includes the ones before it."""

from __future__ import annotations

from typing import get_args

from mailspec.requirement import Tier

__all__ = ["DEFAULT", "MEANING", "TIERS", "allows", "why_not"]

#: The tiers, the most careful first.
TIERS: tuple[Tier, ...] = get_args(Tier)

DEFAULT: Tier = "normal"

#: What each tier adds, as `--help` and `explain` say it.
MEANING: dict[Tier, str] = {
    "read-only": "connects, logs in and reads; leaves nothing",
    "normal": "sends mail to the profile's accounts, and works in mailboxes it makes and removes",
    "destructive": "changes what may belong to others: expunges or renames INBOX, fills queues",
    "intrusive": "may be taken for an attack: many connections, many wrong passwords, silence for minutes",
}


def allows(limit: Tier, tier: Tier) -> bool:
    """Say whether a run limited to `limit` may run a check of `tier`."""
    return TIERS.index(tier) <= TIERS.index(limit)


def why_not(limit: Tier, tier: Tier) -> str:
    """Return the reason of the *not run* verdict, with what to do about it."""
    return f"{tier} check ({MEANING[tier]}); this run allows {limit}: add --tier {tier}"
