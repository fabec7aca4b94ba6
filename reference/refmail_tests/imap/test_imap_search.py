"""SEARCH: every key, charsets, sets, limits."""

from __future__ import annotations

from typing import Any

import pytest

FIRST = (
    b"From: Alice <alice@one.example>\r\nTo: Bob <bob@two.example>\r\nCc: carol@three.example\r\n"
    b"Bcc: hidden@four.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from here\r\nX-Mark:\r\n"
    b"Date: Mon, 7 Feb 1994 23:52:25 -0800 (PST)\r\n\r\nthe quick brown fox\r\n"
)
SECOND = (
    b"From: dave@five.example\r\nSubject: second\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nc2NoxppuZSBHcsO8w59l\r\n"
)
THIRD = b"Subject: third\r\n\r\n" + b"x" * 500 + b"\r\n"


@pytest.fixture
def box(fred: Any) -> Any:
    """Three messages: 1 seen and old, 2 flagged with a keyword, 3 deleted and answered."""
    fred.ok(rb'APPEND INBOX (\Seen) "01-Jan-2020 23:30:00 -1100" {}', FIRST)
    fred.ok(rb'APPEND INBOX (\Flagged Work) "02-Jan-2020 00:30:00 +0000" {}', SECOND)
    fred.ok(rb'APPEND INBOX (\Deleted \Answered \Draft) "03-Jan-2020 12:00:00 +0000" {}', THIRD)
    fred.ok(b"SELECT INBOX")
    return fred


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (b"ALL", [1, 2, 3]),
        (b"SEEN", [1]),
        (b"UNSEEN", [2, 3]),
        (b"FLAGGED", [2]),
        (b"UNFLAGGED", [1, 3]),
        (b"DELETED", [3]),
        (b"UNDELETED", [1, 2]),
        (b"ANSWERED", [3]),
        (b"UNANSWERED", [1, 2]),
        (b"DRAFT", [3]),
        (b"UNDRAFT", [1, 2]),
        (b"RECENT", [1, 2, 3]),
        (b"OLD", []),
        (b"NEW", [2, 3]),
        (b"KEYWORD work", [2]),
        (b"UNKEYWORD Work", [1, 3]),
        (b"BEFORE 2-Jan-2020", [1]),
        (b"ON 2-Jan-2020", [2]),
        (b'SINCE "02-jan-2020"', [2, 3]),
        (b"SENTON 7-Feb-1994", [1]),
        (b"SENTBEFORE 8-Feb-1994", [1]),
        (b"SENTSINCE 8-Feb-1994", []),
        (b"LARGER 500", [3]),
        (b"SMALLER 500", [1, 2]),
        (b"FROM ALICE@one", [1]),
        (b"TO bob", [1]),
        (b"CC carol", [1]),
        (b"BCC hidden", [1]),
        (b'SUBJECT "from HERE"', [1]),
        (b'HEADER X-Mark ""', [1]),
        (b'HEADER x-none ""', []),
        (b'BODY "QUICK brown"', [1]),
        (b"BODY alice", []),
        (b"TEXT alice", [1]),
        (b"1,3", [1, 3]),
        (b"*", [3]),
        (b"*:2", [2, 3]),
        (b"UID 2:99", [2, 3]),
        (b"UID 99:*", [3]),
        (b"UID 99", []),
        (b"NOT NOT ALL", [1, 2, 3]),
        (b"NOT 1", [2, 3]),
        (b"OR SEEN DELETED", [1, 3]),
        (b"OR SEEN (FLAGGED UNSEEN) NOT 1", [2]),
        (b"(SEEN) (1:2)", [1]),
        (b"1:2 UID 2:3", [2]),
        (b"charset us-ascii SUBJECT second", [2]),
        (b'CHARSET "UTF-8" SUBJECT second', [2]),
    ],
)
def test_keys(box: Any, program: bytes, found: list[int]) -> None:
    expected = b" ".join([b"SEARCH", *(b"%d" % number for number in found)])
    assert box.ok(b"SEARCH " + program) == [expected]


def test_characters_beyond_ascii(box: Any) -> None:
    word = "GRÜSSE".encode()
    assert box.ok(b"SEARCH CHARSET UTF-8 SUBJECT {}", word) == [b"SEARCH 1"]
    assert box.ok(b"SEARCH CHARSET UTF-8 BODY {}", word) == [b"SEARCH 2"]
    assert box.ok(b"SEARCH CHARSET UTF-8 TEXT {} SEEN", word) == [b"SEARCH 1"]
    assert box.run(b"SEARCH TEXT {}", word)[-1].startswith(b"BAD ")
    assert box.run(b"SEARCH CHARSET UTF-8 TEXT {}", b"\xff")[-1].startswith(b"BAD ")


def test_unknown_charset_is_no(box: Any) -> None:
    assert box.run(b"SEARCH CHARSET X-NONE TEXT {}", b"\xff")[-1].startswith(b"NO [BADCHARSET (US-ASCII UTF-8)] ")
    assert box.run(b"SEARCH CHARSET X-NONE NOSUCH")[-1].startswith(b"BAD ")


def test_uid_search(box: Any) -> None:
    box.ok(b"EXPUNGE")
    box.ok(rb"STORE 1 +FLAGS.SILENT (\Deleted)")
    box.ok(b"EXPUNGE")
    assert box.ok(b"UID SEARCH ALL") == [b"SEARCH 2"]
    assert box.ok(b"SEARCH UID 1:*") == [b"SEARCH 1"]


@pytest.mark.parametrize(
    "program",
    [b"", b"NOSUCH", b"4", b"1:4", b"0", b"()", b"(ALL", b"NOT", b"OR ALL", b"ON 32-Jan-2020", b"ON 1-Foo-2020", b"ON 1-Jan-20",
     b"LARGER x", b"LARGER 4294967296", b"KEYWORD \\Seen", b"ALL  ALL", b"ALL ", b"CHARSET UTF-8", b"NOT " * 500 + b"ALL",
     b"(" * 500 + b"ALL" + b")" * 500],
)  # fmt: skip
def test_bad_programs(box: Any, program: bytes) -> None:
    assert box.run(b"SEARCH " + program if program else b"SEARCH")[-1].startswith(b"BAD ")


def test_an_empty_mailbox(fred: Any) -> None:
    fred.ok(b"SELECT INBOX")
    assert fred.ok(b"SEARCH ALL") == [b"SEARCH"]
    assert fred.ok(b"UID SEARCH UID 1:*") == [b"SEARCH"]
    assert fred.run(b"SEARCH *")[-1].startswith(b"BAD ")
    assert fred.run(b"FETCH 1:* FLAGS")[-1].startswith(b"BAD ")
    assert fred.ok(b"UID FETCH 1:* FLAGS") == []
