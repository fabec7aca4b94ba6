r"""The text of an mbox: separator lines, quoting, and the fields in which mail readers keep flags.

    mbox      = *entry
    entry     = separator *line LF                           ; the last LF is the blank line before the next separator
    separator = "From " sender SP date [SP zone] LF
    date      = weekday SP month SP day SP time SP year      ; asctime(3), in UTC unless a zone follows

A line of a message that is `From ` after any number of ">" gets one ">" more, in the
header as well ("mboxrd"), so that every message comes back. Line ends are as in
`refmail.store.lineends`: LF in the file. `Content-Length` is a field like any other:
it is not believed. A line that begins with `From ` and has no date is part of a message.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from refmail.store.api import Flags

__all__ = [
    "IN_STATUS",
    "LONGEST_SEPARATOR",
    "date_of",
    "flags_of",
    "is_internal_data",
    "is_separator",
    "keywords_of",
    "letters_of",
    "quote",
    "sender_of",
    "separator",
    "split_terminator",
    "unmarked",
    "unquote",
]

#: Longest separator line in octets that is taken for one.
LONGEST_SEPARATOR = 1000

_DAYS = b"Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

# Programs write "Sat Jan  3 01:05:34 1996", some with a zone before or after the year, some without seconds, and
# some go on with "remote from host".
_DATE = re.compile(
    rb"[ \t](?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[ \t]+"
    rb"(?P<day>\d{1,2})[ \t]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    rb"(?:[ \t]+(?:[A-Z]{1,5}|[+-]\d{4})){0,2}[ \t]+(?P<year>\d{4})(?:[ \t]+(?P<zone>[+-]\d{4}))?(?:[ \t][^\n]*)?\r?\n?\Z"
)
_QUOTE = re.compile(rb"^(?=>*From )", re.MULTILINE)
_UNQUOTE = re.compile(rb"^>(?=>*From )", re.MULTILINE)
#: The fields in which mail readers keep what they know of a message: they are not part of it.
_MARKS = re.compile(
    rb"^(?P<name>Status|X-Status|X-UID|X-IMAP|X-IMAPbase|X-Keywords)[ \t]*:(?P<value>[^\n]*\n(?:[ \t]+[^\n]*\n)*)",
    re.MULTILINE | re.IGNORECASE,
)
_HEADER_END = re.compile(rb"^\r?\n", re.MULTILINE)
_RETURN_PATH = re.compile(rb"Return-Path:[ \t]*<([^<>\r\n]+)>", re.IGNORECASE)
# RFC 3501 section 9: flag-keyword = atom
_KEYWORD = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")

_LETTERS = {rb"\Seen": b"R", rb"\Answered": b"A", rb"\Flagged": b"F", rb"\Deleted": b"D", rb"\Draft": b"T"}
#: The flags that Status and X-Status can hold.
IN_STATUS: Flags = frozenset(_LETTERS)


def sender_of(octets: bytes) -> bytes:
    """Return what a separator says of the sender: the Return-Path that delivery put on top, in printable octets."""
    match = _RETURN_PATH.match(octets)
    return re.sub(rb"[^!-~]", b"-", match[1]) if match else b"MAILER-DAEMON"


def separator(sender: bytes, date: datetime) -> bytes:
    """Return the line before a message."""
    utc = date.astimezone(UTC)
    day, month = _DAYS[utc.weekday()], _MONTHS[utc.month - 1]
    time = b"%02d:%02d:%02d" % (utc.hour, utc.minute, utc.second)
    return b"From %b %b %b %2d %b %04d\n" % (sender[: LONGEST_SEPARATOR // 2], day, month, utc.day, time, utc.year)


def is_separator(line: bytes) -> bool:
    """Whether a line stands before a message."""
    return line.startswith(b"From ") and len(line) <= LONGEST_SEPARATOR and _DATE.search(line) is not None


def date_of(line: bytes) -> datetime | None:
    """Return the date of a separator, or None where the calendar has no such day."""
    match = _DATE.search(line)
    if match is None:
        return None
    zone = match["zone"]
    minutes = int(zone[1:3]) * 60 + int(zone[3:5]) if zone else 0
    try:
        place = timezone(timedelta(minutes=-minutes if zone and zone.startswith(b"-") else minutes)) if zone else UTC
        day, hour, minute, second = (int(match[name] or 0) for name in ("day", "hour", "minute", "second"))
        month = _MONTHS.index(match["month"]) + 1
        return datetime(int(match["year"]), month, day, hour, minute, second, tzinfo=place)
    except ValueError:
        return None


def quote(text: bytes) -> bytes:
    """Return the lines of a message as they stand in the file."""
    return _QUOTE.sub(b">", text) if b"From " in text else text


def unquote(text: bytes) -> bytes:
    """Return the lines of the file as they stand in the message."""
    return _UNQUOTE.sub(b"", text) if b">From " in text else text


def split_terminator(text: bytes) -> int:
    """Return how many octets of what stands between two separators are the message: the blank line is not."""
    for end, blank in ((b"\n\n", 1), (b"\n\r\n", 2)):
        if text.endswith(end):
            return len(text) - blank
    return 0 if text in {b"\n", b"\r\n"} else len(text)


def _header(text: bytes) -> bytes:
    match = _HEADER_END.search(text)
    return text[: match.start()] if match else text


def unmarked(text: bytes) -> bytes:
    """Return a message without what mail readers wrote into its header."""
    header = _header(text)
    kept = _MARKS.sub(b"", header)
    return kept + text[len(header) :] if len(kept) != len(header) else text


def letters_of(text: bytes) -> str:
    """Return the letters of Status and X-Status that stand for flags, sorted."""
    known = b"".join(_LETTERS.values())
    fields = [match["value"] for match in _MARKS.finditer(_header(text)) if b"status" in match["name"].lower()]
    return bytes(sorted({letter for value in fields for letter in value if letter in known})).decode("ascii")


def keywords_of(text: bytes) -> Flags:
    """Return the keywords of X-Keywords."""
    fields = [match["value"] for match in _MARKS.finditer(_header(text)) if match["name"].lower() == b"x-keywords"]
    return frozenset(word for value in fields for word in value.split() if _KEYWORD.fullmatch(word))


def flags_of(letters: str) -> Flags:
    """Return the flags that letters stand for."""
    return frozenset(flag for flag, letter in _LETTERS.items() if letter in letters.encode("ascii"))


def is_internal_data(text: bytes) -> bool:
    """Whether this is the first "message" in which some programs keep the state of the whole file."""
    header = _header(text)
    return any(match["name"].lower() == b"x-imap" for match in _MARKS.finditer(header)) and (
        b"FOLDER INTERNAL DATA" in header
    )
