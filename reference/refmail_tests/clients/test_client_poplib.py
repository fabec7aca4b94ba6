"""Python's poplib: every command it has a method for."""

from __future__ import annotations

import poplib
import ssl

import pytest

from refmail_tests.clients.letters import letter
from refmail_tests.clients.room import PASSWORDS, Room


def connect(room: Room, tls: str) -> poplib.POP3:
    context = ssl.create_default_context(cafile=str(room.authority))
    if tls == "implicit":
        return poplib.POP3_SSL(room.host, room.port("pop3", tls), context=context)
    client = poplib.POP3(room.host, room.port("pop3", tls))
    if tls == "starttls":
        client.stls(context)
    return client


def log_in(client: poplib.POP3, way: str = "USER") -> None:
    if way == "USER":
        client.user("bob")
        client.pass_(PASSWORDS["bob"])
    else:
        client.apop("bob", PASSWORDS["bob"])


def octets_of(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize("tls", ["clear", "starttls", "implicit"])
@pytest.mark.parametrize("way", ["USER", "APOP"])
def test_poplib_fetches(room: Room, tls: str, way: str) -> None:
    room.put(letter("one"), letter("two"))
    client = connect(room, tls)
    log_in(client, way)
    count, size = client.stat()
    assert (count, size) == (2, len(letter("one")) + len(letter("two")))
    assert octets_of(client.retr(2)[1]) == letter("two")
    client.quit()
    assert room.letters() == [letter("one"), letter("two")]


def test_poplib_deletes_what_quit_confirms(room: Room) -> None:
    room.put(letter("one"), letter("two"), letter("three"))
    client = connect(room, "starttls")
    log_in(client)
    before = client.uidl()[1]
    client.dele(1)
    client.rset()
    client.dele(2)
    assert client.list()[1] == [b"%d %d" % (number, len(letter(name))) for number, name in [(1, "one"), (3, "three")]]
    client.close()  # without QUIT nothing is deleted
    client = connect(room, "implicit")
    log_in(client)
    assert client.uidl()[1] == before
    client.dele(2)
    client.quit()
    assert room.letters() == [letter("one"), letter("three")]


def test_poplib_top_capa_and_noop(room: Room) -> None:
    room.put(letter("one"))
    client = connect(room, "starttls")
    assert "STLS" not in client.capa()
    assert client.utf8().startswith(b"+OK")
    log_in(client)
    assert {"TOP", "UIDL", "PIPELINING"} <= set(client.capa())
    head, _, body = letter("one").partition(b"\r\n\r\n")
    assert octets_of(client.top(1, 3)[1]) == head + b"\r\n\r\n" + b"".join(body.splitlines(keepends=True)[:3])
    assert client.noop().startswith(b"+OK")
    listed: object = client.list(1)  # of a single message it returns the line, whatever its type says
    assert listed == b"+OK 1 %d" % len(letter("one"))
    client.quit()


def test_poplib_wrong_password_and_a_second_session(room: Room) -> None:
    room.expect("PASS: -ERR")
    client = connect(room, "starttls")
    client.user("bob")
    with pytest.raises(poplib.error_proto):
        client.pass_("wrong")
    log_in(client)
    second = connect(room, "starttls")
    second.user("bob")
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        second.pass_(PASSWORDS["bob"])
    second.quit()
    client.quit()
