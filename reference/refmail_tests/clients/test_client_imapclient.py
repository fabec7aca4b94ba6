"""imapclient: the extensions a mail reader uses, in the order in which Thunderbird and the like use them."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Generator
from typing import Any, Protocol

import pytest

from refmail_tests.clients.letters import letter
from refmail_tests.clients.room import PASSWORDS, Room

imapclient: Any = pytest.importorskip(
    "imapclient", reason="not run: imapclient comes with `python -m refmail_tests.clients`"
)


MIME = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"


class Connect(Protocol):
    """How a test gets a client."""

    def __call__(self, tls: str = "implicit", *, login: bool = True) -> Any: ...


@pytest.fixture
def connect(room: Room) -> Generator[Connect]:
    """A function that connects; what it made is closed at the end."""
    context = ssl.create_default_context(cafile=str(room.authority))
    with contextlib.ExitStack() as clients:

        def make(tls: str = "implicit", *, login: bool = True) -> Any:
            implicit = tls == "implicit"
            port = room.port("imap", tls)
            client = imapclient.IMAPClient(room.host, port, ssl=implicit, ssl_context=context if implicit else None)
            clients.enter_context(client)
            if tls == "starttls":
                client.starttls(context)
            if login:
                client.login("bob", PASSWORDS["bob"])
            return client

        yield make


@pytest.mark.parametrize("tls", ["clear", "starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN"])
def test_imapclient_fetches(room: Room, connect: Connect, tls: str, mechanism: str) -> None:
    (uid,) = room.put(letter("one"))
    client = connect(tls, login=mechanism == "LOGIN")
    if mechanism == "PLAIN":
        client.plain_login("bob", PASSWORDS["bob"])
    selected = client.select_folder("INBOX")
    assert (selected[b"EXISTS"], selected[b"UIDNEXT"]) == (1, uid + 1)
    found = client.fetch([uid], ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "INTERNALDATE", "FLAGS", "BODY.PEEK[]"])[
        uid
    ]
    assert found[b"BODY[]"] == letter("one")
    assert found[b"RFC822.SIZE"] == len(letter("one"))
    assert found[b"ENVELOPE"].subject == b"one"
    assert [each.lower() for each in found[b"BODYSTRUCTURE"][:2]] == [b"text", b"plain"]
    assert found[b"FLAGS"] in {(), (rb"\Recent",)}


def test_imapclient_begins_as_a_mail_reader_does(room: Room, connect: Connect) -> None:
    """ID, NAMESPACE, the list of mailboxes with their uses, what each holds, and the quota."""
    client = connect()
    assert client.id_({"name": "reader", "version": "1"})
    assert client.namespace().personal[0][0] in {"", b""}
    listed = {name: flags for flags, _, name in client.list_folders()}
    assert {rb"\Sent", rb"\Drafts", rb"\Trash"} <= {flag for flags in listed.values() for flag in flags}
    assert client.find_special_folder(rb"\Sent") == "Sent"
    for name in listed:
        assert set(client.folder_status(name, ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "HIGHESTMODSEQ"])) >= {
            b"MESSAGES",
            b"HIGHESTMODSEQ",
        }
    client.get_quota_root("INBOX")
    assert client.enable("CONDSTORE") in ([b"CONDSTORE"], [])


def test_imapclient_waits_for_mail_by_idle(room: Room, connect: Connect) -> None:
    client = connect()
    client.select_folder("INBOX")
    client.idle()
    (uid,) = room.put(letter("arrived"))
    told: list[Any] = client.idle_check(timeout=10)
    while (1, b"EXISTS") not in told:
        more = client.idle_check(timeout=10)
        assert more, f"IDLE told only {told}"
        told += more
    client.idle_done()
    assert client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"] == letter("arrived")
    client.idle()
    room.mailbox().change_flags([uid], "add", [rb"\Flagged"])
    room.mailbox().expunge([uid])
    told = client.idle_check(timeout=10)
    while (1, b"EXPUNGE") not in told:
        more = client.idle_check(timeout=10)
        assert more, f"IDLE told only {told}"
        told += more
    client.idle_done()


def test_imapclient_keeps_up_by_condstore(room: Room, connect: Connect) -> None:
    uids = room.put(*(letter(str(number)) for number in range(5)))
    client = connect()
    before = client.select_folder("INBOX")[b"HIGHESTMODSEQ"]
    room.mailbox().change_flags([uids[2]], "add", [rb"\Answered"])
    changed = client.fetch(uids, ["FLAGS"], [f"CHANGEDSINCE {before}"])
    assert set(changed) == {uids[2]}
    assert client.search(["MODSEQ", str(before + 1)]) == [uids[2]]


def test_imapclient_moves_copies_and_expunges(room: Room, connect: Connect) -> None:
    uids = room.put(*(letter(str(number)) for number in range(5)))
    client = connect()
    client.select_folder("INBOX")
    client.move([uids[0]], "Trash")
    client.copy([uids[1], uids[2]], "Sent")
    client.add_flags([uids[1], uids[3]], [imapclient.DELETED])
    client.expunge([uids[3]])
    assert room.letters() == [letter("1"), letter("2"), letter("4")]
    assert room.letters(name="Trash") == [letter("0")]
    assert room.letters(name="Sent") == [letter("1"), letter("2")]
    client.expunge()
    assert room.letters() == [letter("2"), letter("4")]
    client.unselect_folder()


def test_imapclient_sorts_searches_and_threads(room: Room, connect: Connect) -> None:
    def reply(number: int) -> bytes:
        head = f"From: a@b.test\r\nSubject: {'Re: ' if number else ''}topic\r\nMessage-ID: <{number}@b.test>\r\n"
        parent = f"In-Reply-To: <{number - 1}@b.test>\r\n" if number else ""
        return f"{head}{parent}Date: Mon, 23 Nov 2026 12:0{9 - number}:00 +0000\r\n{MIME}\r\nü {number}\r\n".encode()

    uids = room.put(*(reply(number) for number in range(4)))
    client = connect()
    client.select_folder("INBOX")
    assert client.sort(["DATE"]) == uids[::-1]
    assert client.sort(["REVERSE DATE"], ["SUBJECT", "topic"]) == uids
    assert client.thread("REFERENCES") == (tuple(uids),)
    assert len(client.thread("ORDEREDSUBJECT")) == 1
    assert client.search(["TEXT", "ü 3"], "UTF-8") == [uids[3]]
    assert client.search(["NOT", ["HEADER", "In-Reply-To", "@"]]) == [uids[0]]


def test_imapclient_appends_drafts_and_manages_mailboxes(room: Room, connect: Connect) -> None:
    client = connect()
    client.append("Drafts", letter("draft"), [imapclient.DRAFT, "$Label1"])
    # Its multiappend() writes two spaces before the second literal, where RFC 3502 has one: it is refused.
    assert room.letters(name="Drafts") == [letter("draft")]
    assert room.kept(name="Drafts")[0].flags == {rb"\Draft", b"$Label1"}
    client.create_folder("Entwürfe & mehr/2026")
    client.subscribe_folder("Entwürfe & mehr/2026")
    assert [name for _, _, name in client.list_sub_folders()] == ["Entwürfe & mehr/2026"]
    client.rename_folder("Entwürfe & mehr/2026", "Alt")
    assert "Alt" in room.mailboxes()
    client.delete_folder("Alt")
    assert "Alt" not in room.mailboxes()


def test_imapclient_two_readers_see_each_others_changes(room: Room, connect: Connect) -> None:
    uids = room.put(letter("one"), letter("two"))
    first, second = connect(), connect()
    first.select_folder("INBOX")
    second.select_folder("INBOX")
    first.add_flags([uids[0]], [imapclient.FLAGGED])
    second.noop()
    assert imapclient.FLAGGED in second.get_flags([uids[0]])[uids[0]]
    second.delete_messages([uids[1]])
    second.expunge()
    assert (2, b"EXPUNGE") in first.noop()[1]
    assert first.search() == [uids[0]]


def test_imapclient_wrong_password(room: Room, connect: Connect) -> None:
    room.expect("imap LOGIN: NO")
    client = connect("starttls", login=False)
    with pytest.raises(imapclient.exceptions.LoginError):
        client.login("bob", "wrong")
