"""Walking over the header section of a message by octets, without interpreting it (RFC 5322 section 2.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

__all__ = ["Field", "at_most", "fields", "without"]

# field-name = 1*ftext ; ftext = %d33-57 / %d59-126. White space before the colon is the obsolete form.
# The field ends with the first CRLF that no white space follows, or with the message.
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:.*?(?:\r\n(?![ \t])|\Z)", re.DOTALL)


class Field(msgspec.Struct, frozen=True):
    """Where one header field lies, folded lines and the last CRLF included."""

    #: In lower case.
    name: bytes
    start: int
    end: int


def fields(octets: bytes) -> Iterator[Field]:
    """Yield the fields from the top; the first line that is none ends the header section."""
    position = 0
    while (match := _FIELD.match(octets, position)) is not None:
        end = match.end()
        yield Field(match[1].lower(), position, end)
        position = end


def at_most(octets: bytes, name: bytes) -> int:
    """Return how many fields of that name (lower case) there are at the most: soon told, and mostly 0."""
    end = octets.find(b"\r\n\r\n")
    return octets[: end if end >= 0 else None].lower().count(name)


def without(octets: bytes, name: bytes) -> bytes:
    """Return the message without the header fields of that name (lower case); all else stays as it is."""
    if not at_most(octets, name):
        return octets
    doomed = [field for field in fields(octets) if field.name == name]
    if not doomed:
        return octets
    starts, ends = [0, *(field.end for field in doomed)], [*(field.start for field in doomed), len(octets)]
    return b"".join(octets[start:end] for start, end in zip(starts, ends, strict=True))
