"""The text of an mbox: quoting, separators, marks, and reading it in blocks of any size."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refmail.store import mbox_scan
from refmail.store.lineends import normalised, to_disk
from refmail.store.mbox_format import (
    date_of,
    flags_of,
    is_separator,
    keywords_of,
    letters_of,
    quote,
    sender_of,
    separator,
    split_terminator,
    unmarked,
    unquote,
)
from refmail.store.mbox_parcel import parcel
from refmail.store.mbox_scan import entries, scan

DATE = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
HEAD = b"From ada@example.test Sat Feb  3 04:05:06 2024\n"

PIECES = st.sampled_from(
    [b"From ", b">", b"From", b"\r\n", b"\n", b"\r", b"\n\n", HEAD, b"a", b" ", b"\x00\xff", b"Status: RO\r\n", b""]
)
OCTETS = st.lists(PIECES, max_size=12).map(b"".join) | st.binary(max_size=40)


@given(OCTETS)
def test_quoting_is_undone_and_leaves_no_separator(octets: bytes) -> None:
    quoted = quote(octets)

    assert unquote(quoted) == octets
    assert not quoted.startswith(b"From ")
    assert b"\nFrom " not in quoted


def test_separator_is_as_asctime_has_it() -> None:
    assert separator(b"ada@example.test", DATE) == HEAD
    assert separator(b"x", DATE.astimezone(timezone(timedelta(hours=9)))) == HEAD.replace(b"ada@example.test", b"x")
    assert date_of(HEAD) == DATE


@pytest.mark.parametrize(
    ("line", "date"),
    [
        (b"From a@b Sat Jan  3 01:05:34 1996\n", datetime(1996, 1, 3, 1, 5, 34, tzinfo=UTC)),
        (b"From a@b Sat Jan 03 01:05 1996\r\n", datetime(1996, 1, 3, 1, 5, tzinfo=UTC)),
        (b"From a@b Sat Jan  3 01:05:34 PST 1996\n", datetime(1996, 1, 3, 1, 5, 34, tzinfo=UTC)),
        (b'From "a b"@c  Sat Jan 3 01:05:34 1996 remote from x\n', datetime(1996, 1, 3, 1, 5, 34, tzinfo=UTC)),
        (b"From a Sat Jan 3 01:05:34 1996 -0130", datetime(1996, 1, 3, 2, 35, 34, tzinfo=UTC)),
        (b"From a Sat Feb 31 01:05:34 1996\n", None),
        (b"From a Sat Feb 3 25:05:34 1996\n", None),
    ],
)
def test_separators_of_other_programs(line: bytes, date: datetime | None) -> None:
    assert is_separator(line)
    assert date_of(line) == date


@pytest.mark.parametrize(
    "line",
    [b"From what I hear, it works.\n", b"From \n", b"from a Sat Jan 3 01:05:34 1996\n", HEAD[1:], b">" + HEAD,
     b"From " + b"x" * 1000 + HEAD[5:]],
)  # fmt: skip
def test_lines_that_are_no_separators(line: bytes) -> None:
    assert not is_separator(line)


@pytest.mark.parametrize(
    ("octets", "sender"),
    [
        (b"Return-Path: <ada@example.test>\r\nFrom: x\r\n", b"ada@example.test"),
        (b'Return-Path: <"a b"@example.test>\r\n', b'"a-b"@example.test'),
        (b"Return-Path: <>\r\n", b"MAILER-DAEMON"),
        (b"From: x\r\nReturn-Path: <ada@example.test>\r\n", b"MAILER-DAEMON"),
        (b"", b"MAILER-DAEMON"),
    ],
)
def test_sender_is_that_of_the_envelope(octets: bytes, sender: bytes) -> None:
    assert sender_of(octets) == sender


def test_marks_are_read_and_left_out() -> None:
    text = b"Status: RO\nSubject: x\nX-Status: AF\nX-UID: 5\nX-Keywords: $Work a\n\tb(\nx-imapbase: 1 2\n\nStatus: D\n"

    assert letters_of(text) == "AFR"
    assert flags_of("AFR") == {rb"\Seen", rb"\Answered", rb"\Flagged"}
    assert keywords_of(text) == {b"$Work", b"a"}
    assert unmarked(text) == b"Subject: x\n\nStatus: D\n"
    assert unmarked(b"Statusx: 1\n X-UID: 1\n") == b"Statusx: 1\n X-UID: 1\n"


@pytest.mark.parametrize(
    ("text", "kept"),
    [(b"", 0), (b"\n", 0), (b"\n\n", 1), (b"a\n\n", 2), (b"a\n", 2), (b"a", 1), (b"a\r\n\r\n", 3), (b"\r\n", 0)],
)
def test_the_blank_line_is_not_the_message(text: bytes, kept: int) -> None:
    assert split_terminator(text) == kept


@settings(deadline=None)
@given(messages=st.lists(OCTETS, max_size=5), chunk=st.integers(1, 60))
def test_any_messages_are_told_apart_in_blocks_of_any_size(messages: list[bytes], chunk: int) -> None:
    parcels = [parcel(octets, frozenset(), DATE) for octets in messages]
    file = b"".join(each.octets(b"") for each in parcels)
    before = mbox_scan._CHUNK
    mbox_scan._CHUNK = chunk
    try:
        with tempfile.TemporaryFile() as temporary:
            temporary.write(file)
            temporary.flush()
            found = list(entries(temporary.fileno(), 0, len(file)))
            stray, seen = scan(temporary.fileno(), 0, len(file))
    finally:
        mbox_scan._CHUNK = before

    assert stray == 0
    assert found == [(0, each.octets(b"")) for each in parcels]
    assert [each.raw_digest for each in seen] == [mbox_scan.digest_of(each.text) for each in parcels]
    assert [each.text - (not p.ends_in_crlf) for each, p in zip(seen, parcels, strict=True)] == [
        len(p.text) for p in parcels
    ]
    assert [unquote(p.text) for p in parcels] == [to_disk(octets) for octets in messages]
    assert [p.size for p in parcels] == [len(normalised(octets)) for octets in messages]


def test_what_belongs_to_no_message_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(b"rubbish\n\n" + HEAD + b"x\n\n")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert [entry for _, entry in entries(descriptor, 0, 1000)] == [HEAD + b"x\n\n"]
        assert scan(descriptor, 0, 1000)[0] == len(b"rubbish\n\n")
        assert list(entries(descriptor, 0, 7)) == [(7, b"")]
        assert scan(descriptor, 0, 7) == (7, [])
    finally:
        os.close(descriptor)
