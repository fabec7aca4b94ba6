"""The sent date of a message (RFC 5256 section 2.2)."""

from __future__ import annotations

import datetime as dt
import re

from refmail.imap.mime.parameters import comment_end
from refmail.imap.parsing.dates import month_number

__all__ = ["EARLIEST", "instant", "sent_instant"]

#: Seconds since the beginning of year 1 in UTC: what no valid date sorts as.
EARLIEST = 0

_DAY = 86_400
#: Years of two digits below this are of the 21st century (RFC 5322 section 4.3).
_PIVOT = 50
_TWO_DIGITS, _THREE_DIGITS = 100, 1000
_LEAP_SECOND = 60

# date = day month year, perhaps behind a day of the week (RFC 5322 sections 3.3 and 4.3)
_DATE = re.compile(rb"\s*(?:[A-Za-z]+\s*,?\s*)?([0-9]{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*[\s-]+([0-9]{2,9})(?![0-9])")
# time-of-day = hour ":" minute [":" second]
_TIME = re.compile(rb"\s*([0-9]{1,2})\s*:\s*([0-9]{1,2})(?:\s*:\s*([0-9]{1,2}))?")
# zone = ("+" / "-") 4DIGIT / obs-zone
_OFFSET = re.compile(rb"\s*([+-])([0-9]{2})([0-5][0-9])(?![0-9])")
_NAME = re.compile(rb"\s*([A-Za-z]+)")

#: Hours from UTC of obs-zone; every other name counts as UTC (RFC 5322 section 4.3).
_ZONES = {b"EST": -5, b"EDT": -4, b"CST": -6, b"CDT": -5, b"MST": -7, b"MDT": -6, b"PST": -8, b"PDT": -7}


def instant(moment: dt.datetime) -> int:
    """Return a time with a zone as whole seconds since year 1 in UTC; no time is out of range."""
    offset = moment.utcoffset() or dt.timedelta()
    clock = moment.hour * 3600 + moment.minute * 60 + moment.second
    return moment.toordinal() * _DAY + clock - int(offset.total_seconds())


def sent_instant(field: bytes | None, internal_date: dt.datetime) -> int:
    """Return the sent date in seconds since year 1 in UTC.

    Args:
        field: value of the Date field, None where there is none.
        internal_date: stands in where the field is missing or says no date at all.
    """
    if field is None:
        return instant(internal_date)
    value = _without_comments(field)
    found = _DATE.match(value)
    if found is None:
        return instant(internal_date)
    try:
        day = dt.date(_year(found[3]), month_number(found[2]) or 0, int(found[1])).toordinal()
    except ValueError:
        return EARLIEST
    return day * _DAY + _time_and_zone(value[found.end() :])


def _year(digits: bytes) -> int:
    year = int(digits)
    if len(digits) == len(b"yy") and year < _TWO_DIGITS:
        return year + (2000 if year < _PIVOT else 1900)
    return year + 1900 if len(digits) == len(b"yyy") and year < _THREE_DIGITS else year


def _time_and_zone(rest: bytes) -> int:
    """Return the seconds into the day, in UTC; an invalid time is 00:00:00, an invalid zone UTC."""
    found = _TIME.match(rest)
    if found is None:
        return 0
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    try:
        dt.time(hour, minute, min(second, _LEAP_SECOND - 1))
    except ValueError:
        return 0
    if second > _LEAP_SECOND:
        return 0
    return hour * 3600 + minute * 60 + second - _zone(rest[found.end() :])


def _zone(rest: bytes) -> int:
    """Return the seconds by which a zone is ahead of UTC."""
    offset = _OFFSET.match(rest)
    if offset:
        seconds = int(offset[2]) * 3600 + int(offset[3]) * 60
        return -seconds if offset[1] == b"-" else seconds
    name = _NAME.match(rest)
    return _ZONES.get(name[1].upper(), 0) * 3600 if name else 0


def _without_comments(value: bytes) -> bytes:
    kept: list[bytes] = []
    position = 0
    while (start := value.find(b"(", position)) >= 0:
        kept.append(value[position:start])
        position = comment_end(value, start)
    kept.append(value[position:])
    return b" ".join(kept)
