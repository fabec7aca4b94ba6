"""Binary MIME messages as 7-bit text: what does not suit lines is written in base64 (RFC 3030 section 3, RFC 2045).

A message that came with BODY=BINARYMIME is kept as it is while it travels by BDAT.
Mailboxes and hosts without BINARYMIME get it in this form, which loses nothing.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import replace

from refmail.imap.mime.parameters import ContentType, content_type, first_token
from refmail.message.envelope import Envelope, Parameters
from refmail.message.header import fields, without

__all__ = ["NotMime", "as_text", "encoded", "is_binary"]

#: Entities within one another.
_DEEPEST = 50

# Text of 7 bits has no NUL, no CR or LF but CRLF, and no line over 998 octets (RFC 2045 section 2.7).
_UNSUITED = re.compile(rb"[\x00\x80-\xff]|\r(?!\n)|(?<!\r)\n|[^\r\n]{999}")
_NO_LINES = re.compile(rb"\x00|\r(?!\n)|(?<!\r)\n")

_TEXT = ContentType(b"TEXT", b"PLAIN", ())


class NotMime(ValueError):
    """The message cannot be made text: it is not MIME, or its parts contradict what they say of themselves."""


def is_binary(parameters: Parameters) -> bool:
    """Whether MAIL said BODY=BINARYMIME."""
    body = parameters.get(b"BODY")
    return body is not None and body.upper() == b"BINARYMIME"


def as_text(envelope: Envelope, octets: bytes) -> tuple[Envelope, bytes]:
    """Return envelope and message for whoever does not take BINARYMIME; both as they are where they need it not.

    Raises:
        NotMime
    """
    if not is_binary(envelope.parameters):
        return envelope, octets
    octets = encoded(octets)
    body = b"7BIT" if octets.isascii() else b"8BITMIME"
    return replace(envelope, parameters={**envelope.parameters, b"BODY": body}), octets


def encoded(octets: bytes) -> bytes:
    """Return a binary message as text.

    Raises:
        NotMime
    """
    text = _entity(octets, 0)
    if text != octets and b"mime-version" not in {field.name for field in fields(octets)}:
        msg = "only a message with a MIME-Version field can hold binary parts"
        raise NotMime(msg)
    return text


def _entity(octets: bytes, depth: int) -> bytes:
    if depth > _DEEPEST:
        msg = "the parts are nested too deeply"
        raise NotMime(msg)
    header, body = _split(octets)
    if _NO_LINES.search(header) is not None:
        msg = "a header section is not made of lines"
        raise NotMime(msg)
    if body is None:
        return octets
    encoding = first_token(_value(header, b"content-transfer-encoding")).lower() or b"7bit"
    kind = content_type(_value(header, b"content-type")) or _TEXT
    boundary = kind.parameter(b"BOUNDARY")
    if kind.type == b"MULTIPART" and boundary:
        body = b"".join(_parts(body, boundary, depth))
    elif kind.is_message:
        body = _entity(body, depth + 1)
    elif _UNSUITED.search(body) is not None:
        if encoding not in {b"7bit", b"8bit", b"binary"} or kind.type in {b"MULTIPART", b"MESSAGE"}:
            msg = f"a part of type {kind.type.decode()} that says it is in {encoding.decode()} holds binary octets"
            raise NotMime(msg)
        return _labelled(header, b"base64") + b"\r\n" + _base64(body)
    if _UNSUITED.search(body) is not None:
        msg = "binary octets stand outside the parts"
        raise NotMime(msg)
    if encoding in {b"8bit", b"binary"}:
        header = _labelled(header, b"7bit")
    return header + b"\r\n" + body


def _split(octets: bytes) -> tuple[bytes, bytes | None]:
    """Return the header section with its last CRLF, and the body or None where there is not even an empty line."""
    if octets.startswith(b"\r\n"):
        return b"", octets[2:]
    header, separator, body = octets.partition(b"\r\n\r\n")
    return (header + b"\r\n", body) if separator else (octets, None)


def _value(header: bytes, name: bytes) -> bytes:
    for field in fields(header):
        if field.name == name:
            return header[field.start : field.end].partition(b":")[2]
    return b""


def _labelled(header: bytes, encoding: bytes) -> bytes:
    name = b"content-transfer-encoding"
    return without(header, name) + b"Content-Transfer-Encoding: %b\r\n" % encoding


def _parts(body: bytes, boundary: bytes, depth: int) -> Iterator[bytes]:
    """Yield the body again, its parts as text."""
    # dash-boundary := "--" boundary ; delimiter := CRLF dash-boundary ; transport-padding := *LWSP-char
    delimiter = re.compile(rb"(?:\A|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|\Z)")
    position = 0
    inside = False
    for found in delimiter.finditer(body):
        content = body[position : found.start()]
        # A part begins after the line end of its delimiter; an empty one shares it with the next delimiter.
        yield b"\r\n" + _entity(content[2:], depth + 1) if inside and content else content
        yield found[0]
        position = found.end()
        inside = not found[1]
        if not inside:
            break
    if inside or not position:
        msg = "a multipart has no closing delimiter"
        raise NotMime(msg)
    yield body[position:]


def _base64(octets: bytes) -> bytes:
    # 57 octets make a line of 76 (RFC 2045 section 6.8).
    lines = (binascii.b2a_base64(octets[at : at + 57], newline=False) for at in range(0, len(octets), 57))
    return b"\r\n".join(lines) + b"\r\n"
