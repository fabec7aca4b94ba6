"""MULTIAPPEND (RFC 3502)."""

from __future__ import annotations

from typing import Any

import pytest

from refmail.services import Policy

ONE, TWO = b"Subject: one\r\n\r\n1\r\n", b"Subject: two\r\n\r\n22\r\n"


def count(client: Any) -> int:
    (line,) = client.ok(b"STATUS INBOX (MESSAGES)")
    return int(line.rstrip(b")").split()[-1])


def test_the_capability_is_listed(fred: Any) -> None:
    (line,) = fred.ok(b"CAPABILITY")
    assert b"MULTIAPPEND" in line.split()


def test_each_message_has_its_flags_and_date(fred: Any) -> None:
    *_, tagged = fred.run(rb'APPEND INBOX (\Seen) " 7-Feb-1994 22:43:04 -0800" {} {}', ONE, TWO)
    assert b"[APPENDUID " in tagged
    assert b" 1:2] " in tagged
    fred.ok(b"SELECT INBOX")
    first, second = fred.ok(b"FETCH 1:2 (FLAGS INTERNALDATE BODY.PEEK[])")
    assert rb"FLAGS (\Recent \Seen) INTERNALDATE " + b'" 7-Feb-1994 22:43:04 -0800"' in first
    assert rb"FLAGS (\Recent) INTERNALDATE " + b'"23-Nov-2026 12:00:00 +0100"' in second
    assert first.endswith(ONE + b")")
    assert second.endswith(TWO + b")")


def test_the_uids_are_in_the_order_of_the_messages(fred: Any) -> None:
    fred.ok(b"APPEND INBOX {}", ONE)
    assert b" 2:4] " in fred.run(b"APPEND INBOX {} (a) {} {}", ONE, TWO, ONE)[-1]
    fred.ok(b"SELECT INBOX")
    assert fred.ok(b"UID SEARCH SUBJECT two") == [b"SEARCH 3"]


def test_one_message_is_a_set_of_one(fred: Any) -> None:
    assert b" 1] " in fred.run(b"APPEND INBOX {}", ONE)[-1]


def test_a_selected_mailbox_tells_at_once(fred: Any) -> None:
    fred.ok(b"SELECT INBOX")
    assert fred.ok(b"APPEND INBOX {} {}", ONE, TWO) == [b"2 EXISTS", b"2 RECENT"]


@pytest.mark.parametrize("messages", [(b"",), (ONE, b""), (b"", ONE), (ONE, b"", TWO)])
def test_an_empty_message_cancels_all(fred: Any, messages: tuple[bytes, ...]) -> None:
    command = b"APPEND INBOX " + b" ".join([b"{}"] * len(messages))
    assert fred.run(command, *messages)[-1].startswith(b"NO ")
    assert count(fred) == 0
    assert b" 1] " in fred.run(b"APPEND INBOX {}", ONE)[-1]


@pytest.mark.parametrize(
    "rest", [b" (\\Seen {3+}\r\nabc", b" x", b"  {3+}\r\nabc", b" (a) (b) {3+}\r\nabc", b" {3+}\r\nabc ", b" {3}x"]
)
def test_an_error_behind_a_message_leaves_nothing(fred: Any, rest: bytes) -> None:
    answer = fred.feed(b"a APPEND INBOX {%d+}\r\n%s%s\r\nb NOOP\r\n" % (len(ONE), ONE, rest))
    tagged = [line.split()[:2] for line in answer.splitlines() if not line.startswith(b"+")]
    assert tagged == [[b"a", b"BAD"], [b"b", b"OK"]]
    assert count(fred) == 0


def test_a_message_that_is_too_long_leaves_nothing(connect: Any) -> None:
    client = connect(Policy(message_size=30))
    client.ok(b"LOGIN fred secret")
    long = b"x" * 31
    answer = client.feed(b"a APPEND INBOX {%d+}\r\n%s {31+}\r\n%s\r\nb NOOP\r\n" % (len(ONE), ONE, long))
    assert [line.split()[:2] for line in answer.splitlines()] == [[b"a", b"NO"], [b"b", b"OK"]]
    # One that waits is told before it sends.
    assert client.run(b"APPEND INBOX {} {}", ONE, long)[-1].startswith(b"NO ")
    assert count(client) == 0


def test_messages_that_are_too_long_together_leave_nothing(fred: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refmail.imap.commands.append._MOST_TOGETHER", 100)
    assert fred.run(b"APPEND INBOX {} {}", b"x" * 40, b"y" * 40)[-1].startswith(b"NO ")
    assert count(fred) == 0
    fred.ok(b"APPEND INBOX {} {}", b"x" * 20, b"y" * 20)


def test_too_many_messages_leave_nothing(fred: Any) -> None:
    answer = fred.feed(b"a APPEND INBOX" + b" {1+}\r\nx" * 201 + b"\r\nb NOOP\r\n")
    assert [line.split()[:3] for line in answer.splitlines()] == [[b"a", b"NO", b"[LIMIT]"], [b"b", b"OK", b"NOOP"]]
    assert count(fred) == 0
    fred.ok(b"APPEND INBOX" + b" {1+}\r\nx" * 199)
    assert count(fred) == 199


def test_a_mailbox_that_is_not_there(fred: Any) -> None:
    assert fred.run(b"APPEND none {} {}", ONE, TWO)[-1].startswith(b"NO [TRYCREATE] ")
    assert not [line for line in fred.ok(b'LIST "" *') if b"none" in line]


def test_another_session_sees_all_at_once(fred: Any, connect: Any) -> None:
    other = connect()
    other.ok(b"LOGIN fred secret")
    other.ok(b"SELECT INBOX")
    fred.ok(b"APPEND INBOX {} {}", ONE, TWO)
    assert other.ok(b"NOOP") == [b"2 EXISTS", b"2 RECENT"]
