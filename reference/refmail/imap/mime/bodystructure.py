"""BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2)."""

from __future__ import annotations

from refmail.imap import wire
from refmail.imap.mime.entity import BODYSTRUCTURE, Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.mime.parameters import Parameters, disposition, tokens

__all__ = ["body", "bodystructure"]


def body(entity: Entity) -> bytes:
    """ABNF: body = "(" (body-type-1part / body-type-mpart) ")", without extension data."""
    return _body(entity, extended=False)


def bodystructure(entity: Entity) -> bytes:
    """The same with body-ext-1part and body-ext-mpart."""
    noted = entity.noted(BODYSTRUCTURE)
    return _body(entity, extended=True) if noted is None else noted


def _body(entity: Entity, *, extended: bool) -> bytes:
    if entity.is_multipart:
        return _multipart(entity, extended=extended)
    kind = entity.content_type
    items = [wire.string(kind.type), wire.string(kind.subtype), *_fields(entity)]
    if entity.message is not None:
        # body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines
        items += [envelope(entity.message), _body(entity.message, extended=extended), b"%d" % entity.body_lines]
    elif kind.type == b"TEXT":
        # body-type-text = media-text SP body-fields SP body-fld-lines
        items.append(b"%d" % entity.body_lines)
    if extended:
        # body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc ...]]]
        items += [wire.nstring(entity.first(b"content-md5")), *_extension(entity)]
    return b"(%s)" % b" ".join(items)


def _multipart(entity: Entity, *, extended: bool) -> bytes:
    """ABNF: body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]."""
    parts = b"".join(_body(part, extended=extended) for part in entity.parts)
    items = [parts, wire.string(entity.content_type.subtype)]
    if extended:
        items += [_parameters(entity.content_type.parameters), *_extension(entity)]
    return b"(%s)" % b" ".join(items)


def _fields(entity: Entity) -> tuple[bytes, ...]:
    """ABNF: body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets."""
    parameters = entity.content_type.parameters
    if not parameters and entity.first(b"content-type") is None and entity.content_type.type == b"TEXT":
        # The default type comes with its charset (RFC 2045 section 5.2).
        parameters = ((b"CHARSET", b"US-ASCII"),)
    return (
        _parameters(parameters),
        wire.nstring(entity.first(b"content-id")),
        wire.nstring(entity.first(b"content-description")),
        wire.string(entity.encoding),
        b"%d" % entity.body_size,
    )


def _extension(entity: Entity) -> tuple[bytes, bytes, bytes]:
    """body-fld-dsp SP body-fld-lang SP body-fld-loc."""
    return (
        _disposition(entity.first(b"content-disposition")),
        _language(entity.first(b"content-language")),
        wire.nstring(entity.first(b"content-location")),
    )


def _parameters(parameters: Parameters) -> bytes:
    """ABNF: body-fld-param = "(" string SP string *(SP string SP string) ")" / nil."""
    if not parameters:
        return b"NIL"
    return b"(%s)" % b" ".join(wire.string(text) for pair in parameters for text in pair)


def _disposition(value: bytes | None) -> bytes:
    """ABNF: body-fld-dsp = "(" string SP body-fld-param ")" / nil."""
    found = None if value is None else disposition(value)
    return b"NIL" if found is None else b"(%s %s)" % (wire.string(found[0]), _parameters(found[1]))


def _language(value: bytes | None) -> bytes:
    """ABNF: body-fld-lang = nstring / "(" string *(SP string) ")"."""
    languages = [] if value is None else tokens(value)
    if not languages:
        return b"NIL"
    if len(languages) == 1:
        return wire.string(languages[0])
    return b"(%s)" % b" ".join(map(wire.string, languages))
