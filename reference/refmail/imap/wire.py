"""Values to the octets of responses, one function per ABNF rule (RFC 3501 section 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from refmail.imap import names

__all__ = [
    "MONTHS",
    "astring",
    "char8",
    "date_time",
    "flag_list",
    "literal",
    "literal8",
    "mailbox",
    "nstring",
    "quoted",
    "ranges",
    "string",
    "uid_set",
]

#: date-month, in the only spelling that we send.
MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")

#: Longest quoted string that we send, in octets; longer ones are literals.
_LONGEST_QUOTED = 1000

_ASTRING_CHARS = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*")


def char8(octets: bytes) -> bytes:
    """ABNF: *CHAR8.

    It excludes NUL, which mail that came in by other ways may hold: it is
    sent as %x80, so that sizes and offsets stay what they are.
    """
    return octets.replace(b"\0", b"\x80") if b"\0" in octets else octets


def literal(octets: bytes) -> bytes:
    """ABNF: literal = "{" number "}" CRLF *CHAR8."""
    return b"{%d}\r\n%s" % (len(octets), char8(octets))


def literal8(octets: bytes) -> bytes:
    """ABNF: literal8 = "~{" number "}" CRLF *OCTET (RFC 3516 section 7)."""
    return b"~{%d}\r\n%s" % (len(octets), octets)


def quoted(octets: bytes) -> bytes:
    r"""ABNF: quoted = DQUOTE *QUOTED-CHAR DQUOTE; the octets must be 7-bit without NUL, CR and LF."""
    return b'"%s"' % octets.replace(b"\\", rb"\\").replace(b'"', rb"\"")


def string(octets: bytes) -> bytes:
    """ABNF: string = quoted / literal."""
    if len(octets) <= _LONGEST_QUOTED and _QUOTABLE.fullmatch(octets):
        return quoted(octets)
    return literal(octets)


def nstring(octets: bytes | None) -> bytes:
    """ABNF: nstring = string / nil."""
    return b"NIL" if octets is None else string(octets)


def astring(octets: bytes) -> bytes:
    """ABNF: astring = 1*ASTRING-CHAR / string."""
    if _ASTRING_CHARS.fullmatch(octets) and octets.upper() != b"NIL":
        return octets
    return string(octets)


def mailbox(name: str) -> bytes:
    """ABNF: mailbox = "INBOX" / astring."""
    return astring(names.encode(name))


def flag_list(flags: Iterable[bytes]) -> bytes:
    """ABNF: flag-list = "(" [flag *(SP flag)] ")", sorted so that equal sets give equal octets."""
    return b"(%s)" % b" ".join(sorted(flags))


def uid_set(uids: Iterable[int]) -> bytes:
    """ABNF: uid-set = (uniqueid / uid-range) *("," uid-set); ascending UIDs, neighbours as ranges."""
    return ranges((uid, uid) for uid in uids)


def ranges(pairs: Iterable[tuple[int, int]]) -> bytes:
    """ABNF: sequence-set, of ascending ranges; those that touch become one."""
    merged: list[tuple[int, int]] = []
    for first, last in pairs:
        if merged and first == merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return b",".join(b"%d" % first if first == last else b"%d:%d" % (first, last) for first, last in merged)


def date_time(moment: datetime) -> bytes:
    """ABNF: date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    offset = aware.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    sign = b"-" if minutes < 0 else b"+"
    hours, minutes = divmod(abs(minutes), 60)
    day = b"%2d-%s-%04d" % (aware.day, MONTHS[aware.month - 1], aware.year)
    return b'"%s %02d:%02d:%02d %s%02d%02d"' % (day, aware.hour, aware.minute, aware.second, sign, hours, minutes)
