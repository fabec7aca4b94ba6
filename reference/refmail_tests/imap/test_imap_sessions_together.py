"""Two sessions on one mailbox: what each is told, and when."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refmail.store.api import MailStore
from refmail.store.maildir import MaildirStore
from refmail.store.memory import MemoryStore


@pytest.fixture(params=["memory", "maildir"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MailStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    maildir = MaildirStore(tmp_path / "mail", sync=False, poll=0.01)
    yield maildir
    maildir.close()


@pytest.fixture
def other(inbox: Any, connect: Any) -> Any:
    del inbox
    client = connect()
    client.ok(b"LOGIN fred secret")
    client.ok(b"SELECT INBOX")
    return client


def remove_second(client: Any) -> None:
    client.ok(rb"STORE 2 +FLAGS.SILENT (\Deleted)")
    client.ok(b"EXPUNGE")


@pytest.mark.parametrize("command", [b"FETCH 1:3 FLAGS", rb"STORE 1 +FLAGS.SILENT (\Seen)", b"SEARCH ALL"])
def test_expunge_waits_while_numbers_are_in_use(inbox: Any, other: Any, command: bytes) -> None:
    remove_second(inbox)
    assert not any(b"EXPUNGE" in line for line in other.ok(command))
    assert other.ok(b"NOOP") == [b"2 EXPUNGE"]
    assert other.ok(b"NOOP") == []


@pytest.mark.parametrize("command", [b"UID FETCH 1 FLAGS", rb"UID STORE 1 +FLAGS.SILENT (\Seen)", b"UID SEARCH ALL"])
def test_expunge_may_be_told_in_commands_by_uid(inbox: Any, other: Any, command: bytes) -> None:
    remove_second(inbox)
    assert b"2 EXPUNGE" in other.ok(command)


def test_numbers_hold_until_the_expunge_is_told(inbox: Any, other: Any) -> None:
    remove_second(inbox)
    assert other.ok(b"FETCH 3 UID") == [b"3 FETCH (UID 3)"]
    assert other.run(b"FETCH 2 BODY[]")[-1].startswith(b"NO ")
    assert other.run(rb"STORE 2 +FLAGS (\Seen)")[-1].startswith(b"NO ")
    assert other.ok(b"SEARCH TEXT body") == [b"SEARCH 1 3"]
    other.ok(b"CREATE elsewhere")
    assert other.ok(b"FETCH 2 UID") == [b"2 FETCH (UID 3)"]


def test_copy_of_an_expunged_message_is_all_or_none(inbox: Any, other: Any) -> None:
    inbox.ok(b"CREATE copies")
    remove_second(inbox)
    *told, tagged = other.run(b"COPY 1:3 copies")
    assert tagged.startswith(b"NO ")
    assert b"* 2 EXPUNGE" in told
    assert other.ok(b"STATUS copies (MESSAGES)") == [b"STATUS copies (MESSAGES 0)"]
    other.ok(b"UID COPY 1:3 copies")
    assert other.ok(b"STATUS copies (MESSAGES)") == [b"STATUS copies (MESSAGES 2)"]


def test_flags_of_others_are_told_once(inbox: Any, other: Any) -> None:
    inbox.ok(rb"STORE 1 +FLAGS.SILENT (\Flagged)")
    assert other.ok(b"NOOP") == [rb"1 FETCH (FLAGS (\Flagged))"]
    assert other.ok(b"NOOP") == []


def test_a_silent_store_still_tells_what_others_did(inbox: Any, other: Any) -> None:
    inbox.ok(rb"STORE 1 +FLAGS.SILENT (\Flagged)")
    assert other.ok(rb"STORE 1 +FLAGS.SILENT (\Draft)") == [rb"1 FETCH (FLAGS (\Flagged))"]
    assert inbox.ok(b"NOOP") == [rb"1 FETCH (FLAGS (\Draft \Flagged \Recent))"]


def test_new_mail_is_told_and_recent_to_one(inbox: Any, other: Any, store: Any) -> None:
    store.deliver("fred", b"Subject: new\r\n\r\n\r\n")
    assert inbox.ok(b"NOOP") == [b"4 EXISTS", b"4 RECENT"]
    assert other.ok(b"FETCH 1 UID")[:2] == [b"4 EXISTS", b"0 RECENT"]


def test_mail_that_came_and_went_is_never_told(inbox: Any, other: Any, store: Any) -> None:
    store.deliver("fred", b"Subject: new\r\n\r\n\r\n")
    inbox.ok(b"NOOP")
    inbox.ok(rb"STORE 4 +FLAGS.SILENT (\Deleted)")
    inbox.ok(b"EXPUNGE")
    assert other.ok(b"NOOP") == []
    store.deliver("fred", b"Subject: newer\r\n\r\n\r\n")
    assert other.ok(b"NOOP") == [b"4 EXISTS", b"1 RECENT"]


def test_deleting_an_open_mailbox_empties_it(fred: Any, connect: Any) -> None:
    fred.ok(b"CREATE box")
    fred.ok(b"APPEND box {}", b"a: b\r\n\r\n")
    other = connect()
    other.ok(b"LOGIN fred secret")
    other.ok(b"SELECT box")
    fred.ok(b"DELETE box")
    fred.ok(b"CREATE box")
    fred.ok(b"APPEND box {}", b"c: d\r\n\r\n")
    assert other.ok(b"NOOP") == [b"1 EXPUNGE"]
    assert other.run(b"EXPUNGE")[-1].startswith(b"NO ")
    assert other.ok(b"NOOP") == []
    assert b"1 EXISTS" in other.ok(b"SELECT box")


def test_idle_tells_as_it_happens(inbox: Any, store: Any) -> None:
    assert inbox.feed(b"i IDLE\r\n") == b"+ Idling\r\n"
    store.deliver("fred", b"Subject: new\r\n\r\n\r\n")
    assert inbox.nudged() == b"* 4 EXISTS\r\n* 4 RECENT\r\n"
    assert inbox.feed(b"done\r\n").startswith(b"i OK ")


def test_idle_is_nudged_by_the_store(inbox: Any, store: Any) -> None:
    nudged = threading.Event()
    inbox.machine.nudge = nudged.set
    inbox.feed(b"i IDLE\r\n")
    store.deliver("fred", b"Subject: new\r\n\r\n\r\n")
    assert nudged.wait(10)


def test_a_lost_connection_watches_no_more(inbox: Any) -> None:
    inbox.feed(b"i IDLE\r\n")
    stopped: list[bool] = []
    inbox.machine._stop_watching = lambda: stopped.append(True)
    inbox.machine.abandon()
    assert stopped == [True]


@pytest.mark.parametrize("line", [b"NOOP", b"x" * 200, b""])
def test_only_done_ends_idle(inbox: Any, line: bytes) -> None:
    inbox.feed(b"i IDLE\r\n")
    assert inbox.feed(line + b"\r\n").startswith(b"i BAD ")
    inbox.ok(b"NOOP")


def test_renaming_an_open_mailbox(fred: Any, connect: Any) -> None:
    fred.ok(b"CREATE box")
    fred.ok(b"APPEND box {}", b"a: b\r\n\r\n")
    fred.ok(b"SELECT box")
    other = connect()
    other.ok(b"LOGIN fred secret")
    other.ok(b"SELECT box")
    fred.ok(b"RENAME box crate")
    for client in (fred, other):
        assert client.ok(b"NOOP") == []
        assert client.ok(b"FETCH 1 BODY.PEEK[]") == [b"1 FETCH (BODY[] {8}\r\na: b\r\n\r\n)"]
