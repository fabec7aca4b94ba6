"""QRESYNC (RFC 7162 section 3.2)."""

from __future__ import annotations

import re
from typing import Any

import pytest


def code(lines: list[bytes], name: bytes) -> int:
    """Return the number in a response code of an untagged OK."""
    return next(int(found[1]) for line in lines if (found := re.match(rb"OK \[%s (\d+)\]" % name, line)))


@pytest.fixture
def ten(fred: Any, store: Any) -> Any:
    """A session with QRESYNC enabled and an INBOX of ten messages selected."""
    for number in range(10):
        store.deliver("fred", b"Subject: %d\r\n\r\n" % number)
    fred.ok(b"ENABLE QRESYNC")
    fred.ok(b"SELECT INBOX")
    return fred


@pytest.fixture
def second(ten: Any, connect: Any) -> Any:
    """Another session of the same user with INBOX selected, which knows nothing of mod-sequences."""
    del ten
    client = connect()
    client.ok(b"LOGIN fred secret")
    client.ok(b"SELECT INBOX")
    return client


def remove(client: Any, numbers: bytes) -> None:
    client.ok(rb"STORE %s +FLAGS.SILENT (\Deleted)" % numbers)
    client.ok(b"EXPUNGE")


def state(client: Any) -> tuple[int, int]:
    """Return UIDVALIDITY and HIGHESTMODSEQ by selecting anew."""
    lines = client.ok(b"SELECT INBOX")
    return code(lines, b"UIDVALIDITY"), code(lines, b"HIGHESTMODSEQ")


def resync(client: Any, arguments: bytes, command: bytes = b"SELECT") -> list[bytes]:
    """Select with QRESYNC and return what comes behind HIGHESTMODSEQ."""
    lines: list[bytes] = client.ok(b"%s INBOX (QRESYNC (%s))" % (command, arguments))
    return lines[next(n for n, line in enumerate(lines) if line.startswith(b"OK [HIGHESTMODSEQ")) + 1 :]


def test_vanished_takes_the_place_of_expunge(ten: Any, second: Any) -> None:
    ten.ok(rb"STORE 2:4,7 +FLAGS.SILENT (\Deleted)")
    *lines, tagged = ten.run(b"EXPUNGE")
    assert lines == [b"* VANISHED 2:4,7"]
    assert tagged.startswith(b"OK [HIGHESTMODSEQ ")
    assert second.ok(b"NOOP") == [b"7 EXPUNGE", b"4 EXPUNGE", b"3 EXPUNGE", b"2 EXPUNGE"]
    remove(second, b"1,6")
    assert ten.ok(b"NOOP") == [b"VANISHED 1,10"]
    assert ten.ok(b"UID SEARCH ALL") == [b"SEARCH 5 6 8 9"]


def test_vanished_is_held_back_like_expunge(ten: Any, second: Any) -> None:
    remove(second, b"3")
    assert not any(b"VANISHED" in line for line in ten.ok(b"FETCH 1 UID"))
    assert not any(b"VANISHED" in line for line in ten.ok(b"SEARCH ALL"))
    assert not any(b"VANISHED" in line for line in ten.ok(b"UID SEARCH 1:4"))
    assert not any(b"VANISHED" in line for line in ten.ok(b"UID SEARCH OR NOT 1:4 SEEN"))
    assert ten.ok(b"UID SEARCH UID 1:2") == [b"SEARCH 1 2", b"VANISHED 3"]


def test_only_messages_that_the_client_was_told_of_vanish(ten: Any, second: Any, store: Any) -> None:
    store.deliver("fred", b"a: b\r\n\r\n")
    second.ok(b"NOOP")
    remove(second, b"11")
    assert ten.ok(b"NOOP") == []


def test_deleted_mailbox_vanishes(ten: Any, second: Any) -> None:
    ten.ok(b"CREATE box")
    ten.ok(b"APPEND box {}", b"a: b\r\n\r\n")
    ten.ok(b"SELECT box")
    second.ok(b"DELETE box")
    assert ten.ok(b"NOOP") == [b"VANISHED 1"]


def test_select_tells_what_happened_meanwhile(ten: Any, second: Any) -> None:
    validity, point = state(ten)
    ten.ok(b"UNSELECT")
    remove(second, b"2:3,5")
    second.ok(rb"STORE 1 +FLAGS (\Flagged)")
    gone, changed = resync(ten, b"%d %d" % (validity, point))
    assert gone == b"VANISHED (EARLIER) 2:3,5"
    assert re.fullmatch(rb"1 FETCH \(FLAGS \(\\Flagged\) UID 1 MODSEQ \(\d+\)\)", changed)
    validity, point = state(ten)
    assert resync(ten, b"%d %d" % (validity, point), b"EXAMINE") == []


def test_select_tells_only_of_known_uids(ten: Any, second: Any) -> None:
    validity, point = state(ten)
    remove(second, b"2:3,5,10")
    second.ok(rb"STORE 1,3 +FLAGS (\Flagged)")
    gone, changed = resync(ten, b"%d %d 3:9" % (validity, point))
    assert gone == b"VANISHED (EARLIER) 3,5"
    assert changed.startswith(b"3 FETCH (FLAGS (\\Flagged) UID 6 MODSEQ (")
    assert resync(ten, b"%d %d 7:4294967295" % (validity, point)) == [b"VANISHED (EARLIER) 10"]


def test_a_matching_sample_spares_what_lies_before(ten: Any, second: Any) -> None:
    validity, point = state(ten)
    remove(second, b"2")
    known = b"%d %d" % (validity, point)
    remove(second, b"5")
    # 1, 3, 4, 5, 7 ... 10 are left: the third message is 4, which the client knows; that the fifth is 7 it does not.
    assert resync(ten, known + b" 1:10 (3,5 4,5)") == [b"VANISHED (EARLIER) 6"]
    assert resync(ten, known + b" (1,3 1,3)") == [b"VANISHED (EARLIER) 2,6"]
    assert resync(ten, known + b" (1:3,100 1:3,200)") == [b"VANISHED (EARLIER) 2,6"]
    assert resync(ten, known + b" (1:4294967295 1:4294967295)") == [b"VANISHED (EARLIER) 2,6"]


def test_another_uidvalidity_stops_it(ten: Any, second: Any) -> None:
    validity, point = state(ten)
    remove(second, b"2")
    assert resync(ten, b"%d %d" % (validity + 1, point)) == []


@pytest.mark.parametrize(
    "arguments",
    [
        b"",
        b"1",
        b"0 1",
        b"1 0",
        b"1 2 *",
        b"1 2 1:*",
        b"1 2 $",
        b"1 2 (1 1",
        b"1 2 (1 1,2)",
        b"1 2 (2,1 1,2)",
        b"1 2 (1:2 2:1)",
        b"1 2 (1 *)",
        b"1 2 1:3 (1 1) 5",
        b"1 2 1:3  (1 1)",
    ],
)
def test_bad_arguments_leave_the_selection_alone(ten: Any, arguments: bytes) -> None:
    (tagged,) = ten.run(b"SELECT INBOX (QRESYNC (%s))" % arguments)
    assert tagged.startswith(b"BAD ")
    ten.ok(b"FETCH 1 UID")


def test_what_was_not_enabled_is_refused(inbox: Any) -> None:
    for command in (b"SELECT INBOX (QRESYNC (1 2))", b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)"):
        *untagged, tagged = inbox.run(command)
        assert tagged.startswith(b"BAD ")
        assert untagged == []
    inbox.ok(b"FETCH 1 UID")


def test_uid_fetch_vanished(ten: Any, second: Any) -> None:
    _, point = state(ten)
    remove(second, b"2,9:10")
    ten.ok(b"NOOP")
    second.ok(rb"STORE 1 +FLAGS (\Flagged)")
    first, told, asked = ten.ok(b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % point)
    assert first == b"VANISHED (EARLIER) 2,9:10"
    assert told.startswith(rb"1 FETCH (FLAGS (\Flagged) UID 1 MODSEQ (")
    assert asked.startswith(rb"1 FETCH (UID 1 FLAGS (\Flagged) MODSEQ (")
    assert ten.ok(b"UID FETCH 3:8 (FLAGS) (VANISHED CHANGEDSINCE %d)" % point) == []


def test_what_goes_now_is_not_earlier(ten: Any, second: Any) -> None:
    _, point = state(ten)
    remove(second, b"2")
    ten.ok(b"NOOP")
    remove(second, b"2")
    lines = ten.ok(b"UID FETCH 1:* (UID) (CHANGEDSINCE %d VANISHED)" % point)
    assert lines == [b"VANISHED (EARLIER) 2", b"VANISHED 3"]


@pytest.mark.parametrize("modifiers", [b"(VANISHED)", b"(CHANGEDSINCE 1 VANISHED VANISHED)"])
def test_vanished_needs_changedsince(ten: Any, modifiers: bytes) -> None:
    assert ten.run(b"UID FETCH 1:* FLAGS " + modifiers)[-1].startswith(b"BAD ")
    assert ten.run(b"FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)")[-1].startswith(b"BAD ")


def test_the_log_of_removals_is_bounded(ten: Any, second: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refmail.store.index._REMEMBERED", 1)
    validity, point = state(ten)
    for _ in range(3):
        remove(second, b"1")
    remembered = state(ten)[1] - 1
    # What is there no more is told again, though the client may have known of some of it.
    later = state(ten)[1]
    assert resync(ten, b"%d %d" % (validity, point)) == [b"VANISHED (EARLIER) 1:3"]
    assert resync(ten, b"%d %d 2:9" % (validity, point)) == [b"VANISHED (EARLIER) 2:3"]
    assert resync(ten, b"%d %d" % (validity, remembered)) == [b"VANISHED (EARLIER) 3"]
    assert resync(ten, b"%d %d" % (validity, later)) == []


def test_a_session_that_slept_too_long_hears_of_all(ten: Any, second: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refmail.store.index._REMEMBERED", 1)
    for _ in range(5):
        remove(second, b"1")
    assert ten.ok(b"NOOP") == [b"VANISHED 1:5"]


def test_idle_tells_vanished(ten: Any, second: Any) -> None:
    assert ten.feed(b"i IDLE\r\n").startswith(b"+ ")
    remove(second, b"4")
    assert b"* VANISHED 4\r\n" in ten.nudged()
    ten.feed(b"DONE\r\n")
