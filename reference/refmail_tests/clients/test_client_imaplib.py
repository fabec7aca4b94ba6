"""Python's imaplib: every command it has a method for."""

from __future__ import annotations

import imaplib
import ssl

import pytest

from refmail_tests.clients.letters import letter
from refmail_tests.clients.room import PASSWORDS, Room


def connect(room: Room, tls: str) -> imaplib.IMAP4:
    context = ssl.create_default_context(cafile=str(room.authority))
    if tls == "implicit":
        return imaplib.IMAP4_SSL(room.host, room.port("imap", tls), ssl_context=context)
    client = imaplib.IMAP4(room.host, room.port("imap", tls))
    if tls == "starttls":
        client.starttls(context)
    return client


def plain(_challenge: bytes) -> bytes:
    return b"\0bob\0" + PASSWORDS["bob"].encode()


@pytest.mark.parametrize("tls", ["clear", "starttls", "implicit"])
@pytest.mark.parametrize("way", ["LOGIN", "PLAIN", "CRAM-MD5"])
def test_imaplib_logs_in_and_fetches(room: Room, tls: str, way: str) -> None:
    (uid,) = room.put(letter("fetched"))
    with connect(room, tls) as client:
        if way == "LOGIN":
            client.login("bob", PASSWORDS["bob"])
        elif way == "PLAIN":
            client.authenticate("PLAIN", plain)
        else:
            client.login_cram_md5("bob", PASSWORDS["bob"])
        assert client.select() == ("OK", [b"1"])
        status, data = client.uid("FETCH", str(uid), "(BODY[])")
        assert status == "OK"
        assert isinstance(data[0], tuple)
        assert data[0][1] == letter("fetched")
    assert room.kept()[0].flags == {rb"\Seen"}


def test_imaplib_wrong_password(room: Room) -> None:
    room.expect("imap LOGIN: NO")
    with connect(room, "starttls") as client, pytest.raises(imaplib.IMAP4.error):
        client.login("bob", "wrong")


def test_imaplib_walks_through_its_commands(room: Room) -> None:
    with connect(room, "implicit") as client:
        client.login("bob", PASSWORDS["bob"])
        assert client.create("Work/Entw&APw-rfe")[0] == "OK"
        assert "Work/Entwürfe" in room.mailboxes()
        assert client.subscribe("Work/Entw&APw-rfe")[0] == "OK"
        assert b"Entw&APw-rfe" in b"".join(line for line in client.lsub()[1] if isinstance(line, bytes))
        assert client.rename("Work/Entw&APw-rfe", "Work/Old")[0] == "OK"
        assert (
            client.append("Work/Old", r"(\Flagged $Later)", '"01-Jan-2026 10:00:00 +0100"', letter("appended"))[0]
            == "OK"
        )
        (kept,) = room.kept(name="Work/Old")
        assert kept.octets == letter("appended")
        assert kept.flags == {rb"\Flagged", b"$Later"}
        assert client.status("Work/Old", "(MESSAGES UNSEEN)")[1] == [b"Work/Old (MESSAGES 1 UNSEEN 1)"]
        client.select("Work/Old")
        assert client.search(None, "FLAGGED", "KEYWORD", "$Later")[1] == [b"1"]
        assert client.sort("(REVERSE DATE)", "UTF-8", "ALL")[1] == [b"1"]
        assert client.thread("REFERENCES", "UTF-8", "ALL")[1] == [b"(1)"]
        assert client.copy("1", "INBOX")[0] == "OK"
        assert client.store("1", "+FLAGS", r"(\Deleted)")[0] == "OK"
        assert client.check()[0] == "OK"
        assert client.expunge() == ("OK", [b"1"])
        assert client.close()[0] == "OK"
        assert client.delete("Work/Old")[0] == "OK"
        assert client.namespace()[0] == "OK"
        assert client.getquotaroot("INBOX")[0] == "OK"
        assert client.enable("CONDSTORE")[0] == "OK"
        assert client.select("INBOX", readonly=True)[0] == "OK"
        assert client.unselect()[0] == "OK"
        assert client.noop()[0] == "OK"
    assert room.letters() == [letter("appended")]
    assert room.kept()[0].flags == {rb"\Flagged", b"$Later"}
