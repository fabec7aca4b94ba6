"""CONDSTORE (RFC 7162 section 3.1)."""

from __future__ import annotations

import re
from typing import Any

import pytest


def highest(client: Any, mailbox: bytes = b"INBOX") -> int:
    """Ask another way than the one in test: by STATUS of a connection of its own."""
    return int(client.ok(b"STATUS %s (HIGHESTMODSEQ)" % mailbox)[0].split()[-1].rstrip(b")"))


@pytest.fixture
def observer(connect: Any) -> Any:
    """A second session of the same user, with nothing selected."""
    client = connect()
    client.ok(b"LOGIN fred secret")
    return client


@pytest.fixture
def second(inbox: Any, connect: Any) -> Any:
    """A second session of the same user with the INBOX of `inbox` selected."""
    del inbox
    client = connect()
    client.ok(b"LOGIN fred secret")
    client.ok(b"SELECT INBOX")
    return client


def modseqs(lines: list[bytes]) -> dict[int, int]:
    """Return the mod-sequence in each FETCH by message number."""
    found = (re.match(rb"(\d+) FETCH \(.*MODSEQ \((\d+)\)", line) for line in lines)
    return {int(each[1]): int(each[2]) for each in found if each}


def test_capabilities_and_enable(fred: Any) -> None:
    listed = fred.ok(b"CAPABILITY")[0].split()
    assert {b"CONDSTORE", b"QRESYNC", b"ENABLE", b"MOVE"} <= set(listed)
    assert fred.ok(b"ENABLE condstore X-NONE") == [b"ENABLED CONDSTORE"]
    assert fred.ok(b"ENABLE QRESYNC CONDSTORE") == [b"ENABLED QRESYNC CONDSTORE"]
    assert fred.ok(b"CAPABILITY")[0].split() == listed


def test_select_tells_the_highest_one(inbox: Any, observer: Any) -> None:
    for command in (b"SELECT INBOX", b"EXAMINE INBOX", b"SELECT INBOX (CONDSTORE)"):
        assert any(line.startswith(b"OK [HIGHESTMODSEQ %d] " % highest(observer)) for line in inbox.ok(command))


def test_select_says_where_the_old_selection_ends(inbox: Any) -> None:
    assert inbox.ok(b"SELECT INBOX")[0].startswith(b"OK [CLOSED] ")
    assert inbox.run(b"SELECT nowhere")[0].startswith(b"* OK [CLOSED] ")
    assert not any(b"CLOSED" in line for line in inbox.ok(b"SELECT INBOX"))


@pytest.mark.parametrize(
    "command",
    [b"SELECT INBOX ()", b"SELECT INBOX (CONDSTORE CONDSTORE)", b"SELECT INBOX (FOO)", b"SELECT INBOX (CONDSTORE"],
)
def test_bad_select_parameters(inbox: Any, command: bytes) -> None:
    assert inbox.run(command)[-1].startswith(b"BAD ")
    # The mailbox stays as it was.
    inbox.ok(b"FETCH 1 UID")


@pytest.mark.parametrize(
    "command",
    [
        b"STATUS INBOX (HIGHESTMODSEQ)",
        b"FETCH 1 (MODSEQ)",
        b"FETCH 1 FLAGS (CHANGEDSINCE 1)",
        rb"STORE 1 (UNCHANGEDSINCE 999) +FLAGS (\Seen)",
        b"SEARCH MODSEQ 1",
    ],
)
def test_commands_that_enable(inbox: Any, second: Any, command: bytes) -> None:
    first = inbox.ok(command)
    assert any(line.startswith(b"OK [HIGHESTMODSEQ ") for line in first)
    again = inbox.ok(command.replace(b"Seen", b"Draft"))
    assert not any(b"[HIGHESTMODSEQ" in line for line in again)
    second.ok(rb"STORE 2 +FLAGS (\Flagged)")
    (line,) = inbox.ok(b"NOOP")
    assert re.fullmatch(rb"2 FETCH \(FLAGS \(\\Flagged \\Recent\) UID 2 MODSEQ \(\d+\)\)", line)


def test_who_does_not_know_them_is_shown_none(inbox: Any, second: Any) -> None:
    second.ok(b"FETCH 1 MODSEQ")
    second.ok(rb"STORE 2 +FLAGS (\Flagged)")
    assert inbox.ok(b"NOOP") == [rb"2 FETCH (FLAGS (\Flagged \Recent))"]


def test_fetch_modseq_rises_with_each_change(inbox: Any, observer: Any) -> None:
    before = modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)"))
    inbox.ok(rb"STORE 2 +FLAGS (\Flagged)")
    after = modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)"))
    assert (after[1], after[3]) == (before[1], before[3])
    assert after[2] == highest(observer) > max(before.values())
    inbox.ok(rb"STORE 2 +FLAGS (\Flagged)")
    assert modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)")) == after


def test_changedsince(inbox: Any) -> None:
    point = max(modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)")).values())
    assert inbox.ok(b"FETCH 1:3 (FLAGS) (CHANGEDSINCE %d)" % point) == []
    inbox.ok(rb"STORE 2 +FLAGS (\Flagged)")
    (line,) = inbox.ok(b"FETCH 1:3 (UID) (CHANGEDSINCE %d)" % point)
    assert re.fullmatch(rb"2 FETCH \(UID 2 MODSEQ \(%d\)\)" % (point + 1), line)
    (line,) = inbox.ok(b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % point)
    assert line.startswith(rb"2 FETCH (UID 2 FLAGS (\Flagged \Recent) MODSEQ (")


@pytest.mark.parametrize(
    "modifiers",
    [
        b"(CHANGEDSINCE 0)",
        b"(CHANGEDSINCE 9223372036854775808)",
        b"(CHANGEDSINCE)",
        b"(CHANGEDSINCE -1)",
        b"()",
        b"(CHANGEDSINCE 1 CHANGEDSINCE 2)",
        b"(CHANGEDSINCE 1 VANISHED)",
        b"(CHANGEDSINCE 1",
        b"(FOO 1)",
    ],
)
def test_bad_fetch_modifiers(inbox: Any, modifiers: bytes) -> None:
    assert inbox.run(b"FETCH 1 FLAGS " + modifiers)[-1].startswith(b"BAD ")


def test_fetch_that_sets_seen_shows_the_new_one(inbox: Any) -> None:
    inbox.ok(b"FETCH 1 MODSEQ")
    (line,) = (each.partition(b"\r\n")[2] for each in inbox.ok(b"FETCH 1 BODY[HEADER]"))
    assert re.search(rb"FLAGS \(\\Recent \\Seen\) UID 1 MODSEQ \(\d+\)\)\Z", line)
    assert not modseqs(inbox.ok(b"FETCH 1 FLAGS"))


def test_store_shows_what_the_client_cannot_know(inbox: Any) -> None:
    inbox.ok(b"FETCH 1 MODSEQ")
    (line,) = inbox.ok(rb"STORE 1 +FLAGS (\Flagged)")
    assert re.fullmatch(rb"1 FETCH \(FLAGS \(\\Flagged \\Recent\) UID 1 MODSEQ \(\d+\)\)", line)
    (line,) = inbox.ok(rb"STORE 1 +FLAGS.SILENT (\Draft)")
    assert re.fullmatch(rb"1 FETCH \(UID 1 MODSEQ \(\d+\)\)", line)
    assert inbox.ok(rb"STORE 1 +FLAGS.SILENT (\Draft)") == []


def test_unchangedsince_holds(inbox: Any) -> None:
    point = max(modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)")).values())
    lines = inbox.ok(rb"STORE 1:2 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\Deleted)" % point)
    assert sorted(modseqs(lines)) == [1, 2]
    assert not any(b"FLAGS" in line for line in lines)
    # What is so already is no change, and is shown nevertheless.
    assert modseqs(inbox.ok(rb"STORE 3 (UNCHANGEDSINCE %d) -FLAGS.SILENT (\Deleted)" % point)) == {3: point}


def test_unchangedsince_fails_for_what_changed_meanwhile(inbox: Any, second: Any) -> None:
    point = max(modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)")).values())
    second.ok(rb"STORE 2 +FLAGS (\Flagged)")
    *lines, tagged = inbox.run(rb"STORE 1:3 (UNCHANGEDSINCE %d) FLAGS.SILENT (\Deleted)" % point)
    assert tagged.startswith(b"OK [MODIFIED 2] ")
    lines = [line.removeprefix(b"* ") for line in lines]
    assert sorted(modseqs(lines)) == [1, 2, 3]
    assert any(line.startswith(rb"2 FETCH (FLAGS (\Flagged \Recent)") for line in lines)
    assert inbox.ok(b"SEARCH DELETED") == [b"SEARCH 1 3"]
    *_, tagged = inbox.run(rb"UID STORE 1:3 (UNCHANGEDSINCE %d) FLAGS.SILENT ()" % point)
    assert tagged.startswith(b"OK [MODIFIED 1:3] ")


def test_a_change_of_one_flag_is_none_of_another(inbox: Any, second: Any) -> None:
    point = max(modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)")).values())
    second.ok(rb"STORE 1:2 +FLAGS (\Flagged)")
    second.ok(rb"STORE 3 +FLAGS ($MDNSent)")
    tagged = inbox.run(rb"STORE 1 (UNCHANGEDSINCE %d) +FLAGS (\Deleted)" % point)[-1]
    assert tagged.startswith(b"OK STORE")
    tagged = inbox.run(rb"STORE 1:3 (UNCHANGEDSINCE %d) -FLAGS (\Flagged)" % point)[-1]
    assert tagged.startswith(b"OK [MODIFIED 1:2] ")
    # A keyword that a message never had does not exist; a system flag always does.
    tagged = inbox.run(b"STORE 1:3 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)")[-1]
    assert tagged.startswith(b"OK [MODIFIED 3] ")
    tagged = inbox.run(rb"STORE 1:3 (UNCHANGEDSINCE 0) +FLAGS.SILENT (\Draft)")[-1]
    assert tagged.startswith(b"OK [MODIFIED 1:3] ")


def test_messages_that_are_gone_do_not_hide_modified_ones(inbox: Any, second: Any) -> None:
    point = max(modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)")).values())
    second.ok(rb"STORE 3 +FLAGS (\Deleted)")
    second.ok(rb"STORE 2 +FLAGS (\Flagged)")
    second.ok(b"EXPUNGE")
    *lines, tagged = inbox.run(rb"STORE 1:3 (UNCHANGEDSINCE %d) FLAGS (\Seen)" % point)
    assert tagged.startswith(b"NO [MODIFIED 2] ")
    # The removal is older than what was shown: it is held back, and the client must not think it is past it.
    shown = max(modseqs([line.removeprefix(b"* ") for line in lines]).values())
    codes = [int(found[1]) for line in lines if (found := re.match(rb"\* OK \[HIGHESTMODSEQ (\d+)\]", line))]
    assert codes
    assert codes[-1] < shown - 1
    expunge, code = inbox.ok(b"NOOP")
    assert expunge == b"3 EXPUNGE"
    assert code.startswith(b"OK [HIGHESTMODSEQ %d] " % shown)


@pytest.mark.parametrize(
    "command",
    [
        rb"STORE 1 (UNCHANGEDSINCE) FLAGS (\Seen)",
        rb"STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 1) FLAGS (\Seen)",
        rb"STORE 1 (CHANGEDSINCE 1) FLAGS (\Seen)",
        rb"STORE 1 () FLAGS (\Seen)",
        rb"STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS (\Seen)",
        b"SEARCH MODSEQ",
        b"SEARCH MODSEQ x",
        rb'SEARCH MODSEQ "/flags/\\Seen" 5',
        rb'SEARCH MODSEQ "/flags/\\Seen" some 5',
        rb'SEARCH MODSEQ "/other" all 5',
    ],
)
def test_bad_arguments(inbox: Any, command: bytes) -> None:
    assert inbox.run(command)[-1].startswith(b"BAD ")


def test_search_modseq(inbox: Any) -> None:
    known = modseqs(inbox.ok(b"FETCH 1:3 (MODSEQ)"))
    inbox.ok(rb"STORE 2 +FLAGS (\Flagged)")
    top = max(known.values()) + 1
    assert inbox.ok(b"SEARCH MODSEQ %d" % top) == [b"SEARCH 2 (MODSEQ %d)" % top]
    assert inbox.ok(b"UID SEARCH NOT MODSEQ %d 1:2" % top) == [b"SEARCH 1 (MODSEQ %d)" % known[1]]
    assert inbox.ok(b"SEARCH MODSEQ %d" % (top + 1)) == [b"SEARCH"]
    assert inbox.ok(rb'SEARCH MODSEQ "/flags/\\draft" all 0 3') == [b"SEARCH 3 (MODSEQ %d)" % known[3]]
    (line,) = inbox.ok(b"SEARCH RETURN (MIN) MODSEQ 1")
    assert line.endswith(b"MIN 1 MODSEQ %d" % known[1])


def test_expunge_tells_the_new_one(inbox: Any, observer: Any) -> None:
    inbox.ok(b"FETCH 1 MODSEQ")
    inbox.ok(rb"STORE 1:2 +FLAGS.SILENT (\Deleted)")
    assert inbox.run(b"UID EXPUNGE 1")[-1].startswith(b"OK [HIGHESTMODSEQ %d] " % highest(observer))
    assert inbox.run(b"EXPUNGE")[-1].startswith(b"OK [HIGHESTMODSEQ %d] " % highest(observer))
    assert inbox.run(b"EXPUNGE")[-1].startswith(b"OK EXPUNGE")
    before = highest(observer)
    inbox.ok(rb"STORE 1 +FLAGS.SILENT (\Deleted)")
    assert inbox.run(b"CLOSE")[-1].startswith(b"OK CLOSE")
    assert highest(observer) > before + 1


def test_flags_changed_and_changed_back_move_the_mod_sequence(inbox: Any, second: Any) -> None:
    before = modseqs(inbox.ok(b"FETCH 1 (MODSEQ)"))[1]
    second.ok(rb"STORE 1 +FLAGS (\Draft)")
    second.ok(rb"STORE 1 -FLAGS (\Draft)")
    assert modseqs(inbox.ok(b"NOOP"))[1] > before


def test_a_server_without_it_takes_none_of_it(connect: Any) -> None:
    from refmail.variants.imap_session import ImapBaseOnly

    client = connect(session=ImapBaseOnly)
    client.ok(b"LOGIN fred secret")
    client.ok(b"APPEND INBOX {}", b"a: b\r\n\r\n")
    client.ok(b"SELECT INBOX")
    assert not any(b"CLOSED" in line or b"MODSEQ" in line for line in client.ok(b"SELECT INBOX"))
    for command in (b"FETCH 1 MODSEQ", b"SEARCH MODSEQ 1", b"STATUS INBOX (HIGHESTMODSEQ)", b"MOVE 1 INBOX"):
        assert client.run(command)[-1].startswith(b"BAD ")
