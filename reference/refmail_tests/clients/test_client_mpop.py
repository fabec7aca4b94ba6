"""mpop: the brother of msmtp, which fetches by POP3 into a Maildir; GNU SASL on the client's side."""

from __future__ import annotations

from pathlib import Path

import pytest

from refmail_tests.clients.desk import Desk, Done
from refmail_tests.clients.letters import letter, without_trace
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {"clear": "tls off", "starttls": "tls on\ntls_starttls on", "implicit": "tls on\ntls_starttls off"}


def mpop(room: Room, desk: Desk, *options: str, tls: str = "starttls") -> Done:
    if not (desk.folder / "box").exists():
        desk.make_maildir("box")
    # With a relative path, mpop leaves the file of UIDLs empty and says nothing.
    desk.write(
        "mpoprc",
        f"account default\nhost {room.host}\nport {room.port('pop3', tls)}\nuser bob\npassword {PASSWORDS['bob']}\n"
        f"tls_trust_file ca.pem\n{TLS[tls]}\ndelivery maildir box\nuidls_file ~/uidls\n",
    )
    return desk.run("mpop", "--file=mpoprc", "--received-header=off", *options)


def got(folder: Path) -> list[bytes]:
    """Return the messages of a Maildir; which came first is not told."""
    return sorted(without_trace(path.read_bytes()) for path in folder.glob("box/new/*"))


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("way", ["user", "plain", "login", "cram-md5", "apop", "scram-sha-1", "scram-sha-256"])
def test_mpop_takes_everything_away(room: Room, desk: Desk, tls: str, way: str) -> None:
    letters = [letter("one"), letter("two")]
    room.put(*letters)
    mpop(room, desk, f"--auth={way}", "--keep=off", tls=tls).ok()
    assert got(desk.folder) == letters
    assert room.letters() == []


@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_mpop_leaves_copies_and_knows_them_by_uidl(room: Room, desk: Desk, pipelining: str) -> None:
    letters = [letter(f"{number:02}") for number in range(20)]
    room.put(*letters[:19])
    for _ in range(2):
        mpop(room, desk, "--auth=on", "--keep=on", f"--pipelining={pipelining}").ok()
        assert got(desk.folder) == letters[:19]
    room.mailbox().expunge([room.kept()[3].uid])
    room.put(letters[19])
    mpop(room, desk, "--auth=on", "--keep=on", f"--pipelining={pipelining}").ok()
    assert got(desk.folder) == letters
    assert len(room.letters()) == 19
