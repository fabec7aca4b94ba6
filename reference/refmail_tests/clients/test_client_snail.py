"""s-nail: BSD mail with SMTP, IMAP and POP3 of its own; sends, reads, and saves what it read."""

from __future__ import annotations

import pytest

from refmail_tests.clients.desk import Desk, Done
from refmail_tests.clients.letters import as_text, letter
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {
    "clear": ("", ("-Ssmtp-use-starttls=no",)),
    "starttls": ("", ("-Ssmtp-use-starttls",)),
    "implicit": ("s", ()),
}
TRUST = ("-Stls-ca-file=ca.pem", "-Stls-ca-no-defaults", "-Stls-verify=strict")


def snail(room: Room, desk: Desk, *arguments: str, text: bytes = b"") -> Done:
    del room
    return desk.run("s-nail", "-:/", "-Sv15-compat", "-Sttycharset=utf-8", *TRUST, *arguments, text=text)


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5"])
def test_snail_sends(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    suffix, options = TLS[tls]
    url = f"smtp{suffix}://alice:{PASSWORDS['alice']}@{room.host}:{room.port('submission', tls)}"
    body = "Grüße\n.\n..\nFrom here on\n\n.end\n"
    snail(
        room,
        desk,
        *options,
        "-#",
        f"-Smta={url}",
        f"-Ssmtp-config=-all,{mechanism}" + (",starttls" if tls == "starttls" else ""),
        "-Sfrom=alice@example.test",
        "-Smime-encoding=8bit",
        "-s",
        f"s-nail {tls} {mechanism}",
        "bob@example.test",
        text=body.encode(),
    ).ok()
    (octets,) = room.letters()
    head, _, sent = octets.partition(b"\r\n\r\n")
    assert as_text(sent) == body.encode()
    assert f"Subject: s-nail {tls} {mechanism}".encode() in head
    assert room.logins() == ["alice"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["login", "cram-md5"])
def test_snail_reads_by_imap(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    room.put(letter("one"), letter("two"), letter("three"))
    suffix, _ = TLS[tls]
    url = f"imap{suffix}://bob:{PASSWORDS['bob']}@{room.host}:{room.port('imap', tls)}/INBOX"
    script = b"copy 2 saved\nflag 1\ndelete 3\nquit\n"
    snail(
        room, desk, "-#", "-Simap-use-starttls", f"-Simap-auth={mechanism}", "-Sfolder=.", "-f", url, text=script
    ).ok()
    assert room.letters() == [letter("one"), letter("two")]
    assert rb"\Flagged" in room.kept()[0].flags
    assert b"Subject: two" in (desk.folder / "saved").read_bytes()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["plain", "apop"])
def test_snail_reads_by_pop3(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    room.put(letter("one"), letter("two"), letter("three"))
    suffix, _ = TLS[tls]
    url = f"pop3{suffix}://bob:{PASSWORDS['bob']}@{room.host}:{room.port('pop3', tls)}"
    auth = () if mechanism == "apop" else ("-Spop3-no-apop",)
    script = b"copy 2 saved\ndelete 3\nquit\n"
    snail(room, desk, "-#", "-Spop3-use-starttls", *auth, "-f", url, text=script).ok()
    assert room.letters() == [letter("one"), letter("two")]
    assert b"Subject: two" in (desk.folder / "saved").read_bytes()
