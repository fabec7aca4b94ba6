"""Octets of a section: part numbers, HEADER, TEXT, MIME (RFC 3501 section 6.4.5)."""

from __future__ import annotations

from collections.abc import Sequence

from refmail.imap.mime.entity import Entity
from refmail.imap.parsing.fetch import Section

__all__ = ["find_part", "section_octets"]


def section_octets(message: Entity, section: Section) -> bytes | None:
    """Return the octets of a section, or None where the message has no such part."""
    if not section.path:
        return _of_message(message, section)
    part = find_part(message, section.path)
    if part is None:
        return None
    if not section.text:
        return part.body
    if section.text == b"MIME":
        return part.header
    # HEADER and TEXT are only of a message within the message.
    return None if part.message is None else _of_message(part.message, section)


def find_part(message: Entity, path: Sequence[int]) -> Entity | None:
    """Return the part with these numbers, outermost first."""
    part: Entity | None = None
    parts = _numbered(message)
    for number in path:
        if number > len(parts):
            return None
        part = parts[number - 1]
        parts = _within(part)
    return part


def _numbered(message: Entity) -> tuple[Entity, ...]:
    """Return the parts of a message; one that is no multipart is its own part 1."""
    return message.parts if message.is_multipart else (message,)


def _within(part: Entity) -> tuple[Entity, ...]:
    """Return what the next number chooses from."""
    return part.parts if part.message is None else _numbered(part.message)


def _of_message(message: Entity, section: Section) -> bytes:
    if section.text == b"HEADER":
        return message.header
    if section.text == b"TEXT":
        return message.body
    if section.fields:
        names = [name.lower() for name in section.fields]
        return message.header_subset(names, exclude=section.text == b"HEADER.FIELDS.NOT")
    return message.octets[message.start : message.end]
