"""Wrong IMAP servers: what FETCH shows (RFC 3501 sections 6.4.5 and 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from refmail.imap import wire
from refmail.imap.commands.fetch import Fetch
from refmail.imap.mime.bodystructure import bodystructure
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.parsing.fetch import BodyItem, FetchItem, Section
from refmail.imap.view import View
from refmail.mutants.imap_parts import command

_FETCH = "3501/6.4.5/"


@command(b"FETCH", f"{_FETCH}fetch-body")
class WholeWithoutLastLineEnd(Fetch):
    """BODY[] leaves out the last line end."""

    def show_body(self, item: BodyItem, message: Entity) -> bytes:
        if item.section != Section() or item.partial is not None:
            return super().show_body(item, message)
        return b"%s %s" % (item.label(), wire.literal(message.octets.removesuffix(b"\r\n")))


@command(b"FETCH", f"{_FETCH}fetch-sections")
class EmptyLineWithText(Fetch):
    """The empty line behind the header is given with TEXT."""

    def section(self, section: Section, message: Entity) -> bytes | None:
        octets = super().section(section, message)
        if octets is None or section.path:
            return octets
        if section.text == b"HEADER":
            return octets.removesuffix(b"\r\n")
        return b"\r\n" + octets if section.text == b"TEXT" else octets


@command(b"FETCH", f"{_FETCH}fetch-partial")
class PartialOneShort(Fetch):
    """A partial fetch gives one octet less than asked for."""

    def show_body(self, item: BodyItem, message: Entity) -> bytes:
        if item.partial is not None:
            item = replace(item, partial=(item.partial[0], item.partial[1] - 1))
        return super().show_body(item, message)


@command(b"FETCH", f"{_FETCH}fetch-header-fields")
class HeaderFieldsByExactCase(Fetch):
    """HEADER.FIELDS finds only fields that are spelled like the names asked for."""

    def section(self, section: Section, message: Entity) -> bytes | None:
        if section.text == b"HEADER.FIELDS":
            kept = tuple(name for name in section.fields if b"\n" + name + b":" in message.header)
            section = replace(section, fields=kept or (b"-",))
        return super().section(section, message)


@command(b"FETCH", f"{_FETCH}rfc822-size")
class SizeOneShort(Fetch):
    """RFC822.SIZE is one octet too small."""

    def show(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        for shown in super().show(view, uid, message, items):
            name, _, value = shown.partition(b" ")
            yield b"%s %d" % (name, int(value) - 1) if name == b"RFC822.SIZE" else shown


@command(b"FETCH", f"{_FETCH}body-sets-seen")
class BodyLeavesUnseen(Fetch):
    r"""BODY[] does not set \Seen."""

    @property
    def sets_seen(self) -> bool:
        return False


@command(b"FETCH", f"{_FETCH}body-sets-seen")
class PeekSetsSeen(Fetch):
    r"""BODY.PEEK[] sets \Seen."""

    @property
    def sets_seen(self) -> bool:
        return any(isinstance(item, BodyItem) for item in self.items)


def _swapped(message: Entity) -> bytes:
    ids = [wire.nstring(message.first(name)) for name in (b"in-reply-to", b"message-id")]
    return envelope(message).removesuffix(b" ".join(ids) + b")") + b" ".join(reversed(ids)) + b")"


@command(b"FETCH", f"{_FETCH}envelope")
class EnvelopeSwapsIds(Fetch):
    """ENVELOPE has In-Reply-To and Message-ID in each other's place."""

    structures = {**Fetch.structures, b"ENVELOPE": _swapped}  # noqa: RUF012 - the base has it as a ClassVar


def _without_defaults(message: Entity) -> bytes:
    # The list of From stands there three times, if it stands in for Sender and Reply-To.
    return re.sub(rb"( \(\(.*?\)\))\1\1", rb"\1 NIL NIL", envelope(message))


@command(b"FETCH", "3501/7.4.2/envelope-defaults")
class EnvelopeWithoutDefaults(Fetch):
    """ENVELOPE has NIL for a Sender and a Reply-To that are missing."""

    structures = {**Fetch.structures, b"ENVELOPE": _without_defaults}  # noqa: RUF012 - the base has it as a ClassVar


def _all_seven_bit(message: Entity) -> bytes:
    return bodystructure(message).replace(b'"BASE64"', b'"7BIT"')


@command(b"FETCH", f"{_FETCH}bodystructure")
class StructureHidesEncoding(Fetch):
    """BODYSTRUCTURE calls every encoding 7BIT."""

    structures = {**Fetch.structures, b"BODYSTRUCTURE": _all_seven_bit}  # noqa: RUF012 - the base has it as a ClassVar


@command(b"FETCH", f"{_FETCH}part-text")
class PartWithLineEndOfBoundary(Fetch):
    """A part's content has the line end that belongs to the boundary behind it."""

    def section(self, section: Section, message: Entity) -> bytes | None:
        octets = super().section(section, message)
        return octets + b"\r\n" if octets is not None and section.path and not section.text else octets
