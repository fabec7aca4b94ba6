"""Walking over the header section of a message by octets, without interpreting it (RFC 5322 section 2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Field", "fields", "without"]

# field-name = 1*ftext ; ftext = %d33-57 / %d59-126. White space before the colon is the obsolete form.
_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")


@dataclass(frozen=True, slots=True)
class Field:
    """Where one header field lies, folded lines and the last CRLF included."""

    #: In lower case.
    name: bytes
    start: int
    end: int


def fields(octets: bytes) -> Iterator[Field]:
    """Yield the fields from the top; the first line that is none ends the header section."""
    position = 0
    while (match := _NAME.match(octets, position)) is not None:
        end = _line_end(octets, position)
        while octets[end : end + 1] in {b" ", b"\t"}:
            end = _line_end(octets, end)
        yield Field(match[1].lower(), position, end)
        position = end


def _line_end(octets: bytes, position: int) -> int:
    end = octets.find(b"\r\n", position)
    return len(octets) if end < 0 else end + 2


def without(octets: bytes, name: bytes) -> bytes:
    """Return the message without the header fields of that name (lower case); all else stays as it is."""
    kept = bytearray()
    position = 0
    for field in fields(octets):
        if field.name == name:
            kept += octets[position : field.start]
            position = field.end
    return bytes(kept + octets[position:])
