"""What STATUS can say of a mailbox: one row an item (RFC 3501 section 6.3.10 and extensions).

Every value comes from what the store knows without reading a message, so that a
STATUS of a large mailbox costs no more than one look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import keyword
from refmail.store.api import Mailbox, MailStore, MessageMeta

__all__ = ["ITEMS", "StatusItem", "count", "status_atts"]

#: (mailbox, its messages) -> the value.
StatusItem = Callable[[Mailbox, Sequence[MessageMeta]], int]


def _deleted(messages: Sequence[MessageMeta]) -> list[MessageMeta]:
    return [meta for meta in messages if rb"\Deleted" in meta.flags]


#: status-att, upper case -> what it is.
ITEMS: Mapping[bytes, StatusItem] = {
    b"MESSAGES": lambda _mailbox, messages: len(messages),
    b"RECENT": lambda mailbox, _messages: mailbox.recent_count(),
    b"UIDNEXT": lambda mailbox, _messages: mailbox.uid_next,
    b"UIDVALIDITY": lambda mailbox, _messages: mailbox.uid_validity,
    b"UNSEEN": lambda _mailbox, messages: sum(rb"\Seen" not in meta.flags for meta in messages),
    # RFC 7162 section 3.1.7
    b"HIGHESTMODSEQ": lambda mailbox, _messages: mailbox.modseq,
    # RFC 8438 section 3
    b"SIZE": lambda mailbox, _messages: mailbox.total_size(),
    # RFC 9208 section 4.1.4; DELETED is in RFC 9051 as well
    b"DELETED": lambda _mailbox, messages: len(_deleted(messages)),
    b"DELETED-STORAGE": lambda _mailbox, messages: sum(meta.size for meta in _deleted(messages)),
}


def status_atts(cursor: Cursor) -> tuple[bytes, ...]:
    """ABNF: "(" status-att *(SP status-att) ")"; in upper case, each once."""
    cursor.expect(b"(", "status")
    items = [_status_att(cursor)]
    while cursor.skip(b" "):
        items.append(_status_att(cursor))
    cursor.expect(b")", "status")
    return tuple(dict.fromkeys(items))


def _status_att(cursor: Cursor) -> bytes:
    item = keyword(cursor, "status-att")
    if item not in ITEMS:
        cursor.fail("status-att", "no such status item")
    return item


def count(store: MailStore, user: str, name: str, items: Iterable[bytes]) -> dict[bytes, int]:
    r"""Return the status items of a mailbox; claims no \Recent; blocks.

    Raises:
        NoSuchMailbox
    """
    mailbox = store.open(user, name)
    messages = mailbox.messages()
    return {item: ITEMS[item](mailbox, messages) for item in items}
