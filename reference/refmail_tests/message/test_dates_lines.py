"""Date-times beside those of the standard library, and line ends beside a regular expression."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from hypothesis import given
from hypothesis import strategies as st

from refmail.message.dates import date_time
from refmail.message.header import fields, without
from refmail.message.lines import has_only_crlf
from refmail.store.lineends import normalised, to_disk, to_wire

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LINES = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"a", b".", b"\r\n."])).map(b"".join)


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=ZONES))  # noqa: DTZ001 - hypothesis wants it without a zone
def test_a_date_is_written_as_the_standard_library_does(at: datetime) -> None:
    assert date_time(at) == format_datetime(at).encode("ascii")


@given(st.datetimes(min_value=datetime(1900, 1, 1)))  # noqa: DTZ001 - the same
def test_a_date_without_zone_is_utc_of_an_unknown_place(at: datetime) -> None:
    assert date_time(at) == format_datetime(at).encode("ascii")


@given(LINES)
def test_bare_line_ends_are_found_by_counting(octets: bytes) -> None:
    assert has_only_crlf(octets) == (re.search(rb"\r(?!\n)|(?<!\r)\n", octets) is None)


@given(LINES)
def test_what_is_normal_stays_as_it_is(octets: bytes) -> None:
    assert normalised(octets) == to_wire(to_disk(octets))


@given(st.lists(st.sampled_from([b"A: 1\r\n", b"B: 2\r\n", b"A: 3\r\n 4\r\n", b"\r\n", b"text\r\n"])).map(b"".join))
def test_fields_are_removed_and_nothing_else(octets: bytes) -> None:
    rest = without(octets, b"a")
    assert all(line in octets for line in rest.splitlines())
    assert len(octets) - len(rest) == sum(field.end - field.start for field in fields(octets) if field.name == b"a")
