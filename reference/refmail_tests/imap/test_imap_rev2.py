"""IMAP4rev2 (RFC 9051), which a client enables."""

from __future__ import annotations

from typing import Any

import pytest

from refmail.store.memory import MemoryStore


@pytest.fixture
def rev2(fred: Any) -> Any:
    """A client that has enabled IMAP4rev2."""
    assert fred.ok(b"ENABLE imap4REV2") == [b"ENABLED IMAP4rev2"]
    return fred


@pytest.fixture
def selected(rev2: Any) -> Any:
    """The same with three messages in INBOX, selected."""
    for number in (1, 2, 3):
        rev2.ok(b"APPEND INBOX {}", b"Subject: number %d\r\n\r\nbody %d\r\n" % (number, number))
    rev2.ok(b"SELECT INBOX")
    return rev2


def test_both_revisions_are_offered_before_and_after_login(connect: Any) -> None:
    client = connect()
    assert {b"IMAP4rev1", b"IMAP4rev2"} <= set(client.ok(b"CAPABILITY")[0].split())
    client.ok(b"LOGIN fred secret")
    assert {b"IMAP4rev1", b"IMAP4rev2"} <= set(client.ok(b"CAPABILITY")[0].split())


def test_nothing_changes_until_it_is_enabled(inbox: Any) -> None:
    assert any(line.endswith(b" RECENT") for line in inbox.ok(b"SELECT INBOX"))
    assert inbox.ok(b"SEARCH ALL") == [b"SEARCH 1 2 3"]
    assert inbox.run('CREATE "ä"'.encode())[-1].startswith(b"BAD ")
    inbox.ok(b'LSUB "" *')


def test_select_answers_with_list_and_without_recent(selected: Any) -> None:
    selected.ok(b"SUBSCRIBE INBOX")
    lines = selected.ok(b"SELECT inbox")
    assert rb'LIST (\HasNoChildren \Subscribed) "/" INBOX ("OLDNAME" (inbox))' in lines
    assert lines[0].startswith(b"OK [CLOSED] ")
    assert b"3 EXISTS" in lines
    assert not any(b"RECENT" in line or b"[UNSEEN" in line for line in lines)
    assert {line.split()[1] for line in lines if line.startswith(b"OK [")} >= {b"[UIDNEXT", b"[UIDVALIDITY"}
    assert rb'LIST (\HasNoChildren \Subscribed) "/" INBOX' in selected.ok(b"EXAMINE INBOX")
    assert selected.run(b"SELECT none")[-1].startswith(b"NO ")


def test_search_answers_with_esearch(selected: Any) -> None:
    assert selected.ok(b"SEARCH ALL")[0].endswith(b" ALL 1:3")
    assert selected.ok(b"SEARCH ALL")[0].startswith(b'ESEARCH (TAG "')
    assert b" UID ALL 2" in selected.ok(b"UID SEARCH 2")[0]
    assert selected.ok(b"SEARCH SUBJECT nothing")[0].startswith(b'ESEARCH (TAG "')
    assert b" COUNT 3" in selected.ok(b"SEARCH RETURN (COUNT) ALL")[0]
    assert selected.ok(b"SEARCH RETURN (SAVE) 2:3") == []
    assert len(selected.ok(b"FETCH $ UID")) == 2


def test_search_strings_are_utf8(selected: Any) -> None:
    selected.ok(b"APPEND INBOX {}", "Subject: Grüße\r\n\r\nx\r\n".encode())
    assert selected.ok('SEARCH SUBJECT "grüße"'.encode())[0].endswith(b" ALL 4")
    assert selected.ok(b"SEARCH SUBJECT {}", "grüße".encode())[0].endswith(b" ALL 4")
    assert selected.run(b'SEARCH SUBJECT "\xff"')[-1].startswith(b"BAD ")


def test_changes_are_told_with_their_uid_and_without_recent(selected: Any, store: MemoryStore) -> None:
    mailbox = store.open("fred", "INBOX")
    mailbox.expunge([1])
    mailbox.change_flags([2], "add", [rb"\Seen"])
    store.deliver("fred", b"x: y\r\n\r\n")
    assert selected.ok(b"NOOP") == [b"1 EXPUNGE", b"3 EXISTS", rb"1 FETCH (FLAGS (\Seen) UID 2)"]
    assert selected.ok(b"FETCH 3 FLAGS") == [b"3 FETCH (FLAGS ())"]


@pytest.mark.parametrize(
    "command",
    [b'LSUB "" *', b"CHECK", b"STATUS INBOX (RECENT)", b'LIST "" * RETURN (STATUS (RECENT))', b"FETCH 1 RFC822",
     b"UID FETCH 1 (UID RFC822.TEXT)", b"FETCH 1 RFC822.HEADER"],
)  # fmt: skip
def test_what_is_gone(selected: Any, command: bytes) -> None:
    assert selected.run(command)[-1].startswith(b"BAD ")


def test_what_is_still_there(selected: Any) -> None:
    assert selected.ok(b"STATUS INBOX (MESSAGES SIZE DELETED UIDNEXT UNSEEN)")[0].startswith(
        b"STATUS INBOX (MESSAGES 3 SIZE "
    )
    assert selected.ok(b"FETCH 1 RFC822.SIZE") == [b"1 FETCH (RFC822.SIZE 29)"]
    assert selected.ok(b'LIST "" ""') == [rb'LIST (\Noselect) "/" ""']
    for command in (b"NAMESPACE", b"UNSELECT"):
        selected.ok(command)


def test_names_are_utf8(rev2: Any, connect: Any) -> None:
    rev2.ok('CREATE "Entwürfe & mehr/日本"'.encode())
    rev2.ok(b"CREATE {}", "台北".encode())
    rev2.ok(b"CREATE &Jjo-")
    assert rev2.ok('STATUS "台北" (MESSAGES)'.encode()) == ['STATUS "台北" (MESSAGES 0)'.encode()]
    assert rev2.ok('LIST "" "E%/日*"'.encode()) == ['LIST (\\HasNoChildren) "/" "Entwürfe & mehr/日本"'.encode()]
    assert rev2.ok(b'LIST "" &*') == [rb'LIST (\HasNoChildren) "/" &Jjo-']
    assert rev2.ok('GETQUOTAROOT "台北"'.encode()) == ['QUOTAROOT "台北"'.encode()]
    rev2.ok('SELECT "台北"'.encode())
    old = connect()
    old.ok(b"LOGIN fred secret")
    assert b"&U,BTFw-" in b" ".join(old.ok(b'LIST "" &U,BTFw-'))
    assert old.ok(b'LIST "" "&-Jjo-"') == [rb'LIST (\HasNoChildren) "/" &-Jjo-']


@pytest.mark.parametrize("name", [b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"'])
def test_names_that_are_not_utf8(rev2: Any, name: bytes) -> None:
    assert rev2.run(b"CREATE " + name)[-1].startswith(b"BAD ")
    assert rev2.run(b'LIST "" ' + name)[-1].startswith(b"BAD ")


def test_names_that_are_not_normalised(rev2: Any) -> None:
    assert rev2.run('CREATE "a\u0308"'.encode())[-1].startswith(b"NO [CANNOT] ")
    rev2.ok(b"CREATE a")
    assert rev2.run('RENAME a "a\u0308"'.encode())[-1].startswith(b"NO [CANNOT] ")
    rev2.ok('RENAME a "\u00e4"'.encode())


def test_rename_says_the_old_name(rev2: Any) -> None:
    rev2.ok(b"CREATE old/child")
    rev2.ok(b"SUBSCRIBE new")
    assert rev2.ok(b"RENAME old new") == [rb'LIST (\HasChildren \Subscribed) "/" new ("OLDNAME" (old))']
    assert rev2.ok(b"RENAME INBOX post") == []


def test_a_level_that_is_no_mailbox(rev2: Any) -> None:
    rev2.ok(b"CREATE a/b")
    rev2.ok(b"DELETE a")
    assert rev2.ok(b'LIST "" a') == [rb'LIST (\NonExistent \HasChildren) "/" a']
