"""The key MODSEQ of SEARCH, SORT and THREAD (RFC 7162 section 3.1.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.modifiers import mod_sequence
from refmail.imap.parsing.strings import keyword, quoted
from refmail.imap.search.candidate import Scope
from refmail.imap.search.keys import And, Key, Not, Numbers, Or, Test

__all__ = ["ModSeq", "asks_modseq", "names_numbers", "search_modsequence"]

_PREFIX = b"/FLAGS/"
_TYPES = frozenset({b"PRIV", b"SHARED", b"ALL"})


@dataclass(frozen=True, slots=True)
class ModSeq(Key):
    """MODSEQ: the mod-sequence is at least this."""

    modseq: int

    def compile(self, scope: Scope) -> Test:
        del scope
        return lambda candidate: candidate.meta.modseq >= self.modseq


def search_modsequence(cursor: Cursor) -> ModSeq:
    """ABNF: search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer.

    A message has one mod-sequence for all its flags, so that the entry is read and has no effect.
    """
    cursor.space("search-modsequence")
    if cursor.peek() == b'"':
        if not quoted(cursor).upper().startswith(_PREFIX):
            cursor.fail("entry-name", 'expected "/flags/" and a flag')
        cursor.space("search-modseq-ext")
        if keyword(cursor, "entry-type-req") not in _TYPES:
            cursor.fail("entry-type-req", "expected priv, shared or all")
        cursor.space("search-modsequence")
    return ModSeq(mod_sequence(cursor, zero=True))


def asks_modseq(key: Key) -> bool:
    """Say whether MODSEQ is among the keys."""
    return any(isinstance(leaf, ModSeq) for leaf in _leaves(key))


def names_numbers(key: Key) -> bool:
    """Say whether message numbers are among the keys, which must not move then (RFC 7162 section 3.2.10.2)."""
    return any(isinstance(leaf, Numbers) for leaf in _leaves(key))


def _leaves(key: Key) -> Iterator[Key]:
    match key:
        case And(keys):
            for each in keys:
                yield from _leaves(each)
        case Or(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case Not(inner):
            yield from _leaves(inner)
        case _:
            yield key
