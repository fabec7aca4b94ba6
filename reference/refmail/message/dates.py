"""The date-time of header fields (RFC 5322 section 3.3)."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta

__all__ = ["date_time"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_time(at: datetime) -> bytes:
    """Return a time as header fields show it; without a zone it is UTC, and where that is unknown."""
    # The same for every message of a second. Times of two zones may be equal, so the zone is told apart.
    return _date_time(at.replace(microsecond=0, tzinfo=None), at.utcoffset())


@functools.lru_cache(maxsize=8)
def _date_time(at: datetime, offset: timedelta | None) -> bytes:
    # date-time = [ day-of-week "," ] date time ; zone = ( "+" / "-" ) 4DIGIT
    minutes = (offset or timedelta()) // timedelta(minutes=1)
    sign = "-" if minutes < 0 or offset is None else "+"
    hours, minutes = divmod(abs(minutes), 60)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} {sign}{hours:02}{minutes:02}"
    ).encode("ascii")
