"""CREATE, DELETE, RENAME, LIST, LSUB, SUBSCRIBE, STATUS and the names they take."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap import names


def listed(client: Any, command: bytes) -> dict[bytes, bytes]:
    """Return name -> attributes."""
    found: dict[bytes, bytes] = {}
    for line in client.ok(command):
        attributes, _, rest = line.partition(b" (")[2].partition(b") ")
        found[rest.removeprefix(b'"/" ')] = attributes
    return found


def test_delimiter_query(fred: Any) -> None:
    assert fred.ok(b'LIST "" ""') == [rb'LIST (\Noselect) "/" ""']
    assert fred.ok(b'LSUB "" ""') == [rb'LSUB (\Noselect) "/" ""']


def test_create_makes_levels_and_ignores_a_trailing_delimiter(fred: Any) -> None:
    fred.ok(b"CREATE a/b/c/")
    assert set(listed(fred, b'LIST "" *')) == {b"INBOX", b"a", b"a/b", b"a/b/c"}
    assert set(listed(fred, b'LIST "" %')) == {b"INBOX", b"a"}
    assert set(listed(fred, b"LIST a/ %")) == {b"a/b"}
    assert set(listed(fred, b'LIST "" a/%/c')) == {b"a/b/c"}


@pytest.mark.parametrize(
    "name", [b"inbox", b'""', b"/a", b'"a//b"', b'"a*"', b'"a%"', b"a&b", b"&AGE-", b"&AB", b"&2AA-", b"{}"]
)
def test_names_that_cannot_be(fred: Any, name: bytes) -> None:
    literals = [b"\xc3\xa4"] if name == b"{}" else []
    assert fred.run(b"CREATE " + name, *literals)[-1].startswith(b"NO ")


def test_create_twice_is_no(fred: Any) -> None:
    fred.ok(b"CREATE once")
    assert fred.run(b"CREATE once")[-1].startswith(b"NO ")


def test_deleting_a_parent_keeps_its_children(fred: Any) -> None:
    fred.ok(b"CREATE p/c")
    fred.ok(b"DELETE p")
    names_of = listed(fred, b'LIST "" p*')
    assert rb"\Noselect" in names_of[b"p"]
    assert b"p/c" in names_of
    assert fred.run(b"SELECT p")[-1].startswith(b"NO ")
    assert fred.run(b"DELETE p")[-1].startswith(b"NO ")
    assert fred.run(b"DELETE INBOX")[-1].startswith(b"NO ")
    assert fred.run(b"DELETE nowhere")[-1].startswith(b"NO ")


def test_rename_takes_children_along(fred: Any) -> None:
    fred.ok(b"CREATE old/child")
    fred.ok(b"RENAME old new/deep")
    assert set(listed(fred, b'LIST "" *')) == {b"INBOX", b"new", b"new/deep", b"new/deep/child"}
    assert fred.run(b"RENAME new new/deep/er")[-1].startswith(b"NO ")
    assert fred.run(b"RENAME nowhere x")[-1].startswith(b"NO ")
    assert fred.run(b"RENAME new INBOX")[-1].startswith(b"NO ")


def test_rename_inbox_moves_its_messages(inbox: Any) -> None:
    answer = inbox.ok(b"RENAME INBOX kept")
    assert answer == [b"3 EXPUNGE", b"2 EXPUNGE", b"1 EXPUNGE"]
    assert inbox.ok(b"STATUS kept (MESSAGES)") == [b"STATUS kept (MESSAGES 3)"]
    assert inbox.ok(b"STATUS InBox (MESSAGES)") == [b"STATUS INBOX (MESSAGES 0)"]


def test_subscriptions_outlive_mailboxes(fred: Any) -> None:
    fred.ok(b"CREATE list/one")
    fred.ok(b"SUBSCRIBE list/one")
    fred.ok(b"DELETE list/one")
    assert fred.ok(b'LSUB "" *') == [b'LSUB () "/" list/one']
    assert fred.ok(b'LSUB "" %') == [rb'LSUB (\Noselect) "/" list']
    fred.ok(b"UNSUBSCRIBE list/one")
    assert fred.ok(b'LSUB "" *') == []


def test_inbox_is_found_in_any_case(fred: Any) -> None:
    assert set(listed(fred, b'LIST "" iNbO%')) == {b"INBOX"}
    fred.ok(b"SELECT inBOX")


def test_status_counts(inbox: Any) -> None:
    inbox.ok(b"CREATE box")
    inbox.ok(rb"APPEND box (\Seen) {}", b"a: b\r\n\r\n")
    inbox.ok(b"APPEND box {}", b"a: b\r\n\r\n")
    for _ in range(2):
        answer = inbox.ok(b"STATUS box (UNSEEN MESSAGES RECENT UIDNEXT)")
        assert answer == [b"STATUS box (UNSEEN 1 MESSAGES 2 RECENT 2 UIDNEXT 3)"]
    assert inbox.run(b"STATUS nowhere (MESSAGES)")[-1].startswith(b"NO ")
    assert inbox.run(b"STATUS box ()")[-1].startswith(b"BAD ")
    assert inbox.run(b"STATUS box (X)")[-1].startswith(b"BAD ")


def test_names_beyond_ascii(fred: Any) -> None:
    fred.ok(b"CREATE &ZeVnLIqe-/&U,BTFw-")
    assert b"&ZeVnLIqe-/&U,BTFw-" in listed(fred, b'LIST "" &ZeVnLIqe-/%')
    fred.ok(b'CREATE "a &- b"')
    assert b'"a &- b"' in listed(fred, b'LIST "" a*')


@given(st.text())
def test_names_survive_the_wire(name: str) -> None:
    try:
        wire = names.encode(name)
        assert names.decode(wire) == name
    except names.BadName:
        assert any("\ud800" <= character <= "\udfff" for character in name)


@given(st.binary(max_size=40) | st.from_regex(rb"(&[A-Za-z0-9+,]{0,6}-?)*", fullmatch=True))
def test_decoding_accepts_only_what_encoding_makes(octets: bytes) -> None:
    try:
        name = names.decode(octets)
    except names.BadName:
        return
    assert names.encode(name) == octets
