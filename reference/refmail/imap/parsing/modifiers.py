"""Mod-sequences in arguments, and the modifiers of FETCH, STORE and SELECT (RFC 7162 section 7, RFC 4466 section 2).

The parentheses of modifiers stand behind the other arguments of FETCH and SELECT,
and behind the sequence set of STORE.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.sequences import SequenceSet, sequence_set
from refmail.imap.parsing.strings import keyword, nz_number

__all__ = [
    "NO_MODIFIERS",
    "NO_PARAMS",
    "FetchModifiers",
    "Resync",
    "SelectParams",
    "fetch_modifiers",
    "mod_sequence",
    "select_params",
    "store_modifiers",
]

_LARGEST = 0x7FFF_FFFF_FFFF_FFFF
#: Digits of the largest mod-sequence.
_DIGITS = 19


@dataclass(frozen=True, slots=True)
class FetchModifiers:
    """What FETCH leaves out and adds."""

    #: Only messages that have changed after this mod-sequence; None for all.
    changed_since: int | None = None
    #: Whether messages that were removed since are to be told of.
    vanished: bool = False


@dataclass(frozen=True, slots=True)
class Resync:
    """What a client knows of a mailbox from another time (RFC 7162 section 3.2.5)."""

    uid_validity: int
    modseq: int
    #: The messages that it has, None for all.
    uids: SequenceSet | None = None
    #: Some message numbers and, as many, the UIDs that go with them; ascending.
    sample: tuple[SequenceSet, SequenceSet] | None = None


@dataclass(frozen=True, slots=True)
class SelectParams:
    """The parameters of SELECT and EXAMINE."""

    condstore: bool = False
    resync: Resync | None = None


#: FETCH without modifiers, SELECT without parameters.
NO_MODIFIERS, NO_PARAMS = FetchModifiers(), SelectParams()


def mod_sequence(cursor: Cursor, *, zero: bool) -> int:
    """ABNF: mod-sequence-value = 1*DIGIT, or mod-sequence-valzer where `zero` is allowed; below 2 to the 63rd."""
    start = cursor.position
    while cursor.peek().isdigit():
        cursor.position += 1
    digits = cursor.octets[start : cursor.position]
    # Turning thousands of digits into an integer is refused by Python.
    value = int(digits or b"0") if len(digits) <= _DIGITS else _LARGEST + 1
    if not digits or value > _LARGEST or not (value or zero):
        cursor.position = start
        cursor.fail("mod-sequence-value", "expected a mod-sequence")
    return value


def fetch_modifiers(cursor: Cursor, *, by_uid: bool) -> FetchModifiers:
    """ABNF: [SP "(" fetch-modifier *(SP fetch-modifier) ")"].

    chgsince-fetch-mod = "CHANGEDSINCE" SP mod-sequence-value; rexpunges-fetch-mod = "VANISHED",
    only with CHANGEDSINCE and in UID FETCH (RFC 7162 section 3.2.6).
    """
    if not cursor.skip(b" ("):
        return NO_MODIFIERS
    changed_since: int | None = None
    vanished = False
    while True:
        name = keyword(cursor, "fetch-modifier")
        if name == b"CHANGEDSINCE" and changed_since is None:
            cursor.space("chgsince-fetch-mod")
            changed_since = mod_sequence(cursor, zero=False)
        elif name == b"VANISHED" and by_uid and not vanished:
            vanished = True
        else:
            cursor.fail("fetch-modifier", "no such modifier here")
        if not cursor.skip(b" "):
            break
    cursor.expect(b")", "fetch-modifiers")
    if vanished and changed_since is None:
        cursor.fail("rexpunges-fetch-mod", "VANISHED stands only with CHANGEDSINCE")
    return FetchModifiers(changed_since, vanished)


def store_modifiers(cursor: Cursor) -> int | None:
    """ABNF: ["(" store-modifier ")" SP], where store-modifier = "UNCHANGEDSINCE" SP mod-sequence-valzer.

    Returns:
        The mod-sequence, or None.
    """
    if not cursor.skip(b"("):
        return None
    cursor.expect(b"UNCHANGEDSINCE", "store-modifier")
    cursor.space("store-modifier")
    modseq = mod_sequence(cursor, zero=True)
    cursor.expect(b")", "store-modifiers")
    cursor.space("store")
    return modseq


def select_params(cursor: Cursor) -> SelectParams:
    """ABNF: [SP "(" select-param *(SP select-param) ")"]; condstore-param = "CONDSTORE"."""
    if not cursor.skip(b" ("):
        return NO_PARAMS
    condstore = False
    known: Resync | None = None
    while True:
        name = keyword(cursor, "select-param")
        if name == b"CONDSTORE" and not condstore:
            condstore = True
        elif name == b"QRESYNC" and known is None:
            known = _resync(cursor)
        else:
            cursor.fail("select-param", "no such parameter here")
        if not cursor.skip(b" "):
            break
    cursor.expect(b")", "select-params")
    return SelectParams(condstore, known)


def _resync(cursor: Cursor) -> Resync:
    """ABNF: SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"."""
    cursor.space("select-param")
    cursor.expect(b"(", "select-param")
    validity = nz_number(cursor)
    cursor.space("select-param")
    modseq = mod_sequence(cursor, zero=False)
    uids: SequenceSet | None = None
    sample: tuple[SequenceSet, SequenceSet] | None = None
    if cursor.skip(b" "):
        if cursor.peek() != b"(":
            uids = _numbers(cursor, "known-uids")
        if uids is None or cursor.skip(b" "):
            sample = _seq_match_data(cursor)
    cursor.expect(b")", "select-param")
    return Resync(validity, modseq, uids, sample)


def _seq_match_data(cursor: Cursor) -> tuple[SequenceSet, SequenceSet]:
    """ABNF: seq-match-data = "(" known-sequence-set SP known-uid-set ")"; both ascend and are equally long."""
    cursor.expect(b"(", "seq-match-data")
    numbers = _ascending(cursor, "known-sequence-set")
    cursor.space("seq-match-data")
    uids = _ascending(cursor, "known-uid-set")
    if _size(numbers) != _size(uids):
        cursor.fail("seq-match-data", "the sets differ in length")
    cursor.expect(b")", "seq-match-data")
    return numbers, uids


def _numbers(cursor: Cursor, production: str) -> SequenceSet:
    """A sequence-set of numbers only."""
    found = sequence_set(cursor)
    if found.has_star or found.is_saved:
        cursor.fail(production, "expected numbers")
    return found


def _ascending(cursor: Cursor, production: str) -> SequenceSet:
    found = _numbers(cursor, production)
    flat = [number or 0 for first, last in found.ranges for number in ((first,) if first == last else (first, last))]
    if any(later <= earlier for earlier, later in itertools.pairwise(flat)):
        cursor.fail(production, "expected ascending numbers")
    return found


def _size(numbers: SequenceSet) -> int:
    return sum((last or 0) - (first or 0) + 1 for first, last in numbers.ranges)
