"""Which collected items are checks, what they are called, and which of them run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from mailspec.requirement import MARK, Tier
from mailspec.requirements import Ledger, Requirement, UnknownRequirement
from mailspec.selection import Selection, Subject
from mailspec.target import tiers
from mailspec.target.target import Target
from mailspec.verdict import Blocked, NotOffered, NotRun

__all__ = ["Declared", "check_id", "declared", "require_possible", "select", "shuffle", "subject_of"]


@dataclass(frozen=True, slots=True)
class Declared:
    """What `@requirement` says about a check."""

    requirement_id: str
    needs: tuple[str, ...] = ()
    tier: Tier = "normal"
    slow: bool = False


def declared(item: pytest.Item) -> Declared | None:
    """Return what the decorator says, or None for items that are no checks."""
    mark = item.get_closest_marker(MARK)
    return None if mark is None else Declared(*mark.args, **mark.kwargs)


def check_id(item: pytest.Item) -> str:
    """Return "<area>/<module>/<function>": the folders below suite/, and names without "test_"."""
    folders = item.path.parent.parts
    if "suite" in folders:
        last = len(folders) - 1 - folders[::-1].index("suite")
        folders = folders[last + 1 :]
    else:
        folders = folders[-1:]
    return "/".join((*folders, item.path.stem.removeprefix("test_"), item.name.removeprefix("test_")))


def subject_of(item: pytest.Item, ledger: Ledger) -> Subject | None:
    """Return what addresses are compared with, or None for items that are no checks."""
    about = declared(item)
    if about is None:
        return None
    entry = ledger.get(about.requirement_id)
    aliases = (entry.id, *entry.aliases) if entry else ()
    return Subject(check_id(item), about.requirement_id, aliases, entry.level if entry else "implied")


def select(
    items: Sequence[pytest.Item], addresses: Sequence[str], ledger: Ledger, level: str | None = None
) -> tuple[list[pytest.Item], list[pytest.Item], tuple[str, ...]]:
    """Return the selected items, the others, and the addresses that name nothing.

    Items that are no checks stay selected.
    """
    selection = Selection.of(addresses, level)
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    subjects: list[Subject] = []
    for item in items:
        subject = subject_of(item, ledger)
        if subject is not None:
            subjects.append(subject)
        (kept if subject is None or selection.selects(subject) else left).append(item)
    unmatched = [address for address in selection.addresses if not any(map(address.matches, subjects))]
    return kept, left, tuple(address.text for address in unmatched)


def shuffle(items: list[pytest.Item], seed: int) -> None:
    """Bring the checks into an order that only the seed decides; other items keep their places."""
    places = [place for place, item in enumerate(items) if declared(item) is not None]
    checks = [items[place] for place in places]
    # Not the order of the machine's file system, or two machines would not shuffle alike.
    checks.sort(key=check_id)
    random.Random(seed).shuffle(checks)
    for place, check in zip(places, checks, strict=True):
        items[place] = check


def require_possible(about: Declared, requirement: Requirement, target: Target, *, slow: bool) -> None:
    """Make sure that the target and this run allow the check.

    Raises:
        NotRun: the tier, the wait for minutes, or a service is not allowed for in this run or profile.
        Blocked: the service could not be asked whether it offers what is needed.
        NotOffered: it does not offer it.
    """
    if not tiers.allows(target.tier, about.tier):
        raise NotRun(tiers.why_not(target.tier, about.tier))
    if about.slow and not slow:
        msg = "waits for minutes: add --slow"
        raise NotRun(msg)
    for need in dict.fromkeys((*requirement.needs, *about.needs)):
        _require_offered(need, target)


def _require_offered(need: str, target: Target) -> None:
    where, _, capability = need.partition(" ")
    service = where.partition("/")[0]
    if service not in target.profile.services:
        msg = f"the profile has no [{service}]"
        raise NotRun(msg)
    if not capability or target.offers is None or target.offers.offers(need):
        return
    found = target.offers.services.get(service)
    if found is not None and found.problem:
        # Perhaps it would have been offered at the stage that probing did not reach.
        msg = f"{capability} was not seen, and probing {service} ended early: {found.problem}"
        raise Blocked(msg)
    msg = f"{service} does not advertise {capability}"
    raise NotOffered(msg)


def requirement_of(about: Declared, ledger: Ledger) -> Requirement:
    """Return the ledger's entry for a check; for an id the ledger lacks, one that says so."""
    try:
        return ledger[about.requirement_id]
    except UnknownRequirement as error:
        return Requirement(id=about.requirement_id, level="implied", says=str(error))
