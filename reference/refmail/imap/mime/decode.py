"""Header and body text as characters, for SEARCH (RFC 2045 section 6, RFC 2047)."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from refmail.imap.mime.entity import Entity

__all__ = ["body_texts", "characters", "decoded", "faithful_header_text", "header_text"]

# encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="
_ENCODED_WORD = re.compile(rb"=\?([!#$%&'+\-.0-9A-Z^_`a-z{|}~]+)(?:\*[^?]*)?\?([BbQq])\?([!->@-~]*)\?=")
#: White space between encoded-words is not shown (RFC 2047 section 6.2).
_BETWEEN = re.compile(rb"(\?=)[ \t\r\n]+(?==\?[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+\?[BbQq]\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_IDENTITIES = frozenset({b"7BIT", b"8BIT", b"BINARY"})
#: Charsets in which octets below 128 are what they are in US-ASCII, and which are met most.
_LIKE_ASCII = frozenset({b"us-ascii", b"utf-8", b"iso-8859-1", b"iso-8859-15", b"windows-1252"})
#: White space that was added on the way (RFC 2045 section 6.7); the first look keeps the time linear.
_TRAILING = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")

#: Python's names of codecs that are charsets of mail; the others (zip, rot13 ...) are not.
_CHARSET_CODECS = ("ascii", "big5", "cp", "euc", "gb", "hz", "iso", "johab", "koi8", "mac", "shift", "tis", "utf")


def characters(octets: bytes, charset: bytes) -> str:
    """Decode octets of a charset; where it is unknown or they are wrong, what is not US-ASCII is lost."""
    codec = _codec(charset)
    return octets.decode("ascii" if codec is None else codec, "replace")


@lru_cache(maxsize=256)
def _codec(charset: bytes) -> str | None:
    """Return Python's name of a charset of mail, None where it is unknown."""
    try:
        codec = codecs.lookup(charset.decode("ascii"))
    except (LookupError, ValueError):
        return None
    return codec.name if codec.name.startswith(_CHARSET_CODECS) else None


def header_text(value: bytes) -> str:
    """Decode a field's value with its encoded-words; what cannot be decoded is lost."""
    return _header_text(value, _utf8, characters)


def _utf8(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def faithful_header_text(value: bytes) -> str:
    """Decode a field's value with its encoded-words, so that different values stay different.

    Octets of no known charset, or wrong in it, become surrogates (the error handler "surrogateescape").
    """
    return _header_text(value, lambda octets: octets.decode("utf-8", "surrogateescape"), _faithful_word)


def _faithful_word(octets: bytes, charset: bytes) -> str:
    codec = _codec(charset)
    try:
        text = octets.decode(codec or "")
        # Some codecs make surrogates, which are no characters.
        text.encode()
    except (LookupError, UnicodeError):
        return octets.decode("ascii", "surrogateescape")
    return text


def _header_text(value: bytes, plain: Callable[[bytes], str], encoded: Callable[[bytes, bytes], str]) -> str:
    """Decode a value with functions for plain octets and for those of an encoded-word in its charset."""
    if b"=?" not in value:
        return plain(value)
    value = _BETWEEN.sub(rb"\1", value)
    text: list[str] = []
    position = 0
    for found in _ENCODED_WORD.finditer(value):
        text.append(plain(value[position : found.start()]))
        word = found[3]
        octets = _base64(word) if found[2] in b"Bb" else _quoted_printable(word.replace(b"_", b" "))
        text.append(encoded(octets, found[1]))
        position = found.end()
    text.append(plain(value[position:]))
    return "".join(text)


def body_texts(entity: Entity, *, encoded_only: bool = False) -> Iterator[str]:
    """Yield the decoded text parts of a body, and the headers of messages within.

    Args:
        entity: whose body.
        encoded_only: leave out text parts whose octets, all US-ASCII, are the text.
    """
    if entity.is_multipart:
        for part in entity.parts:
            yield from body_texts(part, encoded_only=encoded_only)
    elif entity.message is not None:
        for field in entity.message.fields:
            yield header_text(field.value)
        yield from body_texts(entity.message, encoded_only=encoded_only)
    elif entity.content_type.type == b"TEXT":
        charset = entity.content_type.parameter(b"CHARSET") or b"us-ascii"
        if encoded_only and entity.encoding in _IDENTITIES and charset.lower() in _LIKE_ASCII:
            return
        octets = decoded(entity)
        yield characters(entity.body if octets is None else octets, charset)


def decoded(entity: Entity) -> bytes | None:
    """Return a body without its transfer encoding (RFC 2045 section 6), None where that is unknown."""
    match entity.encoding:
        case b"7BIT" | b"8BIT" | b"BINARY":
            return entity.body
        case b"BASE64":
            return _base64(entity.body)
        case b"QUOTED-PRINTABLE":
            return _quoted_printable(_TRAILING.sub(b"", entity.body))
        case _:
            return None


def _quoted_printable(octets: bytes) -> bytes:
    return binascii.a2b_qp(octets)


def _base64(octets: bytes) -> bytes:
    # "=" can only be the padding behind the last octet (RFC 2045 section 6.8).
    clean = _NOT_BASE64.sub(b"", octets.partition(b"=")[0])
    # One character alone holds no octet.
    clean = clean[:-1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
