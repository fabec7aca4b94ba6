"""curl: URLs of smtp, imap and pop3, each a short session of libcurl, which many programs use."""

from __future__ import annotations

import pytest

from refmail_tests.clients.desk import Desk, Done
from refmail_tests.clients.letters import letter
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {"clear": ("", ()), "starttls": ("", ("--ssl-reqd",)), "implicit": ("s", ())}
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
#: Exit codes of its manual.
CANNOT_VERIFY, LOGIN_DENIED = 60, 67


def curl(
    room: Room,
    desk: Desk,
    service: str,
    path: str,
    *options: str,
    tls: str = "starttls",
    text: bytes = b"",
    user: str = "bob",
) -> Done:
    suffix, more = TLS[tls]
    scheme = {"submission": "smtp"}.get(service, service) + suffix
    url = f"{scheme}://{room.host}:{room.port(service, tls)}{path}"
    login = ("--user", f"{user}:{PASSWORDS[user]}") if service != "smtp" else ()
    common = ("--silent", "--show-error", "--verbose", "--cacert", "ca.pem", *login, *more)
    return desk.run("curl", *common, *options, url, text=text)


def send(
    room: Room, desk: Desk, octets: bytes, *options: str, service: str = "submission", tls: str = "starttls"
) -> Done:
    envelope = ("--mail-from", "alice@example.test", "--mail-rcpt", "bob@example.test")
    return curl(room, desk, service, "/client.test", *envelope, *options, "-T", "-", tls=tls, text=octets, user="alice")


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_curl_submits(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    octets = letter(f"curl {tls} {mechanism}")
    done = send(room, desk, octets, "--login-options", f"AUTH={mechanism}", tls=tls).ok()
    assert f"AUTH {mechanism}" in done.told()
    assert room.letters() == [octets]


@pytest.mark.parametrize("tls", ["clear", "starttls"])
def test_curl_on_port_25(room: Room, desk: Desk, tls: str) -> None:
    send(room, desk, letter("port 25"), service="smtp", tls=tls).ok()
    assert room.letters() == [letter("port 25")]


def test_curl_sends_an_initial_response(room: Room, desk: Desk) -> None:
    for mechanism in ("PLAIN", "LOGIN"):
        send(room, desk, letter(mechanism), "--sasl-ir", "--login-options", f"AUTH={mechanism}").ok()
    assert room.letters() == [letter("PLAIN"), letter("LOGIN")]


def test_curl_verifies_and_expands(room: Room, desk: Desk) -> None:
    assert b"bob" in curl(room, desk, "smtp", "/client.test", "--mail-rcpt", "bob").ok().output
    assert curl(room, desk, "smtp", "/client.test", "--request", "NOOP").code == 0
    assert curl(room, desk, "smtp", "/client.test", "--request", "HELP").code == 0
    listed = curl(room, desk, "smtp", "/client.test", "--request", "EXPN", "--mail-rcpt", "staff").ok().output
    assert b"alice@example.test" in listed


def test_curl_trusts_no_other_authority(room: Room, desk: Desk) -> None:
    room.expect("transport.lost.*UNKNOWN_CA")
    for service in ("submission", "imap", "pop3"):
        bundle = ("--cacert", "/etc/ssl/certs/ca-certificates.crt")
        for tls in ("starttls", "implicit"):
            assert curl(room, desk, service, "/", *bundle, tls=tls).code == CANNOT_VERIFY


@pytest.mark.parametrize("service", ["submission", "imap", "pop3"])
def test_curl_wrong_password(room: Room, desk: Desk, service: str) -> None:
    room.expect("smtp AUTH: 535", "AUTH.*: -ERR", "imap AUTHENTICATE: NO")
    assert curl(room, desk, service, "/", "--user", "bob:wrong").code == LOGIN_DENIED


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("options", [("--login-options", f"AUTH={name}") for name in MECHANISMS])
def test_curl_fetches_by_imap(room: Room, desk: Desk, tls: str, options: tuple[str, ...]) -> None:
    octets = letter("by IMAP")
    (uid,) = room.put(octets)
    done = curl(room, desk, "imap", f"/INBOX;UID={uid}", *options, tls=tls).ok()
    assert done.output == octets
    assert room.kept()[0].flags == {rb"\Seen"}


def test_curl_imap_sections(room: Room, desk: Desk) -> None:
    (uid,) = room.put(letter("parts"))
    head, _, body = letter("parts").partition(b"\r\n\r\n")
    for section, octets in [("TEXT", body), ("HEADER", head + b"\r\n\r\n"), ("1", body)]:
        assert curl(room, desk, "imap", f"/INBOX;UID={uid};SECTION={section}").ok().output == octets


def test_curl_imap_appends_and_searches(room: Room, desk: Desk) -> None:
    # curl marks what it appends as seen; it must know the size beforehand, as the literal says it.
    for number in range(3):
        file = desk.write(f"sent{number}", letter(f"sent {number}"))
        curl(room, desk, "imap", "/Sent", "-T", file).ok()
    assert room.letters(name="Sent") == [letter(f"sent {number}") for number in range(3)]
    assert {kept.flags for kept in room.kept(name="Sent")} == {frozenset({rb"\Seen"})}
    found = curl(room, desk, "imap", "/Sent?SUBJECT%20%22sent%201%22").ok()
    assert found.output.split() == [b"*", b"SEARCH", b"2"]


def test_curl_imap_commands(room: Room, desk: Desk) -> None:
    first, second = room.put(letter("first"), letter("second"))
    assert b"Sent" in curl(room, desk, "imap", "/").ok().output
    curl(room, desk, "imap", "", "--request", "CREATE Work/Old").ok()
    assert "Work/Old" in room.mailboxes()
    curl(room, desk, "imap", "/INBOX", "--request", f"UID COPY {second} Work/Old").ok()
    curl(room, desk, "imap", "/INBOX", "--request", rf"UID STORE {first} +FLAGS (\Deleted \Flagged)").ok()
    assert room.kept()[0].flags == {rb"\Deleted", rb"\Flagged"}
    expunged = curl(room, desk, "imap", "/INBOX", "--request", "EXPUNGE").ok()
    assert expunged.output.startswith(b"* 1 EXPUNGE")
    assert room.letters() == room.letters(name="Work/Old") == [letter("second")]
    curl(room, desk, "imap", "", "--request", "EXAMINE INBOX").ok()
    curl(room, desk, "imap", "", "--request", "STATUS Work/Old (MESSAGES UIDNEXT)").ok()


def test_curl_imap_fetches_a_message_of_a_megabyte(room: Room, desk: Desk) -> None:
    octets = letter("large") + b"0123456789abcdef0123456789ABCDEF\r\n" * 30_000
    (uid,) = room.put(octets)
    assert curl(room, desk, "imap", f"/INBOX;UID={uid}").ok().output == octets
    assert curl(room, desk, "pop3", "/1").ok().output == octets


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("mechanism", [*MECHANISMS, "+APOP"])
def test_curl_fetches_by_pop3(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    room.put(letter("first"), letter("second"))
    options = ("--login-options", f"AUTH={mechanism}")
    done = curl(room, desk, "pop3", "/2", *options, tls=tls).ok()
    assert done.output == letter("second")
    assert {"+APOP": "APOP bob"}.get(mechanism, f"AUTH {mechanism}") in done.told()
    assert len(room.letters()) == 2


def test_curl_pop3_commands(room: Room, desk: Desk) -> None:
    room.put(letter("first"), letter("second"), letter("third"))
    assert len(curl(room, desk, "pop3", "/").ok().output.splitlines()) == 3
    assert len(curl(room, desk, "pop3", "/", "--request", "UIDL").ok().output.splitlines()) == 3
    curl(room, desk, "pop3", "/", "--request", "STAT", "--head").ok()
    top = curl(room, desk, "pop3", "/", "--request", "TOP 2 1").ok().output
    head = letter("second").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert top == head + b".\r\n"
    curl(room, desk, "pop3", "/2", "--request", "DELE", "--head").ok()
    assert room.letters() == [letter("first"), letter("third")]
