"""Which names an extended LIST answers with (RFC 5258 sections 3.3 and 3.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from refmail.imap import names
from refmail.imap.patterns import Pattern
from refmail.store.api import MailboxInfo

__all__ = ["Listed", "select"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A name that is answered with."""

    info: MailboxInfo
    #: Whether the name itself satisfies the selection options.
    meets: bool
    #: Whether a name below it does; said only where the client asked by RECURSIVEMATCH.
    child_info: bool = False


def select(
    mailboxes: Sequence[MailboxInfo],
    subscribed: Iterable[str],
    patterns: Sequence[Pattern],
    meets: Callable[[MailboxInfo], bool],
    *,
    missing: bool,
    recursive: bool,
) -> Iterator[Listed]:
    """Yield the names to answer with, sorted.

    Args:
        mailboxes: what there is, levels of the hierarchy that are no mailboxes included.
        subscribed: names that are subscribed, whether or not there are such mailboxes.
        patterns: a name must match one of them.
        meets: whether a name satisfies the selection options.
        missing: whether names of no mailbox are wanted, if they satisfy the options.
        recursive: whether names are wanted that only have such names below them.
    """
    known = {info.name: info for info in mailboxes}
    if missing:
        known = _with_missing(known, frozenset(subscribed))
    matching = {name for name in known if any(pattern.matches(name) for pattern in patterns)}
    chosen = {name for name, info in known.items() if meets(info)}
    above_chosen = {level for name in chosen for level in _above(name)} if recursive else set[str]()
    # A level is of use to the client by itself only where not all that it stands for is answered too.
    needed = {level for name in chosen - matching for level in _above(name)} if recursive else set[str]()
    for name in sorted(matching & (chosen | needed)):
        yield Listed(known[name], name in chosen, name in above_chosen)


def _with_missing(known: dict[str, MailboxInfo], subscribed: frozenset[str]) -> dict[str, MailboxInfo]:
    absent = subscribed - known.keys()
    levels = {level for name in absent for level in _above(name)} - known.keys() - absent
    return (
        known
        | {name: MailboxInfo(name, selectable=False, has_children=False, subscribed=True) for name in absent}
        | {name: MailboxInfo(name, selectable=False, has_children=False, subscribed=False) for name in levels}
    )


def _above(name: str) -> Iterator[str]:
    levels = name.split(names.DELIMITER)
    return (names.DELIMITER.join(levels[:count]) for count in range(1, len(levels)))
