"""MOVE and UID MOVE (RFC 6851)."""

from __future__ import annotations

from typing import Any

import pytest

from refmail.store.api import StoreError
from refmail.store.memory_mailbox import MemoryMailbox


def test_moved_messages_are_told_before_they_go(inbox: Any) -> None:
    inbox.ok(b"CREATE shelf")
    validity = inbox.ok(b"STATUS shelf (UIDVALIDITY)")[0].split()[-1].rstrip(b")")
    first, *rest, tagged = inbox.run(b"MOVE 1,3 shelf")
    assert first.startswith(b"* OK [COPYUID %s 1,3 1:2] " % validity)
    assert rest == [b"* 3 EXPUNGE", b"* 1 EXPUNGE"]
    assert tagged.startswith(b"OK [HIGHESTMODSEQ ")
    assert inbox.ok(b"STATUS shelf (MESSAGES)") == [b"STATUS shelf (MESSAGES 2)"]
    assert inbox.ok(b"FETCH 1:* (UID FLAGS)") == [rb"1 FETCH (UID 2 FLAGS (\Recent))"]


def test_move_by_uid_passes_over_what_is_not_there(inbox: Any) -> None:
    inbox.ok(b"CREATE shelf")
    assert inbox.run(b"UID MOVE 2:9 shelf")[1:3] == [b"* 3 EXPUNGE", b"* 2 EXPUNGE"]
    assert inbox.ok(b"UID MOVE 2:9 shelf") == []
    assert inbox.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 1)"]


def test_flags_and_date_go_along_and_nothing_is_marked_deleted(inbox: Any) -> None:
    inbox.ok(b"CREATE shelf")
    inbox.ok(rb"STORE 1 FLAGS.SILENT (\Flagged $Work)")
    date = inbox.ok(b"FETCH 1 INTERNALDATE")[0]
    inbox.ok(b"MOVE 1 shelf")
    inbox.ok(b"EXAMINE shelf")
    assert inbox.ok(b"FETCH 1 FLAGS") == [rb"1 FETCH (FLAGS ($Work \Flagged \Recent))"]
    assert inbox.ok(b"FETCH 1 INTERNALDATE")[0] == date


def test_moving_where_it_is_gives_a_new_uid(inbox: Any) -> None:
    untagged = inbox.ok(b"MOVE 1 INBOX")
    assert b" 1 4] " in untagged[0]
    assert untagged[1:] == [b"1 EXPUNGE", b"3 EXISTS", b"3 RECENT"]
    assert inbox.ok(b"UID SEARCH ALL") == [b"SEARCH 2 3 4"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"MOVE 1 nowhere", b"NO [TRYCREATE] "),
        (b"MOVE 4 shelf", b"BAD "),
        (b"MOVE 1", b"BAD "),
        (b"MOVE shelf 1", b"BAD "),
    ],
)
def test_what_cannot_be_moved(inbox: Any, command: bytes, answer: bytes) -> None:
    inbox.ok(b"CREATE shelf")
    assert inbox.run(command)[-1].startswith(answer)
    assert inbox.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 3)"]


def test_nothing_moves_out_of_a_mailbox_opened_to_look(inbox: Any) -> None:
    inbox.ok(b"CREATE shelf")
    inbox.ok(b"EXAMINE INBOX")
    assert inbox.run(b"MOVE 1 shelf")[-1].startswith(b"NO ")


def test_nothing_moves_where_one_is_gone(inbox: Any, connect: Any) -> None:
    inbox.ok(b"CREATE shelf")
    other = connect()
    other.ok(b"LOGIN fred secret")
    other.ok(b"SELECT INBOX")
    other.ok(rb"STORE 2 +FLAGS (\Deleted)")
    other.ok(b"EXPUNGE")
    untagged, tagged = inbox.run(b"MOVE 1:3 shelf")[:-1], inbox.run(b"NOOP")[-1]
    assert not any(b"COPYUID" in line for line in untagged)
    assert tagged.startswith(b"OK ")
    assert inbox.ok(b"STATUS shelf (MESSAGES)") == [b"STATUS shelf (MESSAGES 0)"]
    assert inbox.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 2)"]


def test_failure_leaves_everything(inbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreError

    inbox.ok(b"CREATE shelf")
    monkeypatch.setattr(MemoryMailbox, "move_to", fail)
    assert inbox.run(b"MOVE 1:3 shelf")[-1].startswith(b"NO ")
    assert inbox.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 3)"]


def test_vanished_takes_the_place_of_expunge(fred: Any) -> None:
    for _ in range(3):
        fred.ok(b"APPEND INBOX {}", b"a: b\r\n\r\n")
    fred.ok(b"CREATE shelf")
    fred.ok(b"ENABLE QRESYNC")
    fred.ok(b"SELECT INBOX")
    untagged = fred.ok(b"MOVE 1,3 shelf")
    assert b" 1,3 1:2] " in untagged[0]
    assert untagged[1:] == [b"VANISHED 1,3"]
