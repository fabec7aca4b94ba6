"""Base subjects, sent dates, message IDs and the collation of SORT and THREAD (RFC 5256, RFC 5051)."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap.mime.decode import faithful_header_text
from refmail.imap.mime.msgid import message_ids
from refmail.imap.search.collation import casemap, collation_key
from refmail.imap.search.sentdate import EARLIEST, instant, sent_instant
from refmail.imap.search.subject import base_subject

RECEIVED = dt.datetime(2020, 2, 3, 4, 5, 6, tzinfo=dt.timezone(dt.timedelta(hours=-11)))


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("hello", "hello", False),
        ("", "", False),
        ("  hello \t there  ", "hello there", False),
        ("Re: hello", "hello", True),
        ("RE : hello", "hello", True),
        ("re[3]: hello", "hello", True),
        ("Re [x] : hello", "hello", True),
        ("Re [x] [y]: hello", "Re [x] [y]: hello", False),
        ("Fw: Fwd: FWD: re: hello", "hello", True),
        ("fwdd: hello", "fwdd: hello", False),
        ("[list] Re: hello", "hello", True),
        ("[list] [other] Re: hello", "hello", True),
        ("Re: [list] hello", "hello", True),
        ("[list] hello", "hello", False),
        ("[list]", "[list]", False),
        ("[list] [other]", "[other]", False),
        ("[list][other] (fwd)", "[other]", True),
        ("hello (fwd)", "hello", True),
        ("hello (FWD) (fwd)  ", "hello", True),
        ("hello(fwd)", "hello", True),
        ("(fwd)", "", True),
        ("Re:", "", True),
        ("Re: (fwd)", "", True),
        ("[fwd: hello]", "hello", True),
        ("[FWD: Re: hello (fwd) ]", "hello", True),
        ("[Fwd: [Fwd: [list] hello]]", "hello", True),
        ("[fwd: hello", "[fwd: hello", False),
        ("[fwd: hello] there", "there", False),
        ("[fwd:]", "", True),
        ("[fwd: [list]]", "[list]", True),
        ("Re: [fwd: hello]", "hello", True),
        ("[a[b] hello", "[a[b] hello", False),
        ("hello: re: there", "hello: re: there", False),
        ("Report: figures", "Report: figures", False),
        ("Ré: hello", "Ré: hello", False),
        ("[]Re[]:[] hello", "hello", True),
    ],
)
def test_base_subjects(subject: str, base: str, is_reply: bool) -> None:
    found = base_subject(subject)
    assert (found.text, found.is_reply) == (base, is_reply)


PIECES = st.sampled_from(
    ["re", "Fw", "fwd", ":", " ", "[", "]", "(fwd)", "[fwd:", "x", "[x]", "\t", "é", "\u017f", "\r\n "]
)
SUBJECTS = st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=15).map("".join))


@given(SUBJECTS)
def test_a_base_subject_is_its_own(subject: str) -> None:
    once = base_subject(subject).text
    again = base_subject(once)
    assert again.text == once
    assert not again.is_reply


@given(SUBJECTS)
def test_replying_and_forwarding_keep_the_base_subject(subject: str) -> None:
    base = base_subject(subject).text
    for changed in (f"Re: {subject}", f"{subject} (fwd)", f"FW [9] :{subject}"):
        assert base_subject(changed).text == base
        assert base_subject(changed).is_reply
    if "]" not in base:
        assert base_subject(f"[fwd: {base}]").text == base


@pytest.mark.parametrize("piece", ["re:", "[x]", "(fwd)", "[fwd:", "[", "re [", "]", " ", "[x]re:", "[x"])
def test_long_subjects_take_no_long_time(piece: str) -> None:
    begun = time.process_time()
    base_subject(piece * 50_000)
    base_subject(piece * 50_000 + "x")
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?b?/Pw=?=", "Grüßeüü"),
        (b"=?no-such?q?x=E1?= y", "x\udce1 y"),
        (b"=?utf-8?q?=FF?=", "\udcff"),
        (b"\xc3\xbc", "ü"),
        (b"\xff", "\udcff"),
        (b"=?utf-7?q?+2AA-?=", "+2AA-"),
    ],
)
def test_header_text_that_loses_nothing(value: bytes, text: str) -> None:
    assert faithful_header_text(value) == text


# Collation.


@pytest.mark.parametrize(
    ("one", "other"),
    [("straSSe", "STRASSE"), ("ü", "Ü"), ("ü", "u\u0308"), ("ǆ", "Ǆ"), ("\u017f", "s"), ("\uff21", "a"), ("", "")],
)
def test_equal_strings(one: str, other: str) -> None:
    assert collation_key(one) == collation_key(other)


def test_the_example_of_the_rfc() -> None:
    assert [hex(ord(character)) for character in casemap("\u01c4")] == ["0x44", "0x7a", "0x30c"]


def test_simple_mappings_only() -> None:
    assert casemap("ß") == "ß"
    assert collation_key("ß") != collation_key("ss")


def test_order() -> None:
    words = ["", "1", "A", "a\u0301", "b", "Ba", "z", "Ω", "я", "日"]
    assert sorted(words, key=collation_key) == words


def test_octets_of_no_charset_are_compared_as_they_are_behind_all_others() -> None:
    words = ["", "\U0010ffff", "A\udcff", "a\udcfe", "a\udcff"]
    keys = [collation_key(word) for word in words]
    assert keys == sorted(keys)


@given(st.text())
def test_keys_are_canonical(text: str) -> None:
    assert collation_key(casemap(text)) == collation_key(casemap(casemap(text)))


# Sent dates.


@pytest.mark.parametrize(
    ("field", "same"),
    [
        (b"31 Dec 2000 16:01:33 -0800", dt.datetime(2001, 1, 1, 0, 1, 33, tzinfo=dt.UTC)),
        (b"Sun, 31 Dec 2000 16:01:33 -0800 (PST)", dt.datetime(2001, 1, 1, 0, 1, 33, tzinfo=dt.UTC)),
        (b"Sun,31 Dec 2000 16:01 PST", dt.datetime(2001, 1, 1, 0, 1, tzinfo=dt.UTC)),
        (b"31 (last) Dec 00 (x\\)) 16:01:33 GMT", dt.datetime(2000, 12, 31, 16, 1, 33, tzinfo=dt.UTC)),
        (b"1 Jan 70 00:00:00 Z", dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        (b"1 Jan 100 00:00:00 Z", dt.datetime(2000, 1, 1, tzinfo=dt.UTC)),
        (b"31 Dec 2016 23:59:60 +0000", dt.datetime(2017, 1, 1, tzinfo=dt.UTC)),
        # The zone is invalid: UTC.
        (b"1 Jan 2000 10:00:00 +9999", dt.datetime(2000, 1, 1, 10, tzinfo=dt.UTC)),
        (b"1 Jan 2000 10:00:00 nonsense", dt.datetime(2000, 1, 1, 10, tzinfo=dt.UTC)),
        (b"1 Jan 2000 10:00:00", dt.datetime(2000, 1, 1, 10, tzinfo=dt.UTC)),
        # The time is invalid: midnight.
        (b"1 Jan 2000 25:00:00 +0100", dt.datetime(2000, 1, 1, tzinfo=dt.UTC)),
        (b"1 Jan 2000 noon", dt.datetime(2000, 1, 1, tzinfo=dt.UTC)),
        # There is no date to be found.
        (None, RECEIVED),
        (b"", RECEIVED),
        (b"yesterday", RECEIVED),
    ],
)
def test_sent_dates(field: bytes | None, same: dt.datetime) -> None:
    assert sent_instant(field, RECEIVED) == instant(same)


@pytest.mark.parametrize("field", [b"31 Feb 2000 10:00:00 +0000", b"1 Foo 2000", b"0 Jan 2000", b"1 Jan 99999"])
def test_dates_that_are_none_are_the_earliest(field: bytes) -> None:
    assert sent_instant(field, RECEIVED) == EARLIEST


@pytest.mark.parametrize("year", [1, 9999])
def test_no_zone_goes_beyond_the_years(year: int) -> None:
    for zone in (dt.timedelta(hours=-23), dt.timedelta(hours=23)):
        assert isinstance(instant(dt.datetime(year, 1, 1, tzinfo=dt.timezone(zone))), int)
    sent_instant(b"1 Jan %04d 00:00:00 +2300" % year, RECEIVED)


@given(st.binary())
def test_any_octets_have_a_sent_date(octets: bytes) -> None:
    assert isinstance(sent_instant(octets, RECEIVED), int)


# Message IDs.


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, []),
        (b"", []),
        (b"<a@b>", [b"a@b"]),
        (b"<A@b> text <c@D>", [b"A@b", b"c@D"]),
        (b"<a@b><c@d>", [b"a@b", b"c@d"]),
        (b'<"01KF8JCEOCBS0045PS"@xxx.yyy.example>', [b"01KF8JCEOCBS0045PS@xxx.yyy.example"]),
        (b'<"a\\"b c"@d>', [b'a"b c@d']),
        (b'<a."b".c@d>', [b"a.b.c@d"]),
        (b"<a@[10.0.0.1]>", [b"a@[10.0.0.1]"]),
        (b"a@b", []),
        (b"<ab>", []),
        (b"<@b>", []),
        (b"<a@>", []),
        (b"<a b@c>", []),
        (b"Fred <fred@example> of <x@y>", [b"fred@example", b"x@y"]),
        (b"< a@b >", [b"a@b"]),
    ],
)
def test_message_ids(value: bytes | None, found: list[bytes]) -> None:
    assert message_ids(value) == found


@pytest.mark.parametrize("piece", [b"<", b'<"', b"<a@", b"<a", b'"<', b"<[", b'<"\\'])
def test_long_references_take_no_long_time(piece: bytes) -> None:
    begun = time.process_time()
    message_ids(piece * 20_000)
    assert time.process_time() - begun < 5
