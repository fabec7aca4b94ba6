"""SELECT, APPEND, FETCH, STORE, COPY, EXPUNGE, CLOSE in one session."""

from __future__ import annotations

from typing import Any

import pytest

MESSAGE = b"Subject: hi\r\nX-Y: 1\r\n folded\r\n\r\nbody\r\n"


def test_select_shows_what_the_rfc_asks_for(inbox: Any) -> None:
    lines = inbox.ok(b"SELECT INBOX")
    assert b"3 EXISTS" in lines
    assert any(line.startswith(b"FLAGS (") for line in lines)
    for code in (b"UNSEEN 1", b"UIDVALIDITY ", b"UIDNEXT 4", b"PERMANENTFLAGS ("):
        assert any(line.startswith(b"OK [" + code) for line in lines), code


def test_unseen_is_left_out_where_nothing_is_unseen(inbox: Any) -> None:
    inbox.ok(rb"STORE 1:3 +FLAGS.SILENT \Seen")
    assert not any(b"[UNSEEN" in line for line in inbox.ok(b"SELECT INBOX"))


def test_a_failed_select_leaves_the_mailbox(inbox: Any) -> None:
    assert inbox.run(b"SELECT nowhere")[-1].startswith(b"NO ")
    assert inbox.run(b"FETCH 1 FLAGS")[-1].startswith(b"BAD ")


def test_a_select_that_cannot_be_parsed_keeps_the_mailbox(inbox: Any) -> None:
    assert inbox.run(b"SELECT")[-1].startswith(b"BAD ")
    assert len(inbox.ok(b"FETCH 1:3 FLAGS")) == 3


def test_recent_is_told_to_the_first_session_only(inbox: Any, connect: Any) -> None:
    assert rb"\Recent" in inbox.ok(b"FETCH 1 FLAGS")[0]
    other = connect()
    other.ok(b"LOGIN fred secret")
    assert b"0 RECENT" in other.ok(b"SELECT INBOX")


def test_examine_changes_nothing(fred: Any, connect: Any) -> None:
    fred.ok(b"APPEND INBOX {}", MESSAGE)
    *lines, tagged = fred.run(b"EXAMINE INBOX")
    assert tagged.startswith(b"OK [READ-ONLY]")
    assert b"* 1 RECENT" in lines
    assert any(b"[PERMANENTFLAGS ()]" in line for line in lines)
    assert rb"\Recent" in fred.ok(b"FETCH 1 FLAGS")[0]
    assert b"FLAGS" not in fred.ok(b"FETCH 1 BODY[]")[0]
    for command in (rb"STORE 1 +FLAGS \Seen", b"EXPUNGE", b"UID EXPUNGE 1"):
        assert fred.run(command)[-1].startswith(b"NO ")
    fred.ok(b"CLOSE")
    other = connect()
    other.ok(b"LOGIN fred secret")
    assert b"1 RECENT" in other.ok(b"SELECT INBOX")


def test_append_keeps_flags_date_and_octets(fred: Any) -> None:
    date = b'" 7-Feb-1994 21:52:25 -0830"'
    fred.ok(b"APPEND INBOX (\\seen $Custom) %s {}" % date, MESSAGE)
    fred.ok(b"SELECT INBOX")
    line = fred.ok(b"FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")[0]
    assert rb"\Seen" in line
    assert b"$Custom" in line
    assert b"INTERNALDATE " + date in line
    assert b"RFC822.SIZE %d" % len(MESSAGE) in line
    assert b"BODY[] {%d}\r\n%s" % (len(MESSAGE), MESSAGE) in line


def test_append_to_the_selected_mailbox_is_told_at_once(inbox: Any) -> None:
    assert inbox.ok(b"APPEND INBOX {}", MESSAGE)[0].startswith(b"4 EXISTS")


@pytest.mark.parametrize(
    "arguments",
    [
        b"INBOX (\\Recent) {}",
        b'INBOX "31-Feb-2000 00:00:00 +0000" {}',
        b'INBOX "1-Feb-2000 00:00:00 +0000" {}',
        b'INBOX "01-Feb-2000 24:00:00 +0000" {}',
        b'INBOX "01-Feb-2000 00:00:00 +0060" {}',
        b"INBOX () () {}",
    ],
)
def test_bad_arguments_of_append(fred: Any, arguments: bytes) -> None:
    assert fred.run(b"APPEND " + arguments, MESSAGE)[-1].startswith(b"BAD ")
    assert fred.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 0)"]


def test_trycreate(inbox: Any) -> None:
    assert inbox.run(b"APPEND nowhere {}", MESSAGE)[-1].startswith(b"NO [TRYCREATE] ")
    assert inbox.run(b"COPY 1 nowhere")[-1].startswith(b"NO [TRYCREATE] ")
    assert inbox.run(b"UID COPY 1 nowhere")[-1].startswith(b"NO [TRYCREATE] ")


def test_seen_is_implied_and_shown(inbox: Any) -> None:
    assert b"FLAGS" not in inbox.ok(b"FETCH 1 (BODY.PEEK[] RFC822.HEADER)")[0]
    assert rb"\Seen" in inbox.ok(b"FETCH 1 BODY[]")[0]
    assert b"FLAGS" not in inbox.ok(b"FETCH 1 BODY[]")[0]
    assert rb"\Seen" in inbox.ok(b"FETCH 2 RFC822.TEXT")[0]
    assert rb"\Seen" in inbox.ok(b"UID FETCH 3 (FLAGS RFC822)")[0]


@pytest.mark.parametrize(
    ("item", "octets"),
    [
        (b"BODY[HEADER]", b"Subject: hi\r\nX-Y: 1\r\n folded\r\n\r\n"),
        (b"BODY[TEXT]", b"body\r\n"),
        (b"BODY[1]", b"body\r\n"),
        (b"BODY[1.MIME]", b"Subject: hi\r\nX-Y: 1\r\n folded\r\n\r\n"),
        (b"BODY[HEADER.FIELDS (x-y)]", b"X-Y: 1\r\n folded\r\n\r\n"),
        (b"BODY[HEADER.FIELDS (none)]", b"\r\n"),
        (b"BODY[HEADER.FIELDS.NOT (x-y)]", b"Subject: hi\r\n\r\n"),
        (b"RFC822", MESSAGE),
        (b"RFC822.TEXT", b"body\r\n"),
    ],
)
def test_sections(fred: Any, item: bytes, octets: bytes) -> None:
    fred.ok(b"APPEND INBOX {}", MESSAGE)
    fred.ok(b"EXAMINE INBOX")
    assert fred.ok(b"FETCH 1 " + item)[0] == b"1 FETCH (%s {%d}\r\n%s)" % (item, len(octets), octets)


@pytest.mark.parametrize("section", [b"[2]", b"[1.1]", b"[1.HEADER]", b"[1.TEXT]", b"[2.MIME]<0.5>"])
def test_parts_that_do_not_exist_are_nil(inbox: Any, section: bytes) -> None:
    answered = section.replace(b"<0.5>", b"<0>")
    assert inbox.ok(b"FETCH 1 BODY.PEEK" + section) == [b"1 FETCH (BODY%s NIL)" % answered]


def test_partials(inbox: Any) -> None:
    assert b"BODY[]<0> {3}\r\nSub" in inbox.ok(b"FETCH 1 BODY[]<0.3>")[0]
    assert b"BODY[]<7> {0}\r\n" not in inbox.ok(b"FETCH 1 BODY[]<7.3>")[0]
    assert b"BODY[]<9999> {0}\r\n" in inbox.ok(b"FETCH 1 BODY[]<9999.3>")[0]
    assert inbox.run(b"FETCH 1 BODY[]<0.0>")[-1].startswith(b"BAD ")


@pytest.mark.parametrize(
    "arguments",
    [b"1 ()", b"1 (ALL)", b"1 (FLAGS  UID)", b"0 FLAGS", b"1:0 FLAGS", b"01 FLAGS", b"4 FLAGS", b"4:* FLAGS", b"1, FLAGS",
     b"4294967296 FLAGS", b"1 BODY[MIME]", b"1 BODY[0]", b"1 BODY[1.]", b"1 BODY[HEADER.FIELDS ()]", b"1 BODY.PEEK", b"1 X",
     b"1,$ FLAGS", b"1 FLAGS UID"],
)  # fmt: skip
def test_bad_arguments_of_fetch(inbox: Any, arguments: bytes) -> None:
    assert inbox.run(b"FETCH " + arguments)[-1].startswith(b"BAD ")


def test_sets_are_unordered_and_overlap(inbox: Any) -> None:
    assert len(inbox.ok(b"FETCH *:2,2,3 FLAGS")) == 2
    assert inbox.ok(b"FETCH * UID") == [b"3 FETCH (UID 3)"]
    assert inbox.ok(b"UID FETCH 4294967295:* UID") == [b"3 FETCH (UID 3)"]
    assert inbox.ok(b"UID FETCH 77 FLAGS") == []


def test_macros(inbox: Any) -> None:
    line = inbox.ok(b"FETCH 1 FULL")[0]
    assert all(item in line for item in (b"FLAGS (", b"INTERNALDATE ", b"RFC822.SIZE ", b"ENVELOPE (", b"BODY ("))
    assert b"ENVELOPE" not in inbox.ok(b"FETCH 1 FAST")[0]


def test_uid_fetch_always_shows_the_uid(inbox: Any) -> None:
    assert inbox.ok(b"UID FETCH 2 FLAGS")[0].startswith(b"2 FETCH (UID 2 FLAGS (")


def test_store(inbox: Any) -> None:
    assert inbox.ok(rb"STORE 1 FLAGS (\Seen)") == [rb"1 FETCH (FLAGS (\Recent \Seen))"]
    assert inbox.ok(rb"STORE 1 +FLAGS \Draft \Answered") == [rb"1 FETCH (FLAGS (\Answered \Draft \Recent \Seen))"]
    assert inbox.ok(rb"STORE 1 -FLAGS (\Answered)") == [rb"1 FETCH (FLAGS (\Draft \Recent \Seen))"]
    assert inbox.ok(b"STORE 1 FLAGS ()") == [rb"1 FETCH (FLAGS (\Recent))"]
    assert inbox.ok(rb"STORE 1:2 +FLAGS.SILENT (\Seen)") == []
    assert inbox.ok(b"NOOP") == []
    assert inbox.ok(rb"UID STORE 2,9 -FLAGS \Seen") == [rb"2 FETCH (FLAGS (\Recent) UID 2)"]
    assert inbox.run(rb"STORE 1 FLAGS (\Recent)")[-1].startswith(b"BAD ")
    assert inbox.run(rb"STORE 1 FLAGS \*")[-1].startswith(b"BAD ")
    assert inbox.run(rb"STORE 1 FLAGS.LOUD ()")[-1].startswith(b"BAD ")


def test_keywords_are_announced_before_they_are_shown(inbox: Any) -> None:
    flags, _, fetch = inbox.ok(b"STORE 1 +FLAGS (Label)")
    assert flags.startswith(b"FLAGS (")
    assert b"Label" in flags
    assert b"Label" in fetch
    assert inbox.ok(b"STORE 2 +FLAGS LABEL")[0].endswith(b"(Label \\Recent))")


def test_unknown_system_flags_are_ignored(inbox: Any) -> None:
    assert inbox.ok(rb"STORE 1 +FLAGS (\Unheard)") == [rb"1 FETCH (FLAGS (\Recent))"]


def test_expunge(inbox: Any) -> None:
    inbox.ok(rb"STORE 1,3 +FLAGS.SILENT (\Deleted)")
    assert inbox.ok(b"EXPUNGE") == [b"3 EXPUNGE", b"1 EXPUNGE"]
    assert inbox.ok(b"FETCH 1 UID") == [b"1 FETCH (UID 2)"]


def test_close_expunges_without_telling(inbox: Any) -> None:
    inbox.ok(rb"STORE 2 +FLAGS.SILENT (\Deleted)")
    assert inbox.ok(b"CLOSE") == []
    assert inbox.run(b"CLOSE")[-1].startswith(b"BAD ")
    assert inbox.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 2)"]


def test_selecting_anew_expunges_nothing(inbox: Any) -> None:
    inbox.ok(rb"STORE 2 +FLAGS.SILENT (\Deleted)")
    assert b"3 EXISTS" in inbox.ok(b"SELECT INBOX")


def test_copy_keeps_flags_and_date(inbox: Any) -> None:
    inbox.ok(rb"STORE 1 +FLAGS.SILENT (\Flagged word)")
    inbox.ok(b"CREATE copies")
    before = inbox.ok(b"FETCH 1 (INTERNALDATE BODY.PEEK[])")
    inbox.ok(b"COPY 1,3 copies")
    inbox.ok(b"UID COPY 2,99 copies")
    assert b"3 EXISTS" in inbox.ok(b"SELECT copies")
    assert inbox.ok(b"FETCH 1 (INTERNALDATE BODY.PEEK[])") == before
    assert inbox.ok(b"FETCH 1 FLAGS") == [rb"1 FETCH (FLAGS (\Flagged \Recent word))"]


def test_nul_octets_are_never_sent(fred: Any, store: Any) -> None:
    store.deliver("fred", b"Subject: a\0b\r\n\r\nc\0d\r\n")
    fred.ok(b"SELECT INBOX")
    fred.ok(b"FETCH 1 (ENVELOPE BODY[] BODYSTRUCTURE)")
    assert b"\0" not in fred.received
