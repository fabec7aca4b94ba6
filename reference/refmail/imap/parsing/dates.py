"""Dates of SEARCH and date-times of APPEND."""

from __future__ import annotations

import datetime as dt
import re

from refmail.imap.parsing.cursor import Cursor
from refmail.imap.wire import MONTHS

__all__ = ["date", "date_time", "month_number"]

# date-text = date-day "-" date-month "-" date-year
_DATE_TEXT = re.compile(rb"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
# date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
# date-day-fixed = (SP DIGIT) / 2DIGIT
_DATE_TIME = re.compile(
    rb'"( [0-9]|[0-9]{2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"'
)

_MONTHS = {name.upper(): number for number, name in enumerate(MONTHS, 1)}
_MINUTES_IN_HOUR = 60


def month_number(name: bytes) -> int | None:
    """Return the number of date-month, or None where it is no month."""
    return _MONTHS.get(name.upper())


def date(cursor: Cursor) -> dt.date:
    """ABNF: date = date-text / DQUOTE date-text DQUOTE."""
    if not cursor.skip(b'"'):
        return date_text(cursor)
    value = date_text(cursor)
    cursor.expect(b'"', "date")
    return value


def date_text(cursor: Cursor) -> dt.date:
    """ABNF: date-text = date-day "-" date-month "-" date-year."""
    found = cursor.match(_DATE_TEXT, "date-text")
    try:
        return dt.date(int(found[3]), month_number(found[2]) or 0, int(found[1]))
    except ValueError:
        cursor.fail("date-text", "no such day")


def date_time(cursor: Cursor) -> dt.datetime:
    """date-time; the zone is kept, so that INTERNALDATE gives back the same octets."""
    found = cursor.match(_DATE_TIME, "date-time")
    hours, minutes = int(found[8]), int(found[9])
    try:
        if minutes >= _MINUTES_IN_HOUR:
            raise ValueError
        offset = dt.timedelta(hours=hours, minutes=minutes)
        zone = dt.timezone(-offset if found[7] == b"-" else offset)
        day = int(found[3]), month_number(found[2]) or 0, int(found[1])
        return dt.datetime(*day, int(found[4]), int(found[5]), int(found[6]), tzinfo=zone)
    except ValueError:
        cursor.fail("date-time", "no such time")
