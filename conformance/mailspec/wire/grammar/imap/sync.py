"""UIDs and mod-sequences as extensions send them: UIDPLUS (RFC 4315), CONDSTORE and QRESYNC (RFC 7162)."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailspec.wire.grammar.imap.basic import DIGITS, NUMBER64_END, NUMBER_END, number64, nz_number, sp
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.values import AppendUid, CopyUid, Vanished

__all__ = ["CODES", "fetch_mod_resp", "mod_sequence_value", "uid_set", "vanished"]

# uid-set = (uniqueid / uid-range) *("," uid-set)
#   uniqueid = nz-number;   uid-range = uniqueid ":" uniqueid
UNIQUE_ID = rb"[1-9][0-9]{0,9}"
UID_RANGE = UNIQUE_ID + rb"(?::" + UNIQUE_ID + rb")?"
UID_SET = re.compile(UID_RANGE + rb"(?:," + UID_RANGE + rb")*(?![0-9:,*])")


def mod_sequence_value(cursor: Cursor) -> int:
    """Parse mod-sequence-value = 1*DIGIT, from 1 to 2^63 - 1."""
    value = number64(cursor)
    if not value:
        cursor.fail("mod-sequence-value", f"expected a number from 1 to {NUMBER64_END - 1}")
    return value


def uid_set(cursor: Cursor, production: str = "uid-set") -> bytes:
    """Parse uid-set; known-uids and the set of MODIFIED are like it, for servers name no "*"."""
    start = cursor.position
    found = cursor.match(UID_SET)
    if found is None or any(int(number) >= NUMBER_END for number in DIGITS.findall(found)):
        cursor.position = start
        cursor.fail(production, "expected numbers from 1 to 2^32 - 1 and ranges of them, between commas")
    return found


def fetch_mod_resp(cursor: Cursor) -> int:
    """Parse fetch-mod-resp = "MODSEQ" SP "(" permsg-modsequence ")", from the parenthesis on."""
    cursor.expect(b"(", "fetch-mod-resp")
    modseq = mod_sequence_value(cursor)
    cursor.expect(b")", "fetch-mod-resp")
    return modseq


@charged_to("3501/9/number")
def vanished(cursor: Cursor) -> Vanished:
    """Parse expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids."""
    earlier = cursor.accept(b" (EARLIER)")
    sp(cursor)
    return Vanished(earlier, uid_set(cursor, "known-uids"))


def _appenduid(cursor: Cursor) -> AppendUid:
    # resp-code-apnd = "APPENDUID" SP nz-number SP append-uid;   append-uid = uniqueid / uid-set (RFC 4315 section 4)
    sp(cursor)
    validity = nz_number(cursor)
    sp(cursor)
    return AppendUid(validity, uid_set(cursor, "append-uid"))


def _copyuid(cursor: Cursor) -> CopyUid:
    # resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set (RFC 4315 section 4)
    sp(cursor)
    validity = nz_number(cursor)
    sp(cursor)
    source = uid_set(cursor)
    sp(cursor)
    return CopyUid(validity, source, uid_set(cursor))


def _highestmodseq(cursor: Cursor) -> int:
    # resp-text-code =/ "HIGHESTMODSEQ" SP mod-sequence-value
    sp(cursor)
    return mod_sequence_value(cursor)


def _modified(cursor: Cursor) -> bytes:
    # resp-text-code =/ "MODIFIED" SP sequence-set
    sp(cursor)
    return uid_set(cursor, "sequence-set")


def _alone(_cursor: Cursor) -> None:
    # resp-text-code =/ "NOMODSEQ" / "CLOSED" / "UIDNOTSTICKY": nothing may follow
    return None


#: Response code -> what reads its value, from behind the name.
CODES: dict[bytes, Callable[[Cursor], AppendUid | CopyUid | int | bytes | None]] = {
    b"APPENDUID": _appenduid,
    b"COPYUID": _copyuid,
    b"UIDNOTSTICKY": _alone,
    b"HIGHESTMODSEQ": _highestmodseq,
    b"NOMODSEQ": _alone,
    b"MODIFIED": _modified,
    b"CLOSED": _alone,
}
