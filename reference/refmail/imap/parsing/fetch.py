"""Arguments of FETCH: data items, sections, partials."""

from __future__ import annotations

from dataclasses import dataclass

from refmail.imap import wire
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import astring, keyword, number, nz_number

__all__ = ["BinaryItem", "BodyItem", "FetchItem", "Section", "fetch_items"]


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between the brackets of BODY[...]."""

    #: Part numbers, outermost first.
    path: tuple[int, ...] = ()
    #: "", HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME.
    text: bytes = b""
    #: Field names of HEADER.FIELDS and HEADER.FIELDS.NOT, as the client spelled them.
    fields: tuple[bytes, ...] = ()

    def to_wire(self) -> bytes:
        """Return the section as a response repeats it, without brackets."""
        dotted = [b"%d" % part for part in self.path]
        if self.text:
            dotted.append(self.text)
        names = b" (%s)" % b" ".join(map(wire.astring, self.fields)) if self.fields else b""
        return b".".join(dotted) + names


@dataclass(frozen=True, slots=True)
class FetchItem:
    """A data item without a section; `name` is upper case."""

    name: bytes


@dataclass(frozen=True, slots=True)
class BodyItem:
    """Octets of a section; `name` is BODY, RFC822, RFC822.HEADER or RFC822.TEXT, as the response spells it."""

    name: bytes
    section: Section
    peek: bool
    #: First octet and greatest number of octets, or None.
    partial: tuple[int, int] | None = None

    def label(self) -> bytes:
        """Return the name of the item in a response (RFC 3501 section 7.4.2)."""
        if self.name != b"BODY":
            return self.name
        origin = b"" if self.partial is None else b"<%d>" % self.partial[0]
        return b"BODY[%s]%s" % (self.section.to_wire(), origin)


@dataclass(frozen=True, slots=True)
class BinaryItem(BodyItem):
    """Decoded octets of a part (`name` is BINARY), or how many these are (BINARY.SIZE; RFC 3516 section 4.2)."""

    def label(self) -> bytes:
        origin = b"" if self.partial is None else b"<%d>" % self.partial[0]
        return b"%s[%s]%s" % (self.name, self.section.to_wire(), origin)


_MACROS: dict[bytes, tuple[bytes, ...]] = {
    b"ALL": (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE"),
    b"FAST": (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE"),
    b"FULL": (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE", b"BODY"),
}
_PLAIN = frozenset(
    {b"ENVELOPE", b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"BODY", b"BODYSTRUCTURE", b"UID", b"MODSEQ"}
)
#: The older names of body sections, section 6.4.5.
_RFC822 = {
    b"RFC822": BodyItem(b"RFC822", Section(), peek=False),
    b"RFC822.HEADER": BodyItem(b"RFC822.HEADER", Section(text=b"HEADER"), peek=True),
    b"RFC822.TEXT": BodyItem(b"RFC822.TEXT", Section(text=b"TEXT"), peek=False),
}


def fetch_items(cursor: Cursor) -> tuple[FetchItem | BodyItem, ...]:
    """ABNF: ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")."""
    if cursor.skip(b"("):
        items = [fetch_att(cursor)]
        while cursor.skip(b" "):
            items.append(fetch_att(cursor))
        cursor.expect(b")", "fetch")
        return tuple(dict.fromkeys(items))
    start = cursor.position
    macro = _MACROS.get(keyword(cursor, "fetch"))
    if macro is not None:
        return tuple(FetchItem(name) for name in macro)
    cursor.position = start
    return (fetch_att(cursor),)


def fetch_att(cursor: Cursor) -> FetchItem | BodyItem:
    """ABNF: fetch-att = "ENVELOPE" / "FLAGS" / ... / "BODY.PEEK" section ["<" number "." nz-number ">"].

    fetch-att =/ "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary (RFC 3516 section 7)
    """
    name = keyword(cursor, "fetch-att")
    if name in (b"BODY", b"BODY.PEEK") and cursor.peek() == b"[":
        return BodyItem(b"BODY", section(cursor), name == b"BODY.PEEK", partial(cursor))
    if name in (b"BINARY", b"BINARY.PEEK"):
        return BinaryItem(b"BINARY", section_binary(cursor), name == b"BINARY.PEEK", partial(cursor))
    if name == b"BINARY.SIZE":
        return BinaryItem(name, section_binary(cursor), peek=True)
    if name in _RFC822:
        return _RFC822[name]
    if name not in _PLAIN:
        cursor.fail("fetch-att", "no such data item")
    return FetchItem(name)


def partial(cursor: Cursor) -> tuple[int, int] | None:
    """ABNF: ["<" number "." nz-number ">"]."""
    if not cursor.skip(b"<"):
        return None
    first = number(cursor)
    cursor.expect(b".", "partial")
    count = nz_number(cursor)
    cursor.expect(b">", "partial")
    return first, count


def section(cursor: Cursor) -> Section:
    """ABNF: section = "[" [section-spec] "]"."""
    cursor.expect(b"[", "section")
    path: list[int] = []
    while cursor.peek().isdigit():
        path.append(nz_number(cursor))
        if not cursor.skip(b"."):
            break
    else:
        # Text follows: at the start, or after a "." that was read above.
        if path or cursor.peek() != b"]":
            return section_text(cursor, tuple(path))
    cursor.expect(b"]", "section")
    return Section(tuple(path))


def section_binary(cursor: Cursor) -> Section:
    """ABNF: section-binary = "[" [section-part] "]"."""
    start = cursor.position
    found = section(cursor)
    if found.text:
        cursor.position = start
        cursor.fail("section-binary", "only a part can be decoded")
    return found


def section_text(cursor: Cursor, path: tuple[int, ...]) -> Section:
    """ABNF: section-text = section-msgtext / "MIME", then the closing bracket."""
    text = keyword(cursor, "section-text")
    fields: tuple[bytes, ...] = ()
    if text in (b"HEADER.FIELDS", b"HEADER.FIELDS.NOT"):
        cursor.space("section-msgtext")
        fields = header_list(cursor)
    elif text not in (b"HEADER", b"TEXT") and not (text == b"MIME" and path):
        cursor.fail("section-text", "no such section")
    cursor.expect(b"]", "section")
    return Section(path, text, fields)


def header_list(cursor: Cursor) -> tuple[bytes, ...]:
    """ABNF: header-list = "(" header-fld-name *(SP header-fld-name) ")"."""
    cursor.expect(b"(", "header-list")
    names = [astring(cursor)]
    while cursor.skip(b" "):
        names.append(astring(cursor))
    cursor.expect(b")", "header-list")
    return tuple(names)
