"""resp-text and resp-text-code (RFC 3501 section 9)."""

from __future__ import annotations

import re

from mailspec.wire.grammar.imap.basic import astring, atom, flag_list, nz_number, sp
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.sync import CODES
from mailspec.wire.grammar.imap.values import AppendUid, CopyUid, ResponseCode

__all__ = ["capability_data", "lenient_code", "resp_text"]

# text = 1*TEXT-CHAR; TEXT-CHAR = <any CHAR except CR and LF>; CHAR is 7-bit without NUL
TEXT = re.compile(rb"[^\x00\r\n\x80-\xff]*")
TEXT_UTF8 = re.compile(rb"[^\x00\r\n]*")
# 1*<any TEXT-CHAR except "]">
CODE_TEXT = re.compile(rb"[^\x00\r\n\x80-\xff\]]+")
# A code as any client would find it.
LENIENT_CODE = re.compile(rb"\[([^\]\r\n ]+)(?: ([^\]\r\n]*))?\] ?")

# resp-code-apnd = "APPENDUID" SP nz-number SP append-uid (RFC 4315 section 4)
APPENDUID = re.compile(rb"([1-9][0-9]{0,9}) ([0-9:,]+)\Z")
# resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set (RFC 4315 section 4)
COPYUID = re.compile(rb"([1-9][0-9]{0,9}) ([0-9:,]+) ([0-9:,]+)\Z")

#: Codes whose defining RFC shows them without text behind (RFC 7162 sections 3.1.2 and 3.2.5.1; erratum 5055 to it).
TEXTLESS = frozenset({b"HIGHESTMODSEQ", b"NOMODSEQ", b"MODIFIED", b"CLOSED"})

PLAIN_CODES = frozenset({b"ALERT", b"PARSE", b"READ-ONLY", b"READ-WRITE", b"TRYCREATE"})
NUMBER_CODES = frozenset({b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"})


@charged_to("3501/9/resp-text")
def resp_text(cursor: Cursor) -> tuple[ResponseCode | None, bytes]:
    """Parse resp-text = ["[" resp-text-code "]" SP] text; RFC 9051 lets the text be empty."""
    code = None
    if cursor.looking_at(b"[") and LENIENT_CODE.match(cursor.octets, cursor.position):
        cursor.accept(b"[")
        code = _resp_text_code(cursor)
        cursor.expect(b"]", "resp-text")
        if code.name in TEXTLESS and cursor.looking_at(b"\r\n"):
            return code, b""
        sp(cursor)
    text = cursor.match(TEXT_UTF8 if cursor.dialect.utf8 else TEXT) or b""
    if not text and not cursor.dialect.rev2:
        cursor.fail("text", "expected at least one character of text")
    if not cursor.looking_at(b"\r\n"):
        cursor.fail("TEXT-CHAR", "expected 7-bit characters other than NUL, CR and LF")
    return code, text


def _resp_text_code(cursor: Cursor) -> ResponseCode:
    start = cursor.position
    name = atom(cursor).upper()
    if name in PLAIN_CODES:
        return ResponseCode(name)
    if name in NUMBER_CODES:
        sp(cursor)
        return ResponseCode(name, nz_number(cursor))
    if name == b"CAPABILITY":
        cursor.position = start
        return ResponseCode(name, capability_data(cursor))
    if name == b"PERMANENTFLAGS":
        sp(cursor)
        return ResponseCode(name, flag_list(cursor, any_keyword=True))
    if name == b"BADCHARSET":
        return ResponseCode(name, _badcharset(cursor))
    if name in CODES:
        return ResponseCode(name, CODES[name](cursor))
    # atom [SP 1*<any TEXT-CHAR except "]">]
    if not cursor.accept(b" "):
        return ResponseCode(name)
    found = cursor.match(CODE_TEXT)
    if found is None:
        cursor.fail("resp-text-code", "expected text after the space")
    return ResponseCode(name, found)


def _badcharset(cursor: Cursor) -> tuple[bytes, ...] | None:
    # "BADCHARSET" [SP "(" astring *(SP astring) ")" ]
    if not cursor.accept(b" "):
        return None
    cursor.expect(b"(", "BADCHARSET")
    charsets = [astring(cursor)]
    while not cursor.accept(b")"):
        sp(cursor)
        charsets.append(astring(cursor))
    return tuple(charsets)


def _extension(name: bytes, octets: bytes) -> AppendUid | CopyUid | int | bytes:
    if name == b"APPENDUID" and (found := APPENDUID.match(octets)):
        return AppendUid(int(found[1]), found[2])
    if name == b"COPYUID" and (found := COPYUID.match(octets)):
        return CopyUid(int(found[1]), found[2], found[3])
    if name == b"HIGHESTMODSEQ" and octets.isdigit() and len(octets) <= 19:
        return int(octets)
    return octets


@charged_to("3501/9/capability-data")
def capability_data(cursor: Cursor) -> tuple[bytes, ...]:
    """Parse capability-data = "CAPABILITY" *(SP capability) SP "IMAP4rev1" *(SP capability)."""
    cursor.expect(b"CAPABILITY", "capability-data")
    names: list[bytes] = []
    while cursor.accept(b" "):
        names.append(atom(cursor).upper())
    if b"IMAP4REV1" not in names and b"IMAP4REV2" not in names:
        cursor.fail("capability-data", "expected IMAP4rev1 among the capabilities")
    return tuple(names)


def lenient_code(text: bytes) -> tuple[ResponseCode | None, bytes]:
    """Return code and text as a client reads them that does not judge."""
    found = LENIENT_CODE.match(text)
    if found is None:
        return None, text
    name = found[1].upper()
    return ResponseCode(name, _lenient_value(name, found[2])), text[found.end() :]


def _lenient_value(name: bytes, value: bytes | None) -> int | tuple[bytes, ...] | AppendUid | CopyUid | bytes | None:
    if value is None:
        return None
    if name in NUMBER_CODES and value.isdigit() and len(value) <= 19:
        return int(value)
    if name == b"CAPABILITY":
        return tuple(value.upper().split())
    if name == b"PERMANENTFLAGS":
        return tuple(value.strip(b"()").split())
    return _extension(name, value)
