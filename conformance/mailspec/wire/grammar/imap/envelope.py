"""envelope and address (RFC 3501 section 9)."""

from __future__ import annotations

from mailspec.wire.grammar.imap.basic import nil, nstring, sp
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.values import Address, Envelope

__all__ = ["envelope"]


@charged_to("3501/9/envelope")
def envelope(cursor: Cursor) -> Envelope:
    """Parse envelope = "(" env-date SP env-subject SP env-from SP ... SP env-message-id ")"."""
    cursor.expect(b"(", "envelope")
    date = nstring(cursor)
    sp(cursor)
    subject = nstring(cursor)
    from_ = _address_list(cursor)
    sender = _address_list(cursor)
    reply_to = _address_list(cursor)
    to = _address_list(cursor)
    cc = _address_list(cursor)
    bcc = _address_list(cursor)
    sp(cursor)
    in_reply_to = nstring(cursor)
    sp(cursor)
    message_id = nstring(cursor)
    cursor.expect(b")", "envelope")
    return Envelope(date, subject, from_, sender, reply_to, to, cc, bcc, in_reply_to, message_id)


def _address_list(cursor: Cursor) -> tuple[Address, ...] | None:
    # env-from = "(" 1*address ")" / nil, and so on: addresses stand side by side without spaces
    sp(cursor)
    if nil(cursor):
        return None
    cursor.expect(b"(", "env-from ... env-bcc")
    addresses = [_address(cursor)]
    while not cursor.accept(b")"):
        addresses.append(_address(cursor))
    return tuple(addresses)


def _address(cursor: Cursor) -> Address:
    # address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
    cursor.expect(b"(", "address")
    name = nstring(cursor)
    sp(cursor)
    route = nstring(cursor)
    sp(cursor)
    mailbox = nstring(cursor)
    sp(cursor)
    host = nstring(cursor)
    cursor.expect(b")", "address")
    return Address(name, route, mailbox, host)
