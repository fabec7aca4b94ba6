"""mailbox-data: FLAGS, LIST, LSUB, STATUS (RFC 3501 section 9); `searching` has the rest."""

from __future__ import annotations

import re

from mailspec.wire.grammar.imap.basic import (
    atom,
    data,
    flag_list,
    mailbox,
    nil,
    number,
    number64,
    nz_number,
    sp,
)
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.listing import check_attributes, mbox_list_extended
from mailspec.wire.grammar.imap.values import Data, Flags, ListEntry, Status

__all__ = ["flags", "mailbox_list", "status"]

# DQUOTE QUOTED-CHAR DQUOTE
DELIMITER = re.compile(rb'"(?:[^\x00\r\n"\\\x80-\xff]|\\["\\])"')

#: Attributes whose value is a number, and those that must not be zero (RFC 3501 erratum 261).
NUMBERS = frozenset({b"MESSAGES", b"RECENT", b"UNSEEN", b"DELETED"})
NZ_NUMBERS = frozenset({b"UIDNEXT", b"UIDVALIDITY"})
#: Attributes with 63 bits (RFC 7162, RFC 8438, RFC 9208).
NUMBERS64 = frozenset({b"HIGHESTMODSEQ", b"SIZE", b"DELETED-STORAGE"})


@charged_to("3501/9/flag-list")
def flags(cursor: Cursor) -> Flags:
    """Parse "FLAGS" SP flag-list."""
    sp(cursor)
    return Flags(flag_list(cursor))


@charged_to("3501/9/mailbox-list")
def mailbox_list(cursor: Cursor, kind: bytes) -> ListEntry:
    """Parse mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox."""
    sp(cursor)
    found = _mbx_list_flags(cursor)
    sp(cursor)
    delimiter = None
    if not nil(cursor):
        quoted = cursor.match(DELIMITER)
        if quoted is None:
            cursor.fail("mailbox-list", "expected a quoted delimiter of one character, or NIL")
        delimiter = quoted[-2:-1]
    sp(cursor)
    name = mailbox(cursor)
    return ListEntry(kind, found, delimiter, name, mbox_list_extended(cursor))


def _mbx_list_flags(cursor: Cursor) -> tuple[bytes, ...]:
    names = flag_list(cursor)
    if not all(name.startswith(b"\\") for name in names):
        cursor.fail("mbx-list-flags", "expected attributes that begin with a backslash")
    check_attributes(cursor, names)
    return names


@charged_to("3501/9/status")
def status(cursor: Cursor) -> Status:
    """Parse "STATUS" SP mailbox SP "(" [status-att-list] ")"."""
    sp(cursor)
    name = mailbox(cursor)
    sp(cursor)
    cursor.expect(b"(", "status-att-list")
    items: dict[bytes, Data] = {}
    while not cursor.accept(b")"):
        if items:
            sp(cursor)
        attribute = atom(cursor).upper()
        sp(cursor)
        items[attribute] = _status_value(cursor, attribute)
    return Status(name, items)


def _status_value(cursor: Cursor, attribute: bytes) -> Data:
    # status-att-val, as erratum 261 to RFC 3501 and RFC 4466 section 6 give it
    if attribute in NZ_NUMBERS:
        return nz_number(cursor)
    if attribute in NUMBERS:
        return number(cursor)
    if attribute in NUMBERS64:
        return number64(cursor)
    return data(cursor)
