r"""Flags as clients send them; \Recent is not among them (RFC 3501 section 2.3.2)."""

from __future__ import annotations

from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import atom
from refmail.store.api import SYSTEM_FLAGS

__all__ = ["flag", "flag_list", "flags"]

_CANONICAL = {name.upper(): name for name in SYSTEM_FLAGS}


def flag(cursor: Cursor) -> bytes:
    r"""ABNF: flag = "\Answered" / ... / "\Draft" / flag-keyword / flag-extension; system flags in the RFC's spelling."""
    if not cursor.skip(b"\\"):
        return atom(cursor)
    name = b"\\" + atom(cursor)
    if name.upper() == rb"\RECENT":
        cursor.fail("flag", r"clients cannot set \Recent")
    return _CANONICAL.get(name.upper(), name)


def flag_list(cursor: Cursor) -> frozenset[bytes]:
    """ABNF: flag-list = "(" [flag *(SP flag)] ")"."""
    cursor.expect(b"(", "flag-list")
    if cursor.skip(b")"):
        return frozenset()
    found = flags(cursor)
    cursor.expect(b")", "flag-list")
    return found


def flags(cursor: Cursor) -> frozenset[bytes]:
    """ABNF: flag *(SP flag), the form without parentheses that STORE allows."""
    found = {flag(cursor)}
    while cursor.skip(b" "):
        found.add(flag(cursor))
    return frozenset(found)
