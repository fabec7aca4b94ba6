"""Header and body text as characters, for SEARCH (RFC 2045 section 6, RFC 2047)."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator

from refmail.imap.mime.entity import Entity

__all__ = ["body_texts", "characters", "header_text"]

# encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="
_ENCODED_WORD = re.compile(rb"=\?([!#$%&'+\-.0-9A-Z^_`a-z{|}~]+)(?:\*[^?]*)?\?([BbQq])\?([!->@-~]*)\?=")
#: White space between encoded-words is not shown (RFC 2047 section 6.2).
_BETWEEN = re.compile(rb"(\?=)[ \t\r\n]+(?==\?[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+\?[BbQq]\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")

#: Python's names of codecs that are charsets of mail; the others (zip, rot13 ...) are not.
_CHARSET_CODECS = ("ascii", "big5", "cp", "euc", "gb", "hz", "iso", "johab", "koi8", "mac", "shift", "tis", "utf")


def characters(octets: bytes, charset: bytes) -> str:
    """Decode octets of a charset; where it is unknown or they are wrong, what is not US-ASCII is lost."""
    try:
        codec = codecs.lookup(charset.decode("ascii"))
        if codec.name.startswith(_CHARSET_CODECS):
            return octets.decode(codec.name, "replace")
    except (LookupError, ValueError):
        pass
    return octets.decode("ascii", "replace")


def header_text(value: bytes) -> str:
    """Decode a field's value with its encoded-words."""
    if b"=?" not in value:
        return characters(value, b"utf-8")
    value = _BETWEEN.sub(rb"\1", value)
    text: list[str] = []
    position = 0
    for found in _ENCODED_WORD.finditer(value):
        text.append(characters(value[position : found.start()], b"utf-8"))
        word = found[3]
        octets = _base64(word) if found[2] in b"Bb" else _quoted_printable(word.replace(b"_", b" "))
        text.append(characters(octets, found[1]))
        position = found.end()
    text.append(characters(value[position:], b"utf-8"))
    return "".join(text)


def body_texts(entity: Entity) -> Iterator[str]:
    """Yield the decoded text parts of a body, and the headers of messages within."""
    if entity.is_multipart:
        for part in entity.parts:
            yield from body_texts(part)
    elif entity.message is not None:
        for field in entity.message.fields:
            yield header_text(field.value)
        yield from body_texts(entity.message)
    elif entity.content_type.type == b"TEXT":
        charset = entity.content_type.parameter(b"CHARSET") or b"us-ascii"
        yield characters(_decoded(entity), charset)


def _decoded(entity: Entity) -> bytes:
    if entity.encoding == b"BASE64":
        return _base64(entity.body)
    if entity.encoding == b"QUOTED-PRINTABLE":
        return _quoted_printable(entity.body)
    return entity.body


def _quoted_printable(octets: bytes) -> bytes:
    return binascii.a2b_qp(octets)


def _base64(octets: bytes) -> bytes:
    clean = _NOT_BASE64.sub(b"", octets)
    # One character alone holds no octet.
    clean = clean[:-1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
