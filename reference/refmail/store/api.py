"""What every mail store offers: the seam between the protocols and the disk.

All methods block and may be called from any thread; each is atomic against every
other one, of this process or (for files) another. A mailbox name is the decoded
name with "/" as the hierarchy separator; INBOX is always spelled "INBOX". Each
method that takes a name raises InvalidName for one that can never exist.

Everything that changes a mailbox raises its MODSEQ, so "what is new since n" has
one answer for NOOP, IDLE and a session's next command alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import msgspec

__all__ = [
    "SYSTEM_FLAGS",
    "Changes",
    "ConditionalChange",
    "FlagAction",
    "Flags",
    "InvalidName",
    "MailStore",
    "Mailbox",
    "MailboxExists",
    "MailboxInfo",
    "MaildropBusy",
    "MessageMeta",
    "NewMessage",
    "NoSuchMailbox",
    "NoSuchMessage",
    "OverQuota",
    "Quota",
    "QuotaLimits",
    "QuotaUsage",
    "StoreError",
    "StoreFull",
    "UseTaken",
]

Flags = frozenset[bytes]
FlagAction = Literal["replace", "add", "remove"]

#: The flags of RFC 3501 section 2.3.2 that a store keeps; \Recent is a session's matter.
SYSTEM_FLAGS: Flags = frozenset({rb"\Seen", rb"\Answered", rb"\Flagged", rb"\Deleted", rb"\Draft"})


class StoreError(Exception):
    """The store could not do it, perhaps later: a temporary failure."""


class StoreFull(StoreError):
    """There is no space left, or the quota is used up."""


class OverQuota(StoreFull):
    """The user's quota leaves no room for it."""


class NoSuchMailbox(StoreError):
    """There is no mailbox of that name."""


class InvalidName(StoreError):
    """The name can never be a mailbox (or a user) of this store."""


class MailboxExists(StoreError):
    """There is already a mailbox of that name."""


class UseTaken(StoreError):
    """Another mailbox has that special use already (RFC 6154 section 3)."""


class NoSuchMessage(StoreError):
    """The message was expunged or never existed."""


class MaildropBusy(StoreError):
    """Another POP3 session holds the exclusive lock on the maildrop (RFC 1939 section 4)."""


class NewMessage(msgspec.Struct, frozen=True):
    """A message that is to be added."""

    #: With CRLF line ends.
    octets: bytes
    #: System flags and keywords that it begins with.
    flags: Collection[bytes] = ()
    #: With a time zone; now where None.
    internal_date: datetime | None = None


# Without the garbage collector's part: it is held for every message of a mailbox, and nothing in it refers back.
class MessageMeta(msgspec.Struct, frozen=True, gc=False):
    """What is known of a message without reading it."""

    uid: int
    #: Octets of the message as it goes over the wire, lines ended by CRLF.
    size: int
    flags: Flags
    internal_date: datetime
    #: MODSEQ of the last change to this message.
    modseq: int
    #: Whether the last line has its CRLF (or there is none): a protocol of lines must add what is missing.
    ends_in_crlf: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a mailbox after a given MODSEQ."""

    #: The mailbox's MODSEQ now; pass it next time.
    modseq: int
    #: Messages added or whose flags changed, by ascending UID.
    changed: Sequence[MessageMeta]
    #: UIDs removed, ascending.
    expunged: Sequence[int]
    #: Whether `expunged` is all that was removed: a log of removals does not reach back for ever.
    complete: bool = True


@dataclass(frozen=True, slots=True)
class ConditionalChange:
    """What became of a change of flags under a condition."""

    #: The messages that were named and exist, as they are now.
    messages: Sequence[MessageMeta]
    #: UIDs of those among them that were left alone, because they had changed meanwhile.
    modified: frozenset[int]


@dataclass(frozen=True, slots=True)
class MailboxInfo:
    """One line of a mailbox listing."""

    name: str
    selectable: bool
    has_children: bool
    subscribed: bool
    #: Special uses, such as rb"\Drafts" (RFC 6154 section 2).
    uses: Flags = frozenset()
    #: Whether no mailbox can ever be below it, because the name would become too long.
    no_inferiors: bool = False


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """What one user's mail may take together; None: no limit."""

    octets: int | None = None
    messages: int | None = None

    @property
    def unlimited(self) -> bool:
        """Whether nothing is limited."""
        return self.octets is None and self.messages is None


class QuotaUsage(msgspec.Struct, frozen=True):
    """What one user's mail takes, or what a change adds to that."""

    octets: int
    messages: int

    def __add__(self, other: QuotaUsage) -> QuotaUsage:
        return QuotaUsage(self.octets + other.octets, self.messages + other.messages)


@dataclass(frozen=True, slots=True)
class Quota:
    """A user's quota."""

    limits: QuotaLimits
    usage: QuotaUsage


class Mailbox(Protocol):
    """One mailbox of one user."""

    @property
    def name(self) -> str: ...
    @property
    def uid_validity(self) -> int:
        """Unsigned 32-bit, not 0 (RFC 3501 section 2.3.1.1, erratum 261)."""
        ...

    @property
    def uid_next(self) -> int: ...
    @property
    def modseq(self) -> int: ...

    def messages(self) -> Sequence[MessageMeta]:
        """All messages by ascending UID, after noticing what other programs did."""
        ...

    def total_size(self) -> int:
        """Return the octets of all messages as they go over the wire, without looking at each."""
        ...

    def claim_recent(self) -> frozenset[int]:
        r"""Return the UIDs that no session was told of as \Recent, and mark them told (RFC 3501 section 2.3.2)."""
        ...

    def recent_count(self) -> int:
        """Count what `claim_recent` would return, without claiming."""
        ...

    def add(self, octets: bytes, flags: Collection[bytes] = (), internal_date: datetime | None = None) -> int:
        """Add one message durably and return its UID; nothing is left behind on failure.

        Args:
            octets: the message with CRLF line ends.
            flags: system flags and keywords it begins with.
            internal_date: with a time zone; now where None.

        Raises:
            StoreFull, StoreError: nothing was added.
        """
        ...

    def add_all(self, messages: Sequence[NewMessage]) -> Sequence[int]:
        """Add messages durably, all or none, and return their UIDs in order.

        Raises:
            StoreFull, StoreError: nothing was added.
        """
        ...

    def copy_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        """Copy messages with flags and internal date, all or none, and return the new UIDs in order.

        Raises:
            NoSuchMessage: one is gone; nothing was copied.
            StoreFull, StoreError: nothing was copied.
        """
        ...

    def move_to(self, target: Mailbox, uids: Iterable[int]) -> Sequence[int]:
        """Move messages with flags and internal date, all or none, and return the new UIDs in order.

        Quotas do not matter: what there is does not become more.

        Raises:
            NoSuchMessage: one is gone; nothing was moved.
            StoreFull, StoreError: nothing was moved.
        """
        ...

    def read(self, uid: int) -> bytes:
        """Return the message's octets with CRLF line ends.

        Raises:
            NoSuchMessage: it is gone.
        """
        ...

    def change_flags(self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes]) -> Sequence[MessageMeta]:
        """Change flags and return the messages as they are now; messages that are gone are passed over."""
        ...

    def change_flags_unless_modified(
        self, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], modseq: int
    ) -> ConditionalChange:
        """Change flags of messages in which nothing that this touches has changed after `modseq`.

        Test and change are one step (RFC 7162 section 3.1.3); messages that are gone are passed over.
        """
        ...

    def expunge(self, uids: Iterable[int]) -> Sequence[int]:
        """Remove messages for good and return the UIDs that this call removed, ascending."""
        ...

    def changes_since(self, modseq: int) -> Changes:
        """Say what happened after `modseq`, after noticing what other programs did.

        `changes_since(0)` is a consistent snapshot: every message and the MODSEQ it belongs to.
        `expunged` may name messages that came and went in between, and after a while it is no longer
        complete. Neither a MODSEQ nor what belongs to it is lost when the store is closed.
        """
        ...


class MailStore(Protocol):
    """All mailboxes of all users."""

    #: Whether calls may wait for a disk: the transport then runs them in a thread.
    blocking: bool

    def deliver(self, user: str, octets: bytes) -> None:
        """Deliver into the user's INBOX durably (the last step of RFC 5321 section 4.2.5)."""
        ...

    def open(self, user: str, name: str) -> Mailbox:
        """Return the mailbox; two openings of one name show the same mailbox.

        Raises:
            NoSuchMailbox
        """
        ...

    def list(self, user: str) -> Sequence[MailboxInfo]:
        """Return every mailbox and every name that only has children, sorted by name."""
        ...

    def create(self, user: str, name: str, uses: Collection[bytes] = ()) -> None:
        """Create a mailbox and the levels above it.

        Args:
            user: whose.
            name: of the mailbox.
            uses: special uses that it gets; each is that of one mailbox only.

        Raises:
            MailboxExists, UseTaken: nothing was created.
        """
        ...

    def delete(self, user: str, name: str) -> None:
        """Delete a mailbox; its children stay (RFC 3501 section 6.3.4).

        Raises:
            NoSuchMailbox
        """
        ...

    def rename(self, user: str, old: str, new: str) -> None:
        """Rename a mailbox and its children; INBOX instead gives its messages to `new` (RFC 3501 section 6.3.5).

        Raises:
            NoSuchMailbox, MailboxExists
        """
        ...

    def subscribe(self, user: str, name: str) -> None: ...
    def unsubscribe(self, user: str, name: str) -> None: ...
    def subscriptions(self, user: str) -> Sequence[str]:
        """Return subscribed names, sorted; they outlive their mailboxes (RFC 3501 section 6.3.6)."""
        ...

    def quota(self, user: str) -> Quota:
        """Return the user's limits and exactly what the mail takes now."""
        ...

    def set_quota(self, user: str, limits: QuotaLimits) -> None:
        """Replace the user's limits; this lasts, and what is configured counts no more."""
        ...

    def lock_maildrop(self, user: str) -> None:
        """Take the POP3 lock of the user's INBOX.

        Raises:
            MaildropBusy
        """
        ...

    def unlock_maildrop(self, user: str) -> None: ...

    def watch(self, user: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, from any thread, after each change to the user's mail; returns how to stop.

        The callback must not block; more calls than changes are possible.
        """
        ...

    def close(self) -> None:
        """Give back every lock and stop watching; mail and mailboxes stay as they are."""
        ...
