"""Names of mailboxes: which are allowed, which exist above and below others, and what a rename moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from refmail.store.api import Flags, InvalidName, MailboxExists, MailboxInfo, NoSuchMailbox

__all__ = ["INBOX", "above", "canonical_name", "check_user", "listing", "plan_rename", "possible_name"]

INBOX = "INBOX"
#: Longest name of a level in characters: far beyond use, far below what file systems take.
MAX_LEVEL = 100
#: Longest whole name in octets of UTF-8.
MAX_NAME = 200


def canonical_name(name: str) -> str:
    """Return the name as the store keeps it: INBOX in upper case, all else as given.

    Raises:
        InvalidName: an empty, dotted or overlong level, or a control character.
    """
    levels = name.split("/")
    for level in levels:
        if not level or level in {".", ".."} or len(level) > MAX_LEVEL:
            msg = f"mailbox name {name!r}: each level needs 1 to {MAX_LEVEL} characters and may not be '.' or '..'"
            raise InvalidName(msg)
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in name):
        msg = f"mailbox name {name!r}: control characters are not allowed"
        raise InvalidName(msg)
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME or any("\ud800" <= c <= "\udfff" for c in name):
        msg = f"mailbox name {name!r}: at most {MAX_NAME} octets of well-formed UTF-8 are allowed"
        raise InvalidName(msg)
    if levels[0].upper() == INBOX:
        levels[0] = INBOX
    return "/".join(levels)


def check_user(user: str) -> str:
    """Return the name of a user if it may be the name of a folder.

    Raises:
        InvalidName: it could lead out of the store's folder or is no file name.
    """
    if not user or user.startswith(".") or len(user.encode("utf-8", "replace")) > MAX_NAME:
        msg = f"user name {user!r}: 1 to {MAX_NAME} octets are needed, and no dot in front"
        raise InvalidName(msg)
    if "/" in user or "\\" in user or not user.isprintable():
        msg = f"user name {user!r}: slashes and unprintable characters are not allowed"
        raise InvalidName(msg)
    return user


def above(name: str) -> list[str]:
    """Return the levels above a name, the highest first."""
    levels = name.split("/")
    return ["/".join(levels[:count]) for count in range(1, len(levels))]


def possible_name(name: str) -> bool:
    """Whether a mailbox may have the name."""
    try:
        canonical_name(name)
    except InvalidName:
        return False
    return True


def listing(
    names: Collection[str],
    subscribed: Collection[str],
    uses: Mapping[str, Flags],
    possible: Callable[[str], bool] = possible_name,
) -> list[MailboxInfo]:
    """Return the mailbox list: the names, and the levels above them that are no mailboxes.

    Args:
        names: of the mailboxes.
        subscribed: names that are subscribed.
        uses: special uses by name.
        possible: whether a mailbox may have a name.
    """
    parents = {parent for name in names for parent in above(name)}
    return [
        MailboxInfo(
            name,
            name in names,
            name in parents,
            name in subscribed,
            uses.get(name, frozenset()) if name in names else frozenset(),
            no_inferiors=name not in parents and not possible(name + "/x"),
        )
        for name in sorted(parents.union(names))
    ]


def plan_rename(names: Collection[str], old: str, new: str) -> Sequence[tuple[str, str]]:
    """Say which mailboxes get which names when `old`, which is not INBOX, becomes `new`.

    Raises:
        NoSuchMailbox: neither `old` nor anything below it exists.
        MailboxExists: `new` or something below it exists.
        InvalidName: a name would become too long.
    """
    moved = sorted(name for name in names if name == old or name.startswith(old + "/"))
    if not moved:
        msg = f"there is no mailbox {old!r}"
        raise NoSuchMailbox(msg)
    if any(name == new or name.startswith(new + "/") for name in names):
        msg = f"there is already a mailbox {new!r}"
        raise MailboxExists(msg)
    return [(name, canonical_name(new + name[len(old) :])) for name in moved]
