"""Binary contents (RFC 3516 section 7)."""

from __future__ import annotations

import re

from mailspec.wire.grammar.imap.basic import literal8, nstring, number, sp
from mailspec.wire.grammar.imap.cursor import Cursor

__all__ = ["binary"]

# section-binary = "[" [section-part] "]";   section-part = nz-number *("." nz-number)
SECTION_BINARY = re.compile(rb"\[(?:[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*)?\]")


def binary(cursor: Cursor, name: bytes) -> tuple[bytes, bytes | int | None]:
    """Parse msg-att-static =/ "BINARY" section-binary SP (nstring / literal8) / "BINARY.SIZE" section-binary SP number.

    Args:
        cursor: before the section.
        name: BINARY or BINARY.SIZE.

    Returns:
        The item's name with its section and, as section 4.3 has it, its origin; and its value.
    """
    section = cursor.match(SECTION_BINARY)
    if section is None:
        cursor.fail("section-binary", "expected the number of a part, or nothing, in brackets")
    name += section
    if not name.startswith(b"BINARY.SIZE") and cursor.accept(b"<"):
        name += b"<%d>" % number(cursor)
        cursor.expect(b">", "msg-att-static")
    sp(cursor)
    if name.startswith(b"BINARY.SIZE"):
        return name, number(cursor)
    return name, literal8(cursor) if cursor.looking_at(b"~") else nstring(cursor)
