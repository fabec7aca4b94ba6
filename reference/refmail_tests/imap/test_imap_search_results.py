"""ESEARCH (RFC 4731), SEARCHRES (RFC 5182) and WITHIN (RFC 5032)."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap.extensions.esearch import RESULT_OPTIONS, reported, return_options
from refmail.imap.parsing.cursor import Cursor, LiteralWanted, ParseError
from refmail.imap.search.parse import search_criteria, search_program


@pytest.fixture
def box(fred: Any) -> Any:
    """Five messages with UIDs 2 to 6; 1, 2 and 5 are flagged."""
    for number in range(6):
        flags = rb"(\Flagged)" if number in {1, 2, 5} else b"()"
        fred.ok(b"APPEND INBOX %s {}" % flags, b"Subject: %d\r\n\r\n" % number)
    fred.ok(b"SELECT INBOX")
    fred.ok(b"STORE 1 +FLAGS.SILENT (\\Deleted)")
    fred.ok(b"EXPUNGE")
    return fred


def answer(client: Any, command: bytes) -> bytes:
    """Return the one untagged line, its correlator checked and removed."""
    (line,) = client.ok(command)
    tag = b"t%d" % client._tag
    assert line.startswith(b'ESEARCH (TAG "%s")' % tag)
    return bytes(line.removeprefix(b'ESEARCH (TAG "%s")' % tag))


def test_the_capabilities_are_listed(fred: Any) -> None:
    (line,) = fred.ok(b"CAPABILITY")
    assert {b"ESEARCH", b"SEARCHRES", b"WITHIN"} <= set(line.split())


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (b"SEARCH RETURN (MIN) FLAGGED", b" MIN 1"),
        (b"SEARCH RETURN (MAX) FLAGGED", b" MAX 5"),
        (b"SEARCH RETURN (COUNT) FLAGGED", b" COUNT 3"),
        (b"SEARCH RETURN (ALL) FLAGGED", b" ALL 1:2,5"),
        (b"SEARCH RETURN () FLAGGED", b" ALL 1:2,5"),
        (b"search return (count max all min) charset utf-8 flagged", b" MIN 1 MAX 5 ALL 1:2,5 COUNT 3"),
        (b"SEARCH RETURN (MIN MIN) FLAGGED", b" MIN 1"),
        (b"UID SEARCH RETURN (MIN MAX ALL COUNT) FLAGGED", b" UID MIN 2 MAX 6 ALL 2:3,6 COUNT 3"),
        (b"SEARCH RETURN (MIN MAX ALL COUNT) ANSWERED", b" COUNT 0"),
        (b"SEARCH RETURN (MIN MAX ALL) ANSWERED", b""),
        (b"UID SEARCH RETURN () ANSWERED", b" UID"),
    ],
)
def test_result_options(box: Any, command: bytes, data: bytes) -> None:
    assert answer(box, command) == data


@pytest.mark.parametrize(
    "arguments",
    [
        b"RETURN ALL",
        b"RETURN (MIN)",
        b"RETURN (MIN ALL",
        b"RETURN (MIN  MAX) ALL",
        b"RETURN ( MIN) ALL",
        b"RETURN(MIN) ALL",
        b"RETURN (MIN)ALL",
        b"RETURN (MIN 3) ALL",
        b"RETURN (NONSENSE) ALL",
        b"CHARSET UTF-8 RETURN (MIN) ALL",
    ],
)
def test_bad_result_options(box: Any, arguments: bytes) -> None:
    assert box.run(b"SEARCH " + arguments)[-1].startswith(b"BAD ")


def test_search_without_return_is_answered_as_ever(box: Any) -> None:
    assert box.ok(b"SEARCH FLAGGED") == [b"SEARCH 1 2 5"]


def test_the_tag_is_the_commands_own(box: Any) -> None:
    assert box.feed(b"A.]9 SEARCH RETURN (MIN) ALL\r\n").startswith(b'* ESEARCH (TAG "A.]9") MIN 1\r\n')


@pytest.mark.parametrize(
    ("returns", "found", "expected"),
    [
        ({b"MIN"}, [3, 5, 7], [3]),
        ({b"MAX"}, [3, 5, 7], [7]),
        ({b"MIN", b"MAX"}, [3, 5, 7], [3, 7]),
        ({b"MIN", b"MAX"}, [3], [3]),
        ({b"MIN", b"COUNT"}, [3, 5, 7], [3, 5, 7]),
        ({b"MAX", b"ALL"}, [3, 5, 7], [3, 5, 7]),
        (set[bytes](), [3, 5, 7], [3, 5, 7]),
        ({b"MIN"}, list[int](), list[int]()),
    ],
)
def test_what_a_response_is_about(returns: set[bytes], found: list[int], expected: list[int]) -> None:
    assert reported(returns, found) == expected


# SEARCHRES.


def test_save_alone_shows_nothing(box: Any) -> None:
    assert box.ok(b"SEARCH RETURN (SAVE) FLAGGED") == []
    assert box.ok(b"SEARCH $") == [b"SEARCH 1 2 5"]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (b"SAVE MIN", b"SEARCH 1"),
        (b"MAX SAVE", b"SEARCH 5"),
        (b"MIN MAX SAVE", b"SEARCH 1 5"),
        (b"MIN SAVE COUNT", b"SEARCH 1 2 5"),
        (b"ALL SAVE MIN", b"SEARCH 1 2 5"),
    ],
)
def test_what_is_saved_beside_other_options(box: Any, options: bytes, kept: bytes) -> None:
    assert len(box.ok(b"SEARCH RETURN (%s) FLAGGED" % options)) == 1
    assert box.ok(b"SEARCH $") == [kept]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (b"FETCH $ UID", [b"1 FETCH (UID 2)", b"2 FETCH (UID 3)", b"5 FETCH (UID 6)"]),
        (b"UID FETCH $ UID", [b"1 FETCH (UID 2)", b"2 FETCH (UID 3)", b"5 FETCH (UID 6)"]),
        (rb"STORE $ FLAGS (\Seen)", [rb"%d FETCH (FLAGS (\Recent \Seen))" % number for number in (1, 2, 5)]),
        (rb"UID STORE $ FLAGS.SILENT (\Seen)", []),
        (b"UID SEARCH UID $", [b"SEARCH 2 3 6"]),
        (b"SEARCH NOT $", [b"SEARCH 3 4"]),
        (b"SEARCH (OR $ 3,4) SUBJECT 3", [b"SEARCH 3"]),
    ],
)
def test_the_saved_messages_in_commands(box: Any, command: bytes, lines: list[bytes]) -> None:
    box.ok(b"UID SEARCH RETURN (SAVE) FLAGGED")
    assert box.ok(command) == lines


@pytest.mark.parametrize("command", [b"COPY", b"UID COPY"])
def test_the_saved_messages_can_be_copied(box: Any, command: bytes) -> None:
    box.ok(b"CREATE there")
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    assert b"COPYUID" in box.run(command + b" $ there")[-1]
    assert box.ok(b"STATUS there (MESSAGES)") == [b"STATUS there (MESSAGES 3)"]


def test_the_saved_messages_can_be_expunged(box: Any) -> None:
    box.ok(rb"STORE 1:3 +FLAGS.SILENT (\Deleted)")
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    assert box.ok(b"UID EXPUNGE $") == [b"2 EXPUNGE", b"1 EXPUNGE"]
    assert box.ok(b"SEARCH $") == [b"SEARCH 3"]


def test_expunged_messages_leave_the_saved_ones(box: Any) -> None:
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    box.ok(rb"STORE 2 +FLAGS.SILENT (\Deleted)")
    box.ok(b"EXPUNGE")
    assert box.ok(b"FETCH $ UID") == [b"1 FETCH (UID 2)", b"4 FETCH (UID 6)"]


@pytest.mark.parametrize(
    "command", [b"FETCH $ FLAGS", b"UID FETCH $ FLAGS", rb"STORE $ FLAGS (\Seen)", b"COPY $ INBOX", b"UID EXPUNGE $"]
)
def test_nothing_saved_is_no_error(box: Any, command: bytes) -> None:
    assert box.ok(command) == []


def test_a_search_that_finds_nothing_saves_nothing(box: Any) -> None:
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    assert answer(box, b"SEARCH RETURN (SAVE COUNT) ANSWERED") == b" COUNT 0"
    assert box.ok(b"SEARCH $") == [b"SEARCH"]


@pytest.mark.parametrize("select", [b"SELECT INBOX", b"EXAMINE INBOX"])
def test_selecting_forgets_what_was_saved(box: Any, select: bytes) -> None:
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    box.ok(select)
    assert box.ok(b"SEARCH $") == [b"SEARCH"]


def test_a_refused_search_with_save_forgets(box: Any) -> None:
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    assert box.run(b"SEARCH RETURN (SAVE) CHARSET KOI8-R ALL")[-1].startswith(b"NO [BADCHARSET ")
    assert box.ok(b"SEARCH $") == [b"SEARCH"]


@pytest.mark.parametrize(
    "command",
    [
        b"SEARCH CHARSET KOI8-R ALL",
        b"SEARCH RETURN (COUNT) CHARSET KOI8-R ALL",
        b"SEARCH RETURN (SAVE) NONSENSE",
        b"SEARCH RETURN (SAVE) 99",
        b"SEARCH RETURN (COUNT) ANSWERED",
        b"SEARCH ANSWERED",
    ],
)
def test_other_searches_leave_what_was_saved(box: Any, command: bytes) -> None:
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    box.run(command)
    assert box.ok(b"SEARCH $") == [b"SEARCH 1 2 5"]


@pytest.mark.parametrize("numbers", [b"$,1", b"1,$", b"$:3", b"$$"])
def test_the_saved_messages_stand_alone(box: Any, numbers: bytes) -> None:
    assert box.run(b"FETCH %s FLAGS" % numbers)[-1].startswith(b"BAD ")


def test_pipelined_commands_see_what_was_saved(box: Any) -> None:
    octets = box.feed(b"a SEARCH RETURN (SAVE) FLAGGED\r\nb FETCH $ UID\r\n")
    assert octets.startswith(b"a OK ")
    assert octets.count(b" FETCH (UID ") == 3


@pytest.mark.parametrize("command", [b"MOVE", b"UID MOVE"])
def test_the_saved_messages_can_be_moved(box: Any, command: bytes) -> None:
    box.ok(b"CREATE there")
    box.ok(b"SEARCH RETURN (SAVE) FLAGGED")
    gone = [line for line in box.ok(command + b" $ there") if line.endswith(b" EXPUNGE")]
    assert gone == [b"5 EXPUNGE", b"2 EXPUNGE", b"1 EXPUNGE"]
    assert box.ok(b"SEARCH $") == [b"SEARCH"]
    assert box.ok(command + b" $ there") == []


@pytest.mark.parametrize(
    ("options", "shown"),
    [(b"MIN", 1), (b"MAX", 5), (b"MIN MAX", 5), (b"COUNT", 2), (b"ALL MIN", 2), (b"", 2)],
)
def test_the_modseq_is_that_of_the_messages_shown(box: Any, options: bytes, shown: int) -> None:
    # Of the flagged messages 1 changes first and 2 last.
    for number in (1, 3, 4, 5, 2):
        box.ok(rb"STORE %d +FLAGS.SILENT (\Draft)" % number)
    *_, line = box.ok(b"FETCH %d MODSEQ" % shown)
    modseq = line.partition(b"MODSEQ (")[2].rstrip(b")")
    assert answer(box, b"SEARCH RETURN (%s) FLAGGED MODSEQ 1" % options).endswith(b" MODSEQ " + modseq)


# WITHIN.


@pytest.fixture
def ages(fred: Any) -> Any:
    """Three messages that came an hour ago, in the present second, and in an hour (clocks do differ)."""
    now = dt.datetime(2026, 11, 23, 11, 0, 0, tzinfo=dt.UTC)
    for hours in (-1, 0, 1):
        moment = now + dt.timedelta(hours=hours)
        fred.ok(b'APPEND INBOX "%s" {}' % moment.strftime("%d-%b-%Y %H:%M:%S +0000").encode(), b"Subject: x\r\n\r\n")
    fred.ok(b"SELECT INBOX")
    return fred


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (b"OLDER 3599", b" 1"),
        (b"OLDER 3600", b" 1"),
        (b"OLDER 3601", b""),
        (b"YOUNGER 3599", b" 2 3"),
        (b"YOUNGER 3600", b" 1 2 3"),
        (b"younger 4294967295", b" 1 2 3"),
        (b"OLDER 1 YOUNGER 7200", b" 1"),
    ],
)
def test_messages_by_age(ages: Any, keys: bytes, found: bytes) -> None:
    assert ages.ok(b"SEARCH " + keys) == [b"SEARCH" + found]


@pytest.mark.parametrize("keys", [b"OLDER 0", b"OLDER", b"YOUNGER -1", b"YOUNGER 1-Jan-2020", b"OLDER 4294967296"])
def test_bad_ages(ages: Any, keys: bytes) -> None:
    assert ages.run(b"SEARCH " + keys)[-1].startswith(b"BAD ")


# Parsers.

_WORDS = st.sampled_from([b" ", b"(", b")", b"RETURN", b"MIN", b"SAVE", b"$", b"1:*", b"OLDER", b"{3}\r\n", b'"', b"7"])
_OCTETS = st.one_of(st.binary(max_size=40), st.lists(_WORDS, max_size=12).map(b"".join))


@given(_OCTETS)
def test_the_parsers_raise_their_own_errors_only(octets: bytes) -> None:
    for parse in (search_program, search_criteria):
        with contextlib.suppress(ParseError, LiteralWanted):
            parse(Cursor(octets))
    with contextlib.suppress(ParseError):
        return_options(Cursor(octets), RESULT_OPTIONS)
