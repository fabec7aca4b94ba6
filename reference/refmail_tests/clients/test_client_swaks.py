"""swaks: one transaction a call, with every way to connect and log in that it has."""

from __future__ import annotations

import pytest

from refmail_tests.clients.desk import Desk, Done
from refmail_tests.clients.letters import as_text, letter
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {"clear": (), "starttls": ("-tls",), "implicit": ("-tlsc",)}
VERIFIED = ("--tls-verify", "--tls-ca-path", "ca.pem")
LOGIN = ("--auth-user", "alice", "--auth-password", PASSWORDS["alice"])
#: Exit codes of its manual.
REFUSED_RECIPIENT, FAILED_LOGIN = 24, 28


def swaks(room: Room, desk: Desk, octets: bytes, *options: str, port: int, to: str = "bob@example.test") -> Done:
    envelope = ("--from", "alice@example.test", "--to", to, "--helo", "client.test")
    # It sends one more line end before the final dot, whether the message has one or not.
    text = as_text(octets).removesuffix(b"\n")
    return desk.run("swaks", "--server", f"{room.host}:{port}", *envelope, *options, "--data", "-", text=text)


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_swaks_submits(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    octets = letter(f"swaks {tls} {mechanism}")
    options = [*TLS[tls], *(VERIFIED if TLS[tls] else ()), "--auth", mechanism, *LOGIN]
    done = swaks(room, desk, octets, *options, port=room.port("submission", tls)).ok()
    assert f"AUTH {mechanism}" in done.told()
    assert room.letters() == [octets]
    assert room.logins() == ["alice"]


@pytest.mark.parametrize("options", [(), ("--pipeline",), ("--protocol", "SMTP")])
def test_swaks_on_port_25(room: Room, desk: Desk, options: tuple[str, ...]) -> None:
    octets = letter("port 25")
    swaks(room, desk, octets, *options, port=room.port("smtp"), to="alice@example.test,bob@example.test").ok()
    assert room.letters("alice") == room.letters("bob") == [octets]


def test_swaks_lmtp(room: Room, desk: Desk) -> None:
    swaks(room, desk, letter("lmtp"), "--protocol", "LMTP", port=room.port("lmtp")).ok()
    assert room.letters() == [letter("lmtp")]


def test_swaks_wrong_password(room: Room, desk: Desk) -> None:
    room.expect("smtp AUTH: 535")
    options = ("--auth", "PLAIN", "--auth-user", "alice", "--auth-password", "wrong")
    assert swaks(room, desk, letter("wrong"), *options, port=room.port("submission")).code == FAILED_LOGIN
    assert room.letters() == []


def test_swaks_unknown_recipient(room: Room, desk: Desk) -> None:
    room.expect("smtp RCPT: 550", "smtp DATA: 503")
    done = swaks(room, desk, letter("nobody"), port=room.port("smtp"), to="nobody@example.test")
    assert done.code == REFUSED_RECIPIENT


def test_swaks_pipelines_and_is_refused_for_one_of_two(room: Room, desk: Desk) -> None:
    room.expect("smtp RCPT: 550")
    to = "nobody@example.test,bob@example.test"
    swaks(room, desk, letter("one of two"), "--pipeline", port=room.port("smtp"), to=to).ok()
    assert room.letters() == [letter("one of two")]


def test_swaks_quits_after_each_stage(room: Room, desk: Desk) -> None:
    for stage in ("connect", "banner", "helo", "tls", "auth", "mail", "rcpt"):
        options = ["-tls", *VERIFIED, "--auth", "PLAIN", *LOGIN, "--quit-after", stage]
        swaks(room, desk, letter("quits"), *options, port=room.port("submission")).ok()
    assert room.letters() == []
