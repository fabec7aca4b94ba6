"""What IMAP responses say, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from mailspec.wire.grammar.error import GrammarError
from mailspec.wire.grammar.imap.quota_values import Quota, QuotaRoot

__all__ = [
    "Address",
    "AppendUid",
    "Body",
    "Capability",
    "Continuation",
    "CopyUid",
    "Data",
    "Disposition",
    "ESearch",
    "Enabled",
    "Envelope",
    "Exists",
    "Expunge",
    "Extension",
    "Fetch",
    "Flags",
    "ListEntry",
    "Multipart",
    "Part",
    "Recent",
    "Response",
    "ResponseCode",
    "Search",
    "Sort",
    "Status",
    "StatusResponse",
    "Tagged",
    "Thread",
    "ThreadList",
    "Unparsed",
    "Untagged",
    "Vanished",
]

#: Generic extension data: atom or string, number, NIL, list (RFC 4466 section 2.1).
Data: TypeAlias = "bytes | int | tuple[Data, ...] | None"


@dataclass(frozen=True, slots=True)
class AppendUid:
    """Where APPEND put messages (RFC 4315 section 3): UIDVALIDITY and a set of UIDs."""

    uidvalidity: int
    uids: bytes


@dataclass(frozen=True, slots=True)
class CopyUid:
    """Where COPY or MOVE put messages (RFC 4315 section 3): UIDVALIDITY, source and target UIDs."""

    uidvalidity: int
    source: bytes
    target: bytes


@dataclass(frozen=True, slots=True)
class ResponseCode:
    """A resp-text-code.

    Args:
        name: upper-cased.
        value: number, tuple of atoms or flags, AppendUid, CopyUid, or the octets behind the name; None without any.
    """

    name: bytes
    value: int | tuple[bytes, ...] | AppendUid | CopyUid | bytes | None = None


@dataclass(frozen=True, slots=True)
class StatusResponse:
    """An untagged OK, NO, BAD, BYE or PREAUTH."""

    status: str
    code: ResponseCode | None
    text: bytes


@dataclass(frozen=True, slots=True)
class Tagged:
    """The end of a command."""

    tag: bytes
    status: str
    code: ResponseCode | None
    text: bytes


@dataclass(frozen=True, slots=True)
class Continuation:
    """A request to go on: text for people, or base64 of a mechanism."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Capability:
    """CAPABILITY; names upper-cased, in the order sent."""

    names: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Enabled:
    """ENABLED (RFC 5161); names upper-cased."""

    names: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Flags:
    """FLAGS: the flags a mailbox defines, as sent."""

    flags: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ListEntry:
    """LIST or LSUB.

    Args:
        kind: b"LIST" or b"LSUB".
        flags: name attributes as sent.
        delimiter: one octet, None for NIL.
        mailbox: the name as sent; INBOX in any case becomes b"INBOX".
        extended: extended data items (RFC 5258), empty without any.
    """

    kind: bytes
    flags: tuple[bytes, ...]
    delimiter: bytes | None
    mailbox: bytes
    extended: Mapping[bytes, Data]


@dataclass(frozen=True, slots=True)
class Search:
    """SEARCH: numbers, and the highest mod-sequence if one was sent (RFC 7162 section 3.1.5)."""

    numbers: tuple[int, ...]
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """SORT (RFC 5256): numbers in order, and the highest mod-sequence if one was sent."""

    numbers: tuple[int, ...]
    modseq: int | None = None


#: A thread: numbers, each the parent of the next, and then perhaps threads side by side; "(3 6 (4)(44 7))".
ThreadList: TypeAlias = "tuple[int | ThreadList, ...]"


@dataclass(frozen=True, slots=True)
class Thread:
    """THREAD (RFC 5256)."""

    threads: tuple[ThreadList, ...]

    @property
    def parents(self) -> Mapping[int, int | None]:
        """The parent of each number; None for the first ones and those whose parent is not shown."""
        parents: dict[int, int | None] = {}
        pending: list[tuple[int | None, ThreadList]] = [(None, thread) for thread in self.threads]
        while pending:
            parent, members = pending.pop()
            for member in members:
                if isinstance(member, tuple):
                    pending.append((parent, member))
                else:
                    parents[member] = parent
                    parent = member
        return parents


@dataclass(frozen=True, slots=True)
class ESearch:
    """ESEARCH (RFC 4731): the tag it belongs to, whether it counts UIDs, and its items."""

    tag: bytes | None
    uid: bool
    items: Mapping[bytes, Data]


@dataclass(frozen=True, slots=True)
class Status:
    """STATUS: attributes by upper-cased name."""

    mailbox: bytes
    items: Mapping[bytes, Data]


@dataclass(frozen=True, slots=True)
class Exists:
    """EXISTS: the number of messages."""

    number: int


@dataclass(frozen=True, slots=True)
class Recent:
    """RECENT: the number of messages with the Recent flag."""

    number: int


@dataclass(frozen=True, slots=True)
class Expunge:
    """EXPUNGE: the sequence number that is gone."""

    number: int


@dataclass(frozen=True, slots=True)
class Vanished:
    """VANISHED (RFC 7162 section 3.2.10): a set of UIDs; `earlier` for those that were gone before."""

    earlier: bool
    uids: bytes


@dataclass(frozen=True, slots=True)
class Address:
    """One address of an envelope; None is NIL."""

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """ENVELOPE (RFC 3501 section 7.4.2); None is NIL."""

    date: bytes | None
    subject: bytes | None
    from_: tuple[Address, ...] | None
    sender: tuple[Address, ...] | None
    reply_to: tuple[Address, ...] | None
    to: tuple[Address, ...] | None
    cc: tuple[Address, ...] | None
    bcc: tuple[Address, ...] | None
    in_reply_to: bytes | None
    message_id: bytes | None


@dataclass(frozen=True, slots=True)
class Disposition:
    """A body disposition: its type and parameters."""

    kind: bytes
    params: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A body of one part.

    Args:
        kind: media type, as sent; `subtype` likewise.
        params: Content-Type parameters in the order sent.
        octets: size in the transfer encoding, in octets.
        lines: size in lines, for text and message/rfc822.
        envelope: of a message/rfc822, with its `body`.
        extended: whether extension data was sent; it is in the fields after it.
    """

    kind: bytes
    subtype: bytes
    params: tuple[tuple[bytes, bytes], ...]
    content_id: bytes | None
    description: bytes | None
    encoding: bytes
    octets: int
    lines: int | None = None
    envelope: Envelope | None = None
    body: Body | None = None
    extended: bool = False
    md5: bytes | None = None
    disposition: Disposition | None = None
    language: tuple[bytes, ...] | None = None
    location: bytes | None = None
    further: tuple[Data, ...] = ()


@dataclass(frozen=True, slots=True)
class Multipart:
    """A body of several parts; the extension fields are as in Part, `params` belongs to them."""

    parts: tuple[Body, ...]
    subtype: bytes
    extended: bool = False
    params: tuple[tuple[bytes, bytes], ...] = ()
    disposition: Disposition | None = None
    language: tuple[bytes, ...] | None = None
    location: bytes | None = None
    further: tuple[Data, ...] = ()


Body: TypeAlias = Part | Multipart


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH: data items of one message.

    Args:
        number: message sequence number.
        items: by upper-cased name, for instance b"UID", b"BODY[1.HEADER.FIELDS (TO)]<0>"; the values are
            int for sizes and UID, tuples of flags, Envelope, Body, bytes or None for content, Data for extensions.
    """

    number: int
    items: Mapping[bytes, Envelope | Body | Data]

    @property
    def uid(self) -> int | None:
        """The UID, None if it was not sent."""
        value = self.items.get(b"UID")
        return value if isinstance(value, int) else None

    @property
    def flags(self) -> tuple[bytes, ...] | None:
        """The flags as sent, None if they were not."""
        value = self.items.get(b"FLAGS")
        return tuple(flag for flag in value if isinstance(flag, bytes)) if isinstance(value, tuple) else None

    @property
    def size(self) -> int | None:
        """RFC822.SIZE in octets, None if it was not sent."""
        value = self.items.get(b"RFC822.SIZE")
        return value if isinstance(value, int) else None

    @property
    def internal_date(self) -> bytes | None:
        """INTERNALDATE without its quotes, None if it was not sent."""
        return self.content(b"INTERNALDATE")

    @property
    def envelope(self) -> Envelope | None:
        """ENVELOPE, None if it was not sent."""
        value = self.items.get(b"ENVELOPE")
        return value if isinstance(value, Envelope) else None

    @property
    def structure(self) -> Body | None:
        """BODYSTRUCTURE, or else BODY, None if neither was sent."""
        value = self.items.get(b"BODYSTRUCTURE", self.items.get(b"BODY"))
        return value if isinstance(value, Part | Multipart) else None

    def content(self, name: bytes) -> bytes | None:
        """Return the octets of an item such as b"BODY[]" or b"RFC822.HEADER", None for NIL or if not sent."""
        value = self.items.get(name.upper())
        return value if isinstance(value, bytes) else None


@dataclass(frozen=True, slots=True)
class Extension:
    """Untagged data of an extension.

    Args:
        name: upper-cased, for instance b"NAMESPACE".
        number: what stood before the name, None if nothing.
        data: what stood behind it.
    """

    name: bytes
    number: int | None
    data: Sequence[Data]


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A response that broke the grammar; the breach has been charged."""

    octets: bytes
    error: GrammarError


Untagged: TypeAlias = (
    StatusResponse
    | Capability
    | Enabled
    | Flags
    | ListEntry
    | Search
    | Sort
    | Thread
    | ESearch
    | Status
    | Exists
    | Recent
    | Expunge
    | Vanished
    | Quota
    | QuotaRoot
    | Fetch
    | Extension
    | Unparsed
)

Response: TypeAlias = Tagged | Continuation | Untagged
