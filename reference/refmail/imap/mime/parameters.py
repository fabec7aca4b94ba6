"""Structured MIME fields: media types, parameters, tokens (RFC 2045 section 5.1, RFC 2183)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ContentType", "Parameters", "content_type", "disposition", "first_token", "tokens"]

#: Names in upper case and values as sent, in order.
Parameters = tuple[tuple[bytes, bytes], ...]

# token = 1*<any (US-ASCII) CHAR except SPACE, CTLs, or tspecials>
_TOKEN = re.compile(rb"[!#$%&\'*+\-.0-9A-Z^_`a-z{|}~]+")
_SPACE = re.compile(rb"[ \t\r\n]+")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
#: A value that should have been quoted is taken up to what surely ends it.
_LOOSE = re.compile(rb'[^ \t\r\n;()"]+')
_COMMENT_MARK = re.compile(rb"[()\\]")


@dataclass(frozen=True, slots=True)
class ContentType:
    """A media type; type and subtype in upper case."""

    type: bytes
    subtype: bytes
    parameters: Parameters

    def parameter(self, name: bytes) -> bytes | None:
        """Return the first value of a parameter, named in upper case."""
        return next((value for known, value in self.parameters if known == name), None)

    @property
    def is_message(self) -> bool:
        """Whether this is message/rfc822."""
        return self.type == b"MESSAGE" and self.subtype == b"RFC822"


def content_type(value: bytes) -> ContentType | None:
    """Parse a Content-Type field, or return None where it has no type and subtype."""
    position = skip_space(value, 0)
    main = _TOKEN.match(value, position)
    if main is None:
        return None
    position = skip_space(value, main.end())
    if value[position : position + 1] != b"/":
        return None
    sub = _TOKEN.match(value, skip_space(value, position + 1))
    if sub is None:
        return None
    return ContentType(main[0].upper(), sub[0].upper(), parameters(value, sub.end()))


def disposition(value: bytes) -> tuple[bytes, Parameters] | None:
    """Parse a Content-Disposition field: type and parameters (RFC 2183 section 2)."""
    kind = _TOKEN.match(value, skip_space(value, 0))
    return None if kind is None else (kind[0], parameters(value, kind.end()))


def first_token(value: bytes) -> bytes:
    """Return the first token of a field, or nothing."""
    found = _TOKEN.match(value, skip_space(value, 0))
    return found[0] if found else b""


def tokens(value: bytes) -> list[bytes]:
    """Return the tokens of a list with commas (Content-Language, RFC 3282)."""
    found: list[bytes] = []
    position = skip_space(value, 0)
    while position < len(value):
        token = _TOKEN.match(value, position)
        if token:
            found.append(token[0])
        position = skip_space(value, token.end() if token else position + 1)
    return found


def parameters(value: bytes, position: int) -> Parameters:
    """ABNF: parameter = attribute "=" value, each after a ";"; what cannot be read is passed over."""
    found: list[tuple[bytes, bytes]] = []
    while (position := value.find(b";", skip_space(value, position))) >= 0:
        position = skip_space(value, position + 1)
        name = _TOKEN.match(value, position)
        if name is None:
            continue
        position = skip_space(value, name.end())
        if value[position : position + 1] != b"=":
            continue
        position = skip_space(value, position + 1)
        text, position = _value(value, position)
        found.append((name[0].upper(), text))
    return tuple(found)


def _value(value: bytes, position: int) -> tuple[bytes, int]:
    quoted = _QUOTED.match(value, position)
    if quoted:
        return _ESCAPE.sub(rb"\1", quoted[1]), quoted.end()
    loose = _LOOSE.match(value, position)
    return (loose[0], loose.end()) if loose else (b"", position)


def skip_space(value: bytes, position: int) -> int:
    """Return where white space and comments end (CFWS in RFC 5322 section 3.2.2)."""
    while True:
        space = _SPACE.match(value, position)
        if space:
            position = space.end()
        if value[position : position + 1] != b"(":
            return position
        position = comment_end(value, position)


def comment_end(value: bytes, position: int) -> int:
    """Return where the comment that begins here ends, those within it included."""
    depth = 0
    while found := _COMMENT_MARK.search(value, position):
        position = found.end()
        if found[0] == b"\\":
            position += 1
        else:
            depth += 1 if found[0] == b"(" else -1
            if not depth:
                return position
    return len(value)
