"""Python's smtplib: sending in every way it can connect and log in."""

from __future__ import annotations

import smtplib
import ssl

import pytest

from refmail_tests.clients.letters import letter
from refmail_tests.clients.room import PASSWORDS, Room


def connect(room: Room, tls: str, service: str = "submission") -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(room.authority))
    port = room.port(service, tls)
    if tls == "implicit":
        return smtplib.SMTP_SSL(room.host, port, "client.test", context=context)
    client = smtplib.SMTP(room.host, port, "client.test")
    if tls == "starttls":
        client.starttls(context=context)
    return client


@pytest.mark.parametrize("tls", ["clear", "starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_smtplib_sends(room: Room, tls: str, mechanism: str) -> None:
    octets = letter(f"smtplib {tls} {mechanism}")
    with connect(room, tls) as client:
        client.ehlo()
        client.user, client.password = "alice", PASSWORDS["alice"]
        if mechanism == "PLAIN":
            client.auth(mechanism, client.auth_plain)
        elif mechanism == "LOGIN":
            client.auth(mechanism, client.auth_login)
        else:
            client.auth(mechanism, client.auth_cram_md5)
        assert client.sendmail("alice@example.test", ["bob@example.test"], octets, ["BODY=8BITMIME"]) == {}
    assert room.letters() == [octets]
    assert room.logins() == ["alice"]


def test_smtplib_receives_on_port_25_for_several(room: Room) -> None:
    octets = letter("smtplib several")
    room.expect("smtp RCPT: 550")
    with connect(room, "starttls", "smtp") as client:
        names = ["alice@example.test", "nobody@example.test", "bob@example.test"]
        refused = client.sendmail("someone@elsewhere.test", names, octets, ["BODY=8BITMIME"])
    assert list(refused) == ["nobody@example.test"]
    assert room.letters("alice") == room.letters("bob") == [octets]


def test_smtplib_hears_that_a_password_is_wrong_and_goes_on(room: Room) -> None:
    room.expect("smtp AUTH: 535")
    with connect(room, "starttls") as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login("alice", "wrong")
        assert caught.value.smtp_code == 535
        client.login("alice", PASSWORDS["alice"])
        client.sendmail("alice@example.test", ["bob@example.test"], letter("again"), ["BODY=8BITMIME"])
    assert room.letters() == [letter("again")]


def test_smtplib_sends_internationalized_addresses(room: Room) -> None:
    """SMTPUTF8 with a sender that has no ASCII form."""
    octets = letter("utf8", sender="jürgen@köln.example")
    with connect(room, "clear", "smtp") as client:
        client.sendmail("jürgen@köln.example", ["bob@example.test"], octets, ["SMTPUTF8", "BODY=8BITMIME"])
    assert room.letters() == [octets]


def test_smtplib_lmtp(room: Room) -> None:
    with smtplib.LMTP(room.host, room.port("lmtp"), "client.test") as client:
        client.sendmail("someone@elsewhere.test", ["bob@example.test"], letter("lmtp"), ["BODY=8BITMIME"])
    assert room.letters() == [letter("lmtp")]


def test_smtplib_verify_help_and_noop(room: Room) -> None:
    with connect(room, "clear", "smtp") as client:
        client.ehlo()
        assert client.verify("bob")[0] in {250, 252}
        assert client.noop()[0] == 250
        assert client.help()
        assert client.rset()[0] == 250
