"""msmtp: sends what sendmail would be given; GnuTLS and GNU SASL, so that SCRAM is spoken by somebody else's code."""

from __future__ import annotations

import pytest

from refmail_tests.clients.desk import Desk, Done
from refmail_tests.clients.letters import as_text, letter
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {
    "clear": ("--tls=off",),
    "starttls": ("--tls=on", "--tls-starttls=on"),
    "implicit": ("--tls=on", "--tls-starttls=off"),
}
#: Exit code of sysexits.h.
EX_NOPERM = 77


def msmtp(
    room: Room,
    desk: Desk,
    octets: bytes,
    *options: str,
    to: str = "bob@example.test",
    tls: str = "starttls",
    password: str = PASSWORDS["alice"],
) -> Done:
    account = (
        "defaults\n"
        "tls_trust_file ca.pem\n"
        f"account default\nhost {room.host}\nuser alice\npassword {password}\n"
        f"port {room.port('submission', tls)}\n"
    )
    desk.write("msmtprc", account)
    common = ("--file=msmtprc", "--domain=client.test", "--from=alice@example.test", "--debug")
    return desk.run("msmtp", *common, *TLS[tls], *options, to, text=as_text(octets))


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"])
def test_msmtp_submits(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    octets = letter(f"msmtp {tls} {mechanism}")
    msmtp(room, desk, octets, f"--auth={mechanism}", tls=tls).ok()
    assert room.letters() == [octets]
    assert room.logins() == ["alice"]


def test_msmtp_chooses_a_mechanism(room: Room, desk: Desk) -> None:
    done = msmtp(room, desk, letter("chosen"), "--auth=on").ok()
    assert "AUTH SCRAM-SHA-256" in done.told()
    assert room.letters() == [letter("chosen")]


def test_msmtp_trusts_no_other_authority(room: Room, desk: Desk) -> None:
    room.expect("transport.lost.*SSL")
    done = msmtp(room, desk, letter("untrusted"), "--auth=on", "--tls-trust-file=/etc/ssl/certs/ca-certificates.crt")
    assert done.code != 0
    assert room.letters() == []


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"])
def test_msmtp_wrong_password(room: Room, desk: Desk, mechanism: str) -> None:
    room.expect("smtp AUTH: 535")
    done = msmtp(room, desk, letter("wrong"), f"--auth={mechanism}", password="wrong")
    assert done.code == EX_NOPERM
    assert room.letters() == []


def test_msmtp_unknown_recipient(room: Room, desk: Desk) -> None:
    # It sends MAIL, RCPT and DATA together (RFC 2920), so DATA has its own refusal.
    room.expect("smtp RCPT: 550", "smtp DATA: 503")
    assert msmtp(room, desk, letter("nobody"), "--auth=on", to="nobody@example.test").code != 0


def test_msmtp_asks_for_a_report(room: Room, desk: Desk) -> None:
    """NOTIFY=success and RET=HDRS: the sender gets a delivery report (RFC 3461)."""
    msmtp(room, desk, letter("notify"), "--auth=on", "--dsn-notify=success", "--dsn-return=hdrs").ok()
    assert room.letters() == [letter("notify")]
    (report,) = room.letters("alice")
    assert b"multipart/report" in report
    assert b"Action: delivered" in report


def test_msmtp_takes_recipients_from_the_message(room: Room, desk: Desk) -> None:
    octets = letter("read recipients", to="bob@example.test>, <alice@example.test")
    msmtp(room, desk, octets, "--auth=on", "--read-recipients", to="--").ok()
    assert room.letters("alice") == room.letters("bob") == [octets]


def test_msmtp_says_what_the_server_offers(room: Room, desk: Desk) -> None:
    told = msmtp(room, desk, b"", "--serverinfo", to="--").ok().told()
    for word in ("PIPELINING", "SIZE", "DSN", "AUTH", "SCRAM-SHA-256"):
        assert word in told
