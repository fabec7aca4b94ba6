"""A message or body part as offsets into the octets of the whole message.

Nothing is parsed before it is asked for, and what was found is kept. Lines end in
LF here, with or without CR before it: the structure of an old message must not
hang on how its lines were ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from refmail.imap.mime.parameters import ContentType, content_type, first_token

__all__ = ["BODYSTRUCTURE", "ENVELOPE", "HEADER", "Entity", "Field", "fields_of"]

#: What may have been noted of a message (`notes`).
ENVELOPE, BODYSTRUCTURE, HEADER = range(3)

#: Levels of multiparts and messages within one another; deeper ones count as opaque octets.
_DEEPEST = 100
#: Parts of one multipart; more of them count as octets of the last one.
_MOST_PARTS = 10_000

_TEXT = ContentType(b"TEXT", b"PLAIN", ())
_MESSAGE = ContentType(b"MESSAGE", b"RFC822", ())
_OPAQUE = ContentType(b"APPLICATION", b"OCTET-STREAM", ())

_BLANK = re.compile(rb"\n\r?\n")
# fields = *(field-name ":" unstructured); a name is %d33-57 / %d59-126 (RFC 5322 sections 3.6.8 and 4.5)
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)\n?", re.MULTILINE)
_LINE_END = re.compile(rb"\r?\n")


class Field:
    """One header field."""

    __slots__ = ("name", "octets", "raw")

    def __init__(self, octets: bytes, name: bytes, raw: bytes) -> None:
        #: The whole field as it stands, folding and line end included.
        self.octets = octets
        #: In lower case.
        self.name = name
        self.raw = raw

    @property
    def value(self) -> bytes:
        """What follows the colon, unfolded, without the white space around it."""
        raw = _LINE_END.sub(b"", self.raw) if b"\n" in self.raw else self.raw
        return raw.strip(b" \t\r")


def fields_of(octets: bytes, start: int = 0, end: int | None = None) -> tuple[Field, ...]:
    """Return the fields of the header between two offsets."""
    found = _FIELD.finditer(octets, start, len(octets) if end is None else end)
    return tuple(Field(field[0], field[1].lower(), field[2]) for field in found)


class Entity:
    """A header and a body.

    Args:
        octets: the whole message.
        start: where the header begins.
        end: where the body ends.
        default: the type where no field says it (RFC 2045 section 5.2, RFC 2046 section 5.1.5).
        depth: how many entities are around this one.
    """

    def __init__(
        self, octets: bytes, start: int = 0, end: int | None = None, default: ContentType = _TEXT, depth: int = 0
    ) -> None:
        self._octets = octets
        self.start = start
        self._end = len(octets) if end is None else end
        self._default = default
        self._depth = depth

    @property
    def octets(self) -> bytes:
        """The octets of the whole message, of which this may be a part."""
        return self._octets

    @property
    def end(self) -> int:
        """Where the body ends."""
        return self._end

    def noted(self, part: int) -> bytes | None:
        """Return what is noted of the message, if this is a whole one of which something is."""
        del part
        return None

    # Header and body.

    @cached_property
    def body_start(self) -> int:
        """Where the body begins: after the first empty line, or at the end where there is none."""
        if self.octets.startswith((b"\r\n", b"\n"), self.start, self.end):
            return self.octets.index(b"\n", self.start) + 1
        found = _BLANK.search(self.octets, self.start, self.end)
        return found.end() if found else self.end

    @property
    def header(self) -> bytes:
        """The header's octets, the empty line after it included."""
        return self.octets[self.start : self.body_start]

    @property
    def body(self) -> bytes:
        """The body's octets."""
        return self.octets[self.body_start : self.end]

    @property
    def body_size(self) -> int:
        """Octets of the body."""
        return self.end - self.body_start

    @property
    def body_lines(self) -> int:
        """Line ends in the body."""
        return self.octets.count(b"\n", self.body_start, self.end)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The header's fields in order; lines that are none are passed over."""
        return fields_of(self.octets, self.start, self.body_start)

    def first(self, name: bytes) -> bytes | None:
        """Return the value of the first field of that name, lower case, or None."""
        return next(self.all(name), None)

    def all(self, name: bytes) -> Iterator[bytes]:
        """Yield the values of all fields of that name, lower case."""
        return (field.value for field in self.fields if field.name == name)

    def header_subset(self, names: Iterable[bytes], *, exclude: bool) -> bytes:
        """Return the fields with (or without) these names, lower case, and the empty line if there is one."""
        wanted = frozenset(names)
        chosen = [field.octets for field in self.fields if (field.name in wanted) is not exclude]
        return b"".join(chosen) + self._empty_line

    @property
    def _empty_line(self) -> bytes:
        header = self.header
        if header in (b"\r\n", b"\n"):
            return header
        found = re.search(rb"\n(\r?\n)\Z", header)
        return found[1] if found else b""

    # Structure.

    @cached_property
    def content_type(self) -> ContentType:
        """The media type in upper case with its parameters."""
        value = self.first(b"content-type")
        found = self._default if value is None else content_type(value) or _TEXT
        if found.type == b"MULTIPART":
            if self._depth >= _DEEPEST:
                return _OPAQUE
            # Without a boundary this is no multipart, and RFC 2045 section 5.2 says what else.
            return found if found.parameter(b"BOUNDARY") else _TEXT
        if found.is_message and self._depth >= _DEEPEST:
            return _OPAQUE
        return found

    @property
    def encoding(self) -> bytes:
        """The content transfer encoding in upper case (RFC 2045 section 6.1)."""
        return first_token(self.first(b"content-transfer-encoding") or b"").upper() or b"7BIT"

    @property
    def is_multipart(self) -> bool:
        """Whether the body consists of parts."""
        return self.content_type.type == b"MULTIPART"

    @cached_property
    def parts(self) -> tuple[Entity, ...]:
        """The parts of a multipart, at least one; of anything else none."""
        if not self.is_multipart:
            return ()
        default = _MESSAGE if self.content_type.subtype == b"DIGEST" else _TEXT
        depth = self._depth + 1
        spans = list(self._spans(b"--" + (self.content_type.parameter(b"BOUNDARY") or b"")))
        if not spans:
            # Grammar and part numbers need a part, so there is one without octets.
            return (Entity(self.octets, self.end, self.end, _TEXT, depth),)
        return tuple(Entity(self.octets, start, end, default, depth) for start, end in spans)

    @cached_property
    def message(self) -> Entity | None:
        """The message within message/rfc822, or None."""
        if not self.content_type.is_message:
            return None
        return Entity(self.octets, self.body_start, self.end, _TEXT, self._depth + 1)

    def _spans(self, delimiter: bytes) -> Iterator[tuple[int, int]]:
        """Yield where each part begins and ends (RFC 2046 section 5.1.1); the line end before a delimiter is its own."""
        begun: int | None = None
        count = 0
        for start, end, closes in self._delimiter_lines(delimiter):
            if begun is not None:
                yield begun, max(begun, self._without_line_end(start))
                count += 1
            begun = end
            if closes:
                return
            if count + 1 == _MOST_PARTS:
                break
        if begun is not None:
            yield begun, self.end

    def _delimiter_lines(self, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
        """Yield start, end and whether it is the last for each line that is a delimiter and nothing else."""
        octets, position = self.octets, self.body_start
        while (start := octets.find(delimiter, position, self.end)) >= 0:
            line_end = octets.find(b"\n", start, self.end)
            position = self.end if line_end < 0 else line_end + 1
            if start > self.body_start and octets[start - 1] != 0x0A:
                continue
            rest = octets[start + len(delimiter) : position].rstrip(b" \t\r\n")
            if rest in (b"", b"--"):
                yield start, position, rest == b"--"

    def _without_line_end(self, position: int) -> int:
        if self.octets.endswith(b"\r\n", self.body_start, position):
            return position - 2
        return position - 1 if self.octets.endswith(b"\n", self.body_start, position) else position
