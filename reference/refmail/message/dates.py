"""The date-time of header fields (RFC 5322 section 3.3)."""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["date_time"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_time(at: datetime) -> bytes:
    """Return a time as header fields show it; without a zone it is UTC, and where that is unknown."""
    # date-time = [ day-of-week "," ] date time ; zone = ( "+" / "-" ) 4DIGIT
    offset = at.utcoffset()
    minutes = (offset or timedelta()) // timedelta(minutes=1)
    sign = "-" if minutes < 0 or offset is None else "+"
    hours, minutes = divmod(abs(minutes), 60)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} {sign}{hours:02}{minutes:02}"
    ).encode("ascii")
