"""What threading keeps of a message, read once."""

from __future__ import annotations

from dataclasses import dataclass

from refmail.imap.mime.decode import faithful_header_text
from refmail.imap.mime.msgid import message_ids
from refmail.imap.search.candidate import Candidate
from refmail.imap.search.collation import collation_key
from refmail.imap.search.sorting import sent_date
from refmail.imap.search.subject import base_subject

__all__ = ["Threadable", "threadable"]


@dataclass(frozen=True, slots=True)
class Threadable:
    """A message to be threaded."""

    uid: int
    #: Sent date, then message number, which decides between equal dates.
    sent: tuple[int, int]
    #: Base subject, in octets that compare as RFC 5051 has it.
    subject: bytes
    #: Whether the subject says that it is a reply or was forwarded.
    is_reply: bool
    #: None where there is no valid one.
    message_id: bytes | None
    #: Message IDs of those before it, the oldest first.
    references: tuple[bytes, ...]


def threadable(candidate: Candidate) -> Threadable:
    """Return what threading needs of a message."""
    message = candidate.message
    subject = base_subject(faithful_header_text(message.first(b"subject") or b""))
    own = message_ids(message.first(b"message-id"))
    # In-Reply-To may hold other things behind its first ID, References does not.
    references = message_ids(message.first(b"references")) or message_ids(message.first(b"in-reply-to"))[:1]
    return Threadable(
        candidate.meta.uid,
        (sent_date(candidate), candidate.number),
        collation_key(subject.text),
        subject.is_reply,
        own[0] if own else None,
        tuple(references),
    )
