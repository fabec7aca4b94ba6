"""SEARCH: RFC 3501 section 6.4.4."""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.suite.imap.conftest import Filled
from mailspec.verdict import Violation
from mailspec.wire.imap import ImapClient, Literal


@pytest.fixture
def marked(filled: Filled) -> ImapClient:
    """Three messages: the first seen, the second flagged, the third neither."""
    filled.imap.store(b"1", b"FLAGS.SILENT", (rb"\Seen",)).require("OK")
    filled.imap.store(b"2", b"FLAGS.SILENT", (rb"\Flagged",)).require("OK")
    return filled.imap


def expect_found(imap: ImapClient, key: bytes, wanted: set[int]) -> None:
    """Judge what a search finds."""
    found = set(imap.search(key).expect("OK").numbers)
    if found != wanted:
        raise Violation([f"{key.decode()}: {sorted(wanted)}"], repr(sorted(found)))


@requirement("3501/6.4.4/search-keys")
def test_search_finds_what_matches(marked: ImapClient) -> None:
    """Keys about flags, numbers and sizes, and two keys together."""
    cases = (
        (b"ALL", {1, 2, 3}),
        (b"SEEN", {1}),
        (b"UNSEEN", {2, 3}),
        (b"FLAGGED", {2}),
        (b"UNFLAGGED", {1, 3}),
        (b"2:3", {2, 3}),
        (b"LARGER 100000", set[int]()),
        (b"SMALLER 100000", {1, 2, 3}),
        (b"UNSEEN UNFLAGGED", {3}),
        (b"DELETED", set[int]()),
    )
    for key, wanted in cases:
        expect_found(marked, key, wanted)


@requirement("3501/6.4.4/search-not-or")
def test_search_combines_keys(marked: ImapClient) -> None:
    """NOT, OR and parentheses."""
    for key, wanted in ((b"NOT SEEN", {2, 3}), (b"OR SEEN FLAGGED", {1, 2}), (b"NOT (UNSEEN UNFLAGGED)", {1, 2})):
        expect_found(marked, key, wanted)


@requirement("3501/6.4.4/search-any-case")
def test_search_finds_substrings_in_any_case(marked: ImapClient) -> None:
    """BODY finds a word that the message has in another case, SUBJECT a part of the subject."""
    expect_found(marked, b"BODY apples", {2})
    expect_found(marked, b"SUBJECT MAILSPEC", {1, 2, 3})


@requirement("3501/6.4.4/search-charset")
def test_unknown_charset_gets_no(marked: ImapClient) -> None:
    """A charset that nobody has defined is rejected with NO."""
    marked.search(b"CHARSET X-NO-SUCH-CHARSET BODY x").expect("NO")


@requirement("3501/5.5/literal-anywhere")
def test_literals_are_taken_in_any_command(filled: Filled) -> None:
    """SEARCH takes the argument of SUBJECT and STATUS its mailbox as a literal."""
    filled.imap.command(b"SEARCH SUBJECT ", Literal(b"mailspec")).expect("OK")
    filled.imap.command(b"STATUS ", Literal(filled.name), b" (MESSAGES)").expect("OK")


@requirement("3501/7.5/continuation")
def test_literal_is_asked_for(marked: ImapClient) -> None:
    """After the announcement of a literal comes a continuation request, or the end of the command."""
    marked.send(b"lit1 SEARCH SUBJECT {8}\r\n")
    if marked.continuation().expect("+", "NO", "BAD").status == "+":
        marked.send(b"mailspec\r\n")
        marked.reply(b"lit1").require("OK")
