"""The aliases and mailing lists that a worker can see through: those of its own accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from mailspec.target.profile import Alias, MailingList
from mailspec.target.target import Target
from mailspec.verdict import NotRun
from mailspec.wire.endpoint import Login

__all__ = [
    "alias_of_one",
    "alias_of_several",
    "list_beyond_ascii",
    "list_of_accounts",
    "list_with_subscriber",
    "logins_of",
    "subscriber_of",
]

E = TypeVar("E", Alias, MailingList)


def alias_of_one(target: Target) -> Alias:
    """Return an alias behind which is one account of this worker.

    Raises:
        NotRun: the profile has none.
    """
    return _first(target.profile.aliases, lambda each: len(each.members) == 1 and _is_own(target, each), "alias of one")


def alias_of_several(target: Target) -> Alias:
    """Return an alias behind which are several accounts, all of this worker.

    Raises:
        NotRun: the profile has none.
    """
    return _first(
        target.profile.aliases, lambda each: len(each.members) > 1 and _is_own(target, each), "alias of several"
    )


def list_of_accounts(target: Target) -> MailingList:
    """Return a mailing list of accounts of this worker.

    Raises:
        NotRun: the profile has none.
    """
    return _first(target.profile.lists, lambda each: _is_own(target, each), "mailing list of accounts")


def list_with_subscriber(target: Target) -> MailingList:
    """Return a mailing list with accounts of this worker, and one subscriber elsewhere.

    Raises:
        NotRun: the profile has none.
    """
    return _first(
        target.profile.lists,
        lambda each: (
            "".join(each.members).isascii()
            and len(_elsewhere(target, each)) == 1
            and len(each.members) > 1
            and bool(logins_of(target, each))
        ),
        "mailing list with one subscriber elsewhere",
    )


def list_beyond_ascii(target: Target) -> MailingList:
    """Return a mailing list with a name beyond ASCII on it, and none in its own address.

    Raises:
        NotRun: the profile has none.
    """
    return _first(
        target.profile.lists,
        lambda each: each.address.isascii() and not "".join(each.members).isascii(),
        "mailing list with a name beyond ASCII",
    )


def subscriber_of(target: Target, mailing_list: MailingList) -> str:
    """Return the subscriber elsewhere."""
    (found,) = _elsewhere(target, mailing_list)
    return found


def logins_of(target: Target, expansion: Alias | MailingList) -> list[Login]:
    """Return the accounts of this worker that get what is sent there."""
    members = {member.lower() for member in expansion.members}
    return [login for login in target.accounts.logins if login.address.decode().lower() in members]


def _is_own(target: Target, expansion: Alias | MailingList) -> bool:
    return len(logins_of(target, expansion)) == len(expansion.members)


def _elsewhere(target: Target, mailing_list: MailingList) -> list[str]:
    ours = target.profile.local_domains
    return [member for member in mailing_list.members if member.rpartition("@")[2].lower() not in ours]


def _first(found: Iterable[E], suits: Callable[[E], bool], what: str) -> E:
    for each in found:
        if suits(each):
            return each
    msg = f"the profile has no {what} among [[aliases]] and [[lists]] that belongs to this worker's accounts"
    raise NotRun(msg)
