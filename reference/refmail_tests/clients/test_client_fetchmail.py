"""fetchmail: takes mail away by POP3 and IMAP, or leaves it and knows by UIDL what it has."""

from __future__ import annotations

import pytest

from refmail_tests.clients.desk import Desk, Done
from refmail_tests.clients.letters import letter, without_trace
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {
    "clear": 'sslproto ""',
    "starttls": "sslproto tls1.2+ sslcertck sslcertfile ca.pem",
    "implicit": "ssl sslproto tls1.2+ sslcertck sslcertfile ca.pem",
}
#: Exit codes of its manual.
NOTHING, DENIED = 1, 3


def fetchmail(
    room: Room,
    desk: Desk,
    service: str,
    options: str,
    *arguments: str,
    tls: str = "starttls",
    protocol: str = "",
    server: str = "",
    password: str = PASSWORDS["bob"],
) -> Done:
    # Its message goes to a program, which keeps each in a file of its own; the names sort in the order of arrival.
    desk.write("keep.sh", "n=$(ls | grep -c ^got); cat > got$(printf %03d $n)\n")
    desk.write(
        ".fetchmailrc",
        f"poll {room.host} protocol {protocol or service} port {room.port(service, tls)} {server}"
        f' user bob password "{password}" {TLS[tls]} {options} no rewrite mda "/bin/sh keep.sh"\n',
    )
    return desk.run("fetchmail", "--verbose", "--invisible", "--pidfile", "fetchmail.pid", *arguments)


def got(desk: Desk) -> list[bytes]:
    """Return what was fetched, in order."""
    return [without_trace(path.read_bytes()) for path in sorted(desk.folder.glob("got*"))]


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("protocol", ["pop3", "apop", "imap"])
def test_fetchmail_takes_everything_away(room: Room, desk: Desk, tls: str, protocol: str) -> None:
    letters = [letter("one"), letter("two"), letter("three")]
    room.put(*letters)
    service = "imap" if protocol == "imap" else "pop3"
    fetchmail(room, desk, service, "fetchall nokeep", tls=tls, protocol=protocol).ok()
    assert got(desk) == letters
    assert room.letters() == []
    assert fetchmail(room, desk, service, "fetchall nokeep", tls=tls, protocol=protocol).code == NOTHING


@pytest.mark.parametrize("way", ["password", "cram-md5"])
def test_fetchmail_logs_in_by_imap(room: Room, desk: Desk, way: str) -> None:
    room.put(letter("one"))
    fetchmail(room, desk, "imap", "fetchall nokeep", server=f"auth {way}").ok()
    assert got(desk) == [letter("one")]


def test_fetchmail_leaves_copies_and_knows_them_by_uidl(room: Room, desk: Desk) -> None:
    room.put(letter("one"), letter("two"))
    for _ in range(2):
        assert fetchmail(room, desk, "pop3", "keep", server="uidl").code in {0, NOTHING}
        assert got(desk) == [letter("one"), letter("two")]
    (first, _) = room.kept()
    room.mailbox().expunge([first.uid])
    room.put(letter("three"))
    fetchmail(room, desk, "pop3", "keep", server="uidl").ok()
    assert got(desk) == [letter("one"), letter("two"), letter("three")]
    assert room.letters() == [letter("two"), letter("three")]


def test_fetchmail_leaves_copies_and_knows_them_by_flags(room: Room, desk: Desk) -> None:
    room.put(letter("one"), letter("two"))
    for _ in range(2):
        assert fetchmail(room, desk, "imap", "keep").code in {0, NOTHING}
        assert got(desk) == [letter("one"), letter("two")]
    assert [kept.flags for kept in room.kept()] == [frozenset({rb"\Seen"})] * 2
    room.put(letter("three"))
    fetchmail(room, desk, "imap", "keep").ok()
    assert got(desk) == [letter("one"), letter("two"), letter("three")]


def test_fetchmail_takes_a_folder_and_expunges_as_it_goes(room: Room, desk: Desk) -> None:
    letters = [letter(str(number)) for number in range(7)]
    room.put(*letters, name="Sent")
    fetchmail(room, desk, "imap", "folder Sent fetchall nokeep expunge 2").ok()
    assert got(desk) == letters
    assert room.letters(name="Sent") == []


def test_fetchmail_says_how_much_there_is(room: Room, desk: Desk) -> None:
    room.expect("pop3 : -ERR")  # it asks by LAST, which RFC 1460 had
    room.put(letter("one"), letter("two"))
    for service in ("pop3", "imap"):
        assert b"2 messages" in fetchmail(room, desk, service, "", "--check").ok().output
    assert len(room.letters()) == 2


@pytest.mark.parametrize("service", ["pop3", "imap"])
def test_fetchmail_wrong_password(room: Room, desk: Desk, service: str) -> None:
    room.expect("PASS: -ERR", "imap (LOGIN|AUTHENTICATE): NO", "AUTH.*: -ERR")
    room.put(letter("one"))
    assert fetchmail(room, desk, service, "fetchall", password="wrong").code == DENIED
    assert room.letters() == [letter("one")]


def test_fetchmail_hands_mail_on_by_smtp_and_lmtp(room: Room, desk: Desk) -> None:
    """The whole circle: out of bob's mailbox by POP3, and by SMTP or LMTP into alice's."""
    for service, option in (("smtp", ""), ("lmtp", "lmtp")):
        room.put(letter(service))
        desk.write(
            ".fetchmailrc",
            f'poll {room.host} protocol pop3 port {room.port("pop3")} user bob password "{PASSWORDS["bob"]}"'
            f' {TLS["starttls"]} is "alice@example.test" here no rewrite fetchall nokeep {option}'
            f' smtphost "{room.host}/{room.port(service)}" smtpname "alice@example.test"\n',
        )
        desk.run("fetchmail", "--verbose", "--invisible", "--pidfile", "fetchmail.pid").ok()
    assert room.letters() == []
    assert room.letters("alice") == [letter("smtp"), letter("lmtp")]
