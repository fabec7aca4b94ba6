"""Sort criteria (RFC 5256 section 3), as what is kept of each message and how these are ordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from refmail.imap.mime.addresses import addresses
from refmail.imap.mime.decode import faithful_header_text
from refmail.imap.search.candidate import Candidate
from refmail.imap.search.collation import collation_key
from refmail.imap.search.sentdate import instant, sent_instant
from refmail.imap.search.subject import base_subject

__all__ = ["SORT_KEYS", "Criterion", "Sortable", "ordered", "sent_date", "sortable"]

Rank = int | bytes


@dataclass(frozen=True, slots=True)
class Criterion:
    """A sort key, upper case, and whether its order is descending."""

    key: bytes
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Sortable:
    """What is kept of a message: its UID and its rank in each criterion."""

    uid: int
    ranks: tuple[Rank, ...]


def sent_date(candidate: Candidate) -> int:
    """Return the sent date, in seconds that only order has a meaning for."""
    return sent_instant(candidate.message.first(b"date"), candidate.meta.internal_date)


def _arrival(candidate: Candidate) -> int:
    return instant(candidate.meta.internal_date)


def _size(candidate: Candidate) -> int:
    return candidate.meta.size


def _subject(candidate: Candidate) -> bytes:
    value = candidate.message.first(b"subject") or b""
    return collation_key(base_subject(faithful_header_text(value)).text)


def _mailbox(name: bytes) -> Callable[[Candidate], bytes]:
    """Rank by addr-mailbox of the first address in a field; nothing where there is no address."""

    def rank(candidate: Candidate) -> bytes:
        found = addresses(candidate.message.first(name) or b"")
        mailbox = found[0].mailbox if found else None
        return collation_key((mailbox or b"").decode("utf-8", "surrogateescape"))

    return rank


#: sort-key = "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" / "SUBJECT" / "TO"
SORT_KEYS: Mapping[bytes, Callable[[Candidate], Rank]] = {
    b"ARRIVAL": _arrival,
    b"CC": _mailbox(b"cc"),
    b"DATE": sent_date,
    b"FROM": _mailbox(b"from"),
    b"SIZE": _size,
    b"SUBJECT": _subject,
    b"TO": _mailbox(b"to"),
}


def sortable(criteria: Sequence[Criterion]) -> Callable[[Candidate], Sortable]:
    """Return what makes a message sortable by these criteria; its header is read at most once."""
    keys = [SORT_KEYS[criterion.key] for criterion in criteria]
    return lambda candidate: Sortable(candidate.meta.uid, tuple(key(candidate) for key in keys))


def ordered(found: Sequence[Sortable], criteria: Sequence[Criterion]) -> list[int]:
    """Return the UIDs in order; messages that all criteria find equal stay as they are in the mailbox."""

    def rank(place: int) -> Callable[[Sortable], Rank]:
        return lambda message: message.ranks[place]

    messages = list(found)
    # The least significant first: each sort is stable, in descending order too.
    for place in reversed(range(len(criteria))):
        messages.sort(key=rank(place), reverse=criteria[place].reverse)
    return [message.uid for message in messages]
