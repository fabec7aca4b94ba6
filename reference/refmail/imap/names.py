"""Mailbox names between the wire and the store: modified UTF-7 and INBOX (RFC 3501 sections 5.1 and 5.1.3)."""

from __future__ import annotations

import base64
import binascii

__all__ = ["DELIMITER", "BadName", "decode", "encode", "mailbox_name", "new_mailbox_name"]

#: The hierarchy separator, in the store and on the wire.
DELIMITER = "/"

#: The alphabet of modified base64: "," in place of "/", no padding.
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,")


class BadName(ValueError):
    """A mailbox name that no mailbox can have; the message says why."""


def encode(name: str) -> bytes:
    """Encode a name in modified UTF-7; the result is printable US-ASCII."""
    out = bytearray()
    shifted: list[str] = []
    for character in [*name, ""]:
        if character and not " " <= character <= "~":
            shifted.append(character)
            continue
        if shifted:
            out += _encode_shifted("".join(shifted))
            shifted.clear()
        out += b"&-" if character == "&" else character.encode("ascii")
    return bytes(out)


def _encode_shifted(text: str) -> bytes:
    encoded = base64.b64encode(text.encode("utf-16-be", "surrogatepass")).rstrip(b"=")
    return b"&" + encoded.replace(b"/", b",") + b"-"


def decode(octets: bytes) -> str:
    """Decode modified UTF-7.

    Raises:
        BadName: the octets are not the one way of encoding a name: 8-bit octets, an
            open or empty shift, bad base64, half a surrogate pair, printable US-ASCII within base64.
    """
    pieces = octets.split(b"&")
    text = [_plain(pieces[0])]
    for piece in pieces[1:]:
        shifted, dash, rest = piece.partition(b"-")
        if not dash:
            msg = "a shift to base64 is not closed"
            raise BadName(msg)
        text += ["&" if not shifted else _decode_shifted(shifted), _plain(rest)]
    name = "".join(text)
    if encode(name) != octets:
        msg = "the name is not in the shortest modified UTF-7"
        raise BadName(msg)
    return name


def _plain(octets: bytes) -> str:
    if not all(0x20 <= octet <= 0x7E for octet in octets):
        msg = "octets outside printable US-ASCII stand unencoded"
        raise BadName(msg)
    return octets.decode("ascii")


def _decode_shifted(octets: bytes) -> str:
    if not _BASE64.issuperset(octets):
        msg = "a character is not of modified base64"
        raise BadName(msg)
    try:
        padded = octets.replace(b",", b"/") + b"=" * (-len(octets) % 4)
        return base64.b64decode(padded, validate=True).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError) as error:
        msg = "a base64 part is not UTF-16"
        raise BadName(msg) from error


def mailbox_name(octets: bytes) -> str:
    """Return the store's name for a mailbox argument; INBOX in any case is "INBOX".

    Raises:
        BadName: not valid modified UTF-7.
    """
    name = decode(octets)
    first, delimiter, rest = name.partition(DELIMITER)
    return "INBOX" + delimiter + rest if first.upper() == "INBOX" else name


def new_mailbox_name(octets: bytes) -> str:
    """Return the name for a mailbox to be made.

    Raises:
        BadName: not valid modified UTF-7, an empty level, wildcards or controls.
    """
    name = mailbox_name(octets)
    if not all(name.split(DELIMITER)):
        msg = "a level of the hierarchy is empty"
        raise BadName(msg)
    if any(character in "%*" or not character.isprintable() for character in name):
        msg = "wildcards and control characters are not allowed in new names"
        raise BadName(msg)
    return name
