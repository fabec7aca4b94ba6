"""body: BODY and BODYSTRUCTURE with extension data (RFC 3501 section 9)."""

from __future__ import annotations

from typing import NamedTuple

from mailspec.wire.grammar.imap.basic import at_string, nil, nstring, number, number64, sp, string
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.envelope import envelope
from mailspec.wire.grammar.imap.values import Body, Data, Disposition, Multipart, Part

__all__ = ["body"]


class Extended(NamedTuple):
    """The fields that both kinds of extension data have in common."""

    disposition: Disposition | None = None
    language: tuple[bytes, ...] | None = None
    location: bytes | None = None
    further: tuple[Data, ...] = ()


@charged_to("3501/9/body")
def body(cursor: Cursor, *, extensible: bool) -> Body:
    """Parse body = "(" (body-type-1part / body-type-mpart) ")".

    Args:
        cursor: before the parenthesis.
        extensible: whether extension data may follow, as in BODYSTRUCTURE but not in BODY.
    """
    with cursor.nested("body"):
        cursor.expect(b"(", "body")
        found: Body
        if cursor.looking_at(b"("):
            found = _multipart(cursor, extensible=extensible)
        else:
            found = _part(cursor, extensible=extensible)
        cursor.expect(b")", "body")
        return found


def _multipart(cursor: Cursor, *, extensible: bool) -> Multipart:
    # body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    parts: list[Body] = []
    while cursor.looking_at(b"("):
        parts.append(body(cursor, extensible=extensible))
    sp(cursor)
    subtype = string(cursor)
    if not _has_extension(cursor, extensible=extensible):
        return Multipart(tuple(parts), subtype)
    # body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]
    params = _params(cursor)
    extended = _extended(cursor)
    return Multipart(tuple(parts), subtype, extended=True, params=params, **extended._asdict())


def _part(cursor: Cursor, *, extensible: bool) -> Part:
    # body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
    kind = string(cursor)
    sp(cursor)
    subtype = string(cursor)
    sp(cursor)
    # body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
    params = _params(cursor)
    sp(cursor)
    content_id = nstring(cursor)
    sp(cursor)
    description = nstring(cursor)
    sp(cursor)
    encoding = string(cursor)
    sp(cursor)
    octets = _size(cursor)
    lines, inner_envelope, inner_body = None, None, None
    if _is_message(cursor, kind, subtype):
        # body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines
        sp(cursor)
        inner_envelope = envelope(cursor)
        sp(cursor)
        inner_body = body(cursor, extensible=extensible)
    if inner_body is not None or kind.upper() == b"TEXT":
        # body-type-text = media-text SP body-fields SP body-fld-lines
        sp(cursor)
        lines = _size(cursor)
    fields = (kind, subtype, params, content_id, description, encoding, octets, lines, inner_envelope, inner_body)
    if not _has_extension(cursor, extensible=extensible):
        return Part(*fields)
    # body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]
    md5 = nstring(cursor)
    return Part(*fields, extended=True, md5=md5, **_extended(cursor)._asdict())


def _is_message(cursor: Cursor, kind: bytes, subtype: bytes) -> bool:
    if kind.upper() != b"MESSAGE":
        return False
    # RFC 9051 gives message/global the same form; in RFC 3501 it is a basic type, whose next field is no list.
    return subtype.upper() == b"RFC822" or (subtype.upper() == b"GLOBAL" and cursor.looking_at(b" ("))


def _size(cursor: Cursor) -> int:
    # body-fld-octets, body-fld-lines: number; number64 for the latter in RFC 9051
    return number64(cursor) if cursor.dialect.rev2 else number(cursor)


def _has_extension(cursor: Cursor, *, extensible: bool) -> bool:
    if not cursor.looking_at(b" "):
        return False
    if not extensible:
        cursor.fail("body", "extension data must not be returned for BODY")
    return cursor.accept(b" ")


def _extended(cursor: Cursor) -> Extended:
    # [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]
    if not cursor.accept(b" "):
        return Extended()
    disposition = _disposition(cursor)
    if not cursor.accept(b" "):
        return Extended(disposition)
    language = _language(cursor)
    if not cursor.accept(b" "):
        return Extended(disposition, language)
    location = nstring(cursor)
    further: list[Data] = []
    while cursor.accept(b" "):
        further.append(_body_extension(cursor))
    return Extended(disposition, language, location, tuple(further))


def _params(cursor: Cursor) -> tuple[tuple[bytes, bytes], ...]:
    # body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
    if nil(cursor):
        return ()
    cursor.expect(b"(", "body-fld-param")
    params: list[tuple[bytes, bytes]] = []
    while not params or not cursor.accept(b")"):
        if params:
            sp(cursor)
        name = string(cursor)
        sp(cursor)
        params.append((name, string(cursor)))
    return tuple(params)


def _disposition(cursor: Cursor) -> Disposition | None:
    # body-fld-dsp = "(" string SP body-fld-param ")" / nil
    if nil(cursor):
        return None
    cursor.expect(b"(", "body-fld-dsp")
    kind = string(cursor)
    sp(cursor)
    params = _params(cursor)
    cursor.expect(b")", "body-fld-dsp")
    return Disposition(kind, params)


def _language(cursor: Cursor) -> tuple[bytes, ...] | None:
    # body-fld-lang = nstring / "(" string *(SP string) ")"
    if not cursor.accept(b"("):
        one = nstring(cursor)
        return None if one is None else (one,)
    languages = [string(cursor)]
    while not cursor.accept(b")"):
        sp(cursor)
        languages.append(string(cursor))
    return tuple(languages)


def _body_extension(cursor: Cursor) -> Data:
    # body-extension = nstring / number / "(" body-extension *(SP body-extension) ")"
    if cursor.looking_at(b"("):
        cursor.accept(b"(")
        with cursor.nested("body-extension"):
            values = [_body_extension(cursor)]
            while not cursor.accept(b")"):
                sp(cursor)
                values.append(_body_extension(cursor))
        return tuple(values)
    if at_string(cursor) or cursor.looking_at(b"NIL"):
        return nstring(cursor)
    return number64(cursor)
