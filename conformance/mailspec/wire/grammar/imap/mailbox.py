"""mailbox-data: FLAGS, LIST, LSUB, SEARCH, STATUS (RFC 3501 section 9), ESEARCH (RFC 4731) and VANISHED (RFC 7162)."""

from __future__ import annotations

import re

from mailspec.wire.grammar.imap.basic import (
    astring,
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
from mailspec.wire.grammar.imap.values import Data, ESearch, Flags, ListEntry, Search, Status, Vanished

__all__ = ["esearch", "flags", "mailbox_list", "search", "status", "vanished"]

# DQUOTE QUOTED-CHAR DQUOTE
DELIMITER = re.compile(rb'"(?:[^\x00\r\n"\\\x80-\xff]|\\["\\])"')
# sequence-set as servers send it: numbers and ranges (RFC 7162 section 7: known-uids)
KNOWN_UIDS = re.compile(rb"[0-9:,]+")

# mbx-list-sflag = "\Noselect" / "\Marked" / "\Unmarked"; only one in a response
SELECTABILITY = frozenset({rb"\NOSELECT", rb"\MARKED", rb"\UNMARKED"})

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
    return ListEntry(kind, found, delimiter, name, _extended(cursor))


def _mbx_list_flags(cursor: Cursor) -> tuple[bytes, ...]:
    names = flag_list(cursor)
    if not all(name.startswith(b"\\") for name in names):
        cursor.fail("mbx-list-flags", "expected attributes that begin with a backslash")
    if len([name for name in names if name.upper() in SELECTABILITY]) > 1:
        cursor.fail("mbx-list-flags", r"expected at most one of \Noselect, \Marked and \Unmarked")
    return names


def _extended(cursor: Cursor) -> dict[bytes, Data]:
    # mbox-list-extended = "(" [mbox-list-extended-item *(SP mbox-list-extended-item)] ")" (RFC 5258 section 6)
    items: dict[bytes, Data] = {}
    if not cursor.looking_at(b" ("):
        return items
    cursor.accept(b" (")
    while not cursor.accept(b")"):
        if items:
            sp(cursor)
        name = astring(cursor).upper()
        sp(cursor)
        items[name] = data(cursor)
    return items


@charged_to("3501/9/search")
def search(cursor: Cursor) -> Search:
    """Parse "SEARCH" *(SP nz-number), and the mod-sequence of RFC 7162 section 7."""
    numbers: list[int] = []
    modseq = None
    while cursor.accept(b" "):
        if cursor.accept(b"(MODSEQ "):
            modseq = number64(cursor)
            cursor.expect(b")", "search-sort-mod-seq")
            break
        numbers.append(nz_number(cursor))
    return Search(tuple(numbers), modseq)


@charged_to("3501/9/search")
def esearch(cursor: Cursor) -> ESearch:
    """Parse esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)."""
    tag = None
    if cursor.accept(b' (TAG "') or cursor.accept(b" (TAG "):
        cursor.position -= cursor.octets[cursor.position - 1 : cursor.position] == b'"'
        tag = astring(cursor)
        cursor.expect(b")", "search-correlator")
    uid = cursor.looking_at(b" UID ") or cursor.looking_at(b" UID\r")
    if uid:
        cursor.accept(b" UID")
    items: dict[bytes, Data] = {}
    while cursor.accept(b" "):
        name = atom(cursor).upper()
        sp(cursor)
        items[name] = data(cursor)
    return ESearch(tag, uid, items)


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


@charged_to("3501/9/number")
def vanished(cursor: Cursor) -> Vanished:
    """Parse expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids."""
    earlier = cursor.accept(b" (EARLIER)")
    sp(cursor)
    uids = cursor.match(KNOWN_UIDS)
    if uids is None:
        cursor.fail("known-uids", "expected a set of UIDs")
    return Vanished(earlier, uids)
