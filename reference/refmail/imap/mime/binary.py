"""Contents without their transfer encoding, and contents that need one (RFC 3516)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence

from refmail.imap.mime.decode import decoded
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.section import find_part

__all__ = ["UnknownEncoding", "UnstorableBinary", "binary_section", "storable"]

#: Encodings that change nothing (RFC 2045 section 6.2).
_IDENTITY = frozenset({b"7BIT", b"8BIT", b"BINARY"})

_FIELD = re.compile(rb"^content-transfer-encoding[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE)
_BASE64_FIELD = b"Content-Transfer-Encoding: base64\r\n"
_BARE_LF = re.compile(rb"(?<!\r)\n")
#: Octets of a line of base64 before encoding (RFC 2045 section 6.8).
_LINE = 57


class UnknownEncoding(Exception):
    """A part is in a transfer encoding that this server does not know."""


class UnstorableBinary(Exception):
    """Octets are where no transfer encoding can bring them over a line of text."""


def binary_section(message: Entity, path: Sequence[int]) -> bytes | None:
    """Return the decoded octets of a part, those of the whole message where the path is empty.

    Returns:
        None where the message has no such part.

    Raises:
        UnknownEncoding
    """
    if not path:
        return message.octets
    part = find_part(message, path)
    if part is None:
        return None
    octets = decoded(part)
    if octets is None:
        raise UnknownEncoding(part.encoding)
    return octets


def storable(octets: bytes) -> bytes:
    """Return a message without NUL, in which every LF ends a line; nothing of its contents is lost.

    Parts that hold other octets are encoded in base64, the others stay as they are (RFC 3516 section 4.4).

    Raises:
        UnstorableBinary: a header holds NUL, or a part that is encoded already.
    """
    if b"\0" not in octets and not _BARE_LF.search(octets):
        return octets
    pieces: list[bytes] = []
    position = 0
    for part in _leaves(Entity(octets)):
        if part.encoding in _IDENTITY and _needs_encoding(part):
            pieces += [octets[position : part.start], _encoded_header(part), _encoded_body(part)]
            position = part.end
    result = b"".join([*pieces, octets[position:]])
    if b"\0" in result:
        raise UnstorableBinary
    return result


def _leaves(entity: Entity) -> Iterator[Entity]:
    """Yield the parts that have none within, in order."""
    if entity.is_multipart:
        for part in entity.parts:
            yield from _leaves(part)
    elif entity.message is not None and entity.encoding in _IDENTITY:
        yield from _leaves(entity.message)
    else:
        yield entity


def _needs_encoding(part: Entity) -> bool:
    body = part.body
    # In a part that says it is lines of text, a bare LF is one of these lines' ends.
    return b"\0" in body or (part.encoding == b"BINARY" and _BARE_LF.search(body) is not None)


def _encoded_header(part: Entity) -> bytes:
    header, count = _FIELD.subn(_BASE64_FIELD, part.header, count=1)
    if count:
        return header
    blank = b"\r\n" if header.endswith(b"\r\n") else b"\n"
    return header.removesuffix(blank) + _BASE64_FIELD + blank


def _encoded_body(part: Entity) -> bytes:
    body = part.body
    lines = (binascii.b2a_base64(body[at : at + _LINE], newline=False) for at in range(0, len(body), _LINE))
    # The line end before a boundary belongs to the boundary.
    return b"\r\n".join(lines) + (b"\r\n" if part.end == len(part.octets) else b"")
