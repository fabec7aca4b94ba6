"""What RFC 5258 section 6 adds to mailbox-list: attributes that exclude each other, and extended data items."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mailspec.wire.grammar.imap.basic import astring, data, mailbox, quoted, sp
from mailspec.wire.grammar.imap.cursor import Cursor
from mailspec.wire.grammar.imap.values import Data

__all__ = ["check_attributes", "mbox_list_extended"]

#: Attributes of which a response has at most one: mbx-list-sflag, and child-mbox-flag.
_ALTERNATIVES = (
    frozenset({rb"\NOSELECT", rb"\MARKED", rb"\UNMARKED", rb"\NONEXISTENT"}),
    frozenset({rb"\HASCHILDREN", rb"\HASNOCHILDREN"}),
)

# tagged-ext-simple = sequence-set / number
_SIMPLE = re.compile(rb"[0-9*:,]+(?=[ )])")
# list-select-base-opt = "SUBSCRIBED" / option-extension; within CHILDINFO without a value
_OPTION = re.compile(rb"[A-Za-z][A-Za-z0-9.\-]*\Z")


def check_attributes(cursor: Cursor, names: tuple[bytes, ...]) -> None:
    """GrammarError where two attributes stand together of which a response has one at most."""
    upper = [name.upper() for name in names]
    for alternatives in _ALTERNATIVES:
        if len([name for name in upper if name in alternatives]) > 1:
            shown = ", ".join(sorted(name.decode("ascii") for name in alternatives))
            cursor.fail("mbx-list-flags", f"expected at most one of {shown}")


def mbox_list_extended(cursor: Cursor) -> dict[bytes, Data]:
    """Parse [SP mbox-list-extended]; upper-cased tags and their values.

    mbox-list-extended = "(" [mbox-list-extended-item *(SP mbox-list-extended-item)] ")"
    """
    items: dict[bytes, Data] = {}
    if not cursor.looking_at(b" ("):
        return items
    cursor.accept(b" (")
    while not cursor.accept(b")"):
        if items:
            sp(cursor)
        # mbox-list-extended-item = astring SP tagged-ext-val
        tag = astring(cursor).upper()
        sp(cursor)
        items[tag] = _ITEMS.get(tag, _tagged_ext_val)(cursor)
    return items


def _childinfo(cursor: Cursor) -> tuple[Data, ...]:
    # childinfo-extended-item = "CHILDINFO" SP "(" list-select-base-opt-quoted *(SP list-select-base-opt-quoted) ")"
    cursor.expect(b"(", "childinfo-extended-item")
    options = [_option(cursor)]
    while not cursor.accept(b")"):
        sp(cursor)
        options.append(_option(cursor))
    return tuple(options)


def _oldname(cursor: Cursor) -> tuple[Data, ...]:
    # oldname-extended-item = "OLDNAME" SP "(" mailbox ")" (RFC 9051 section 9)
    cursor.expect(b"(", "oldname-extended-item")
    name = mailbox(cursor)
    cursor.expect(b")", "oldname-extended-item")
    return (name,)


def _option(cursor: Cursor) -> bytes:
    # list-select-base-opt-quoted = DQUOTE list-select-base-opt DQUOTE
    option = quoted(cursor)
    if not _OPTION.match(option):
        cursor.fail("list-select-base-opt-quoted", "expected the name of a selection option")
    return option


def _tagged_ext_val(cursor: Cursor) -> Data:
    # tagged-ext-val = tagged-ext-simple / "(" [tagged-ext-comp] ")"
    if cursor.looking_at(b"("):
        return data(cursor)
    simple = cursor.match(_SIMPLE)
    if simple is None:
        cursor.fail("tagged-ext-val", "expected a number, a set of numbers or a list")
    return int(simple) if simple.isdigit() else simple


#: Tags whose values have a form of their own.
_ITEMS: Mapping[bytes, Callable[[Cursor], Data]] = {b"CHILDINFO": _childinfo, b"OLDNAME": _oldname}
