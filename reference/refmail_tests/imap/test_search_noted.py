"""A field that is noted is searched in the notes alone, and gives what the messages would give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap.mime.decode import header_text
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.notes import RECIPE, SEARCHED, needle
from refmail.imap.search.candidate import Candidate
from refmail.store.memory import MemoryStore
from refmail.store.notes import Suspects
from refmail_tests.imap.conftest import NOW, Client

_LONG = b"Subject: " + b"long " * 7000 + b"quokka\r\n\r\n"


def test_what_is_noted_is_not_looked_for_in_the_message(inbox: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert inbox.ok(b"SEARCH SUBJECT 2") == [b"SEARCH 2"]

    def fail(*_: object) -> list[str]:
        pytest.fail("the header was parsed")

    monkeypatch.setattr(Candidate, "values", fail)
    assert inbox.ok(b"SEARCH SUBJECT 2") == [b"SEARCH 2"]
    assert inbox.ok(b"SEARCH SUBJECT number SUBJECT 3") == [b"SEARCH 3"]


def test_too_long_to_be_noted_is_looked_for_in_the_message(fred: Client) -> None:
    fred.ok(b"APPEND INBOX {}", _LONG)
    fred.ok(b"SELECT INBOX")
    assert fred.ok(b"SEARCH SUBJECT QUOKKA") == [b"SEARCH 1"]
    assert fred.ok(b"SEARCH NOT SUBJECT quokka") == [b"SEARCH"]
    assert fred.ok(b"SEARCH OR SUBJECT nothing SUBJECT quokka") == [b"SEARCH 1"]


def test_text_over_two_values_is_in_neither(fred: Client) -> None:
    fred.ok(b"APPEND INBOX {}", b"To: a@one.test\r\nTo: b@two.test\r\n\r\n")
    fred.ok(b"SELECT INBOX")
    assert fred.ok(b"SEARCH TO {}", b"one.test\nb@") == [b"SEARCH"]
    assert fred.ok(b"SEARCH TO {}", b"b@") == [b"SEARCH 1"]


_VALUES = st.text(alphabet="aAbß \u03b9\u0345\u03a3\u0130\u212a", max_size=6)


@given(st.lists(st.lists(_VALUES, max_size=3), min_size=1, max_size=4), _VALUES.filter(bool))
def test_notes_and_messages_agree(messages: list[list[str]], text: str) -> None:
    box = MemoryStore(now=lambda: NOW).open("fred", "INBOX")
    for values in messages:
        box.add(b"".join(b"To: x%b\r\n" % value.encode() for value in values) + b"Subject: y\r\n\r\n")
    wanted, uids = text.casefold(), [meta.uid for meta in box.messages()]
    slowly = {uid for uid in uids if any(wanted in header_text(v).casefold() for v in Entity(box.read(uid)).all(b"to"))}
    assert box.noted_containing(RECIPE, uids, SEARCHED[b"to"], needle(text)) == Suspects(slowly, set())
