r"""Addresses of type utf-8 in delivery reports (RFC 6533 section 3): `\x{HEX}` stands for a character where UTF-8 may not.

utf-8-type-addr      = "utf-8;" utf-8-enc-addr
utf-8-addr-xtext     = 1*(QCHAR / EmbeddedUnicodeChar)
utf-8-addr-unitext   = 1*(QUCHAR / EmbeddedUnicodeChar)
QCHAR                = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e
EmbeddedUnicodeChar  = %x5C.78 "{" HEXPOINT "}"
"""

from __future__ import annotations

import re

from refmail.message.idn import is_utf8

__all__ = ["from_unitext", "is_utf8_address", "to_xtext"]

_EMBEDDED = re.compile(rb"\\x\{([0-9A-F]{2,6})\}")
_QUCHARS = re.compile(rb"(?:[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e\x80-\xff]|\\x\{[0-9A-F]{2,6}\})+")
#: What must be written as an EmbeddedUnicodeChar; a space cannot stand in a parameter.
_SPECIAL = re.compile(r"[^\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e]")


def is_utf8_address(octets: bytes) -> bool:
    """Say whether the octets are a utf-8-enc-addr whose embedded characters exist."""
    if _QUCHARS.fullmatch(octets) is None or not is_utf8(octets):
        return False
    points = (int(point, 16) for point in _EMBEDDED.findall(octets))
    return all(point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF for point in points)


def from_unitext(octets: bytes) -> bytes:
    """Return the address as UTF-8; octets that are no utf-8-enc-addr stay as they are."""
    if not is_utf8_address(octets):
        return octets
    return _EMBEDDED.sub(lambda match: chr(int(match[1], 16)).encode(), octets)


def to_xtext(address: bytes) -> bytes:
    """Return a UTF-8 address as utf-8-addr-xtext, which is ASCII."""
    return _SPECIAL.sub(lambda match: f"\\x{{{ord(match[0]):02X}}}", address.decode(errors="replace")).encode("ascii")
