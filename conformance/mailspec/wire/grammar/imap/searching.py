"""What searches answer: SEARCH (RFC 3501), SORT and THREAD (RFC 5256), ESEARCH (RFC 4731)."""

from __future__ import annotations

import re

from mailspec.wire.grammar.imap.basic import astring, atom, data, number, nz_number, sp, string
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.sync import mod_sequence_value
from mailspec.wire.grammar.imap.values import Data, ESearch, Search, Sort, Thread, ThreadList

__all__ = ["esearch", "search", "sort_data", "thread_data"]

# sequence-set = (seq-number / seq-range) *("," sequence-set)
#   seq-number = nz-number / "*";   seq-range = seq-number ":" seq-number
SEQ_NUMBER = rb"(?:[1-9][0-9]{0,9}|\*)"
SEQ_RANGE = SEQ_NUMBER + rb"(?::" + SEQ_NUMBER + rb")?"
SEQUENCE_SET = re.compile(SEQ_RANGE + rb"(?:," + SEQ_RANGE + rb")*(?![0-9:,*])")


@charged_to("3501/9/search")
def search(cursor: Cursor) -> Search:
    """Parse "SEARCH" *(SP nz-number), and the mod-sequence of RFC 7162 section 7."""
    return Search(*_numbers(cursor))


@charged_to("3501/9/search")
def sort_data(cursor: Cursor) -> Sort:
    """Parse sort-data = "SORT" *(SP nz-number) (RFC 5256 section 5), and the mod-sequence of RFC 7162 section 7."""
    return Sort(*_numbers(cursor))


def _numbers(cursor: Cursor) -> tuple[tuple[int, ...], int | None]:
    # [1*(SP nz-number) SP search-sort-mod-seq];   search-sort-mod-seq = "(" "MODSEQ" SP mod-sequence-value ")"
    numbers: list[int] = []
    while cursor.accept(b" "):
        if numbers and cursor.accept(b"(MODSEQ "):
            modseq = mod_sequence_value(cursor)
            cursor.expect(b")", "search-sort-mod-seq")
            return tuple(numbers), modseq
        numbers.append(nz_number(cursor))
    return tuple(numbers), None


@charged_to("3501/9/search")
def thread_data(cursor: Cursor) -> Thread:
    """Parse thread-data = "THREAD" [SP 1*thread-list] (RFC 5256 section 5); there is no limit to the nesting."""
    if not cursor.accept(b" "):
        return Thread(())
    if not cursor.looking_at(b"("):
        cursor.fail("thread-list", "expected a thread in parentheses")
    top: list[int | ThreadList] = []
    # Lists that are open, the innermost last.
    open_lists = [top]
    while len(open_lists) > 1 or cursor.looking_at(b"("):
        _thread_step(cursor, open_lists)
    return Thread(tuple(thread for thread in top if isinstance(thread, tuple)))


def _thread_step(cursor: Cursor, open_lists: list[list[int | ThreadList]]) -> None:
    # thread-list = "(" (thread-members / thread-nested) ")";   thread-nested = 2*thread-list
    # thread-members = nz-number *(SP nz-number) [SP thread-nested]
    inner = open_lists[-1]
    nested = [member for member in inner[-2:] if isinstance(member, tuple)]
    if (nested or not inner) and cursor.accept(b"("):
        open_lists.append([])
    elif len(open_lists) > 1 and inner and len(nested) != 1 and cursor.accept(b")"):
        open_lists.pop()
        open_lists[-1].append(tuple(inner))
    elif nested or (inner and not cursor.accept(b" ")):
        cursor.fail("thread-nested", "expected the end of a thread, or two threads or more side by side")
    elif inner and cursor.accept(b"("):
        open_lists.append([])
    else:
        inner.append(nz_number(cursor))


@charged_to("3501/9/search")
def esearch(cursor: Cursor) -> ESearch:
    """Parse esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)."""
    tag = None
    if cursor.accept(b" ("):
        # search-correlator = SP "(" "TAG" SP tag-string ")"; tag-string = string, in RFC 9051 astring
        cursor.expect(b"TAG ", "search-correlator")
        tag = astring(cursor) if cursor.dialect.rev2 else string(cursor)
        cursor.expect(b")", "search-correlator")
    uid = cursor.looking_at(b" UID ") or cursor.looking_at(b" UID\r")
    if uid:
        cursor.accept(b" UID")
    items: dict[bytes, Data] = {}
    while cursor.accept(b" "):
        name = atom(cursor).upper()
        sp(cursor)
        items[name] = _search_return_data(cursor, name)
    return ESearch(tag, uid, items)


def _search_return_data(cursor: Cursor, name: bytes) -> Data:
    # search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number
    #                      / "MODSEQ" SP mod-sequence-value / search-modifier-name SP tagged-ext-val
    match name:
        case b"MIN" | b"MAX":
            return nz_number(cursor)
        case b"COUNT":
            return number(cursor)
        case b"MODSEQ":
            return mod_sequence_value(cursor)
        case b"ALL":
            found = cursor.match(SEQUENCE_SET)
            if found is None:
                cursor.fail("sequence-set", "expected a set of message numbers or UIDs")
            return found
        case _:
            return data(cursor)
