"""smtplib as an independent client over real connections."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from refmail.embed import ServerThread

Serve = Callable[..., ServerThread]
Trust = Callable[[ServerThread], Any]

MESSAGE = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: dots\r\n\r\n.\r\n..\r\nend\r\n"


def inbox(server: ServerThread, user: str) -> list[bytes]:
    mailbox = server.services.store.open(user, "INBOX")
    return [mailbox.read(meta.uid) for meta in mailbox.messages()]


def test_mail_from_outside(serve: Serve) -> None:
    server = serve()
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as client:
        refused = client.sendmail("x@client.test", ["bob@example.test", "no@example.test"], MESSAGE)
    assert list(refused) == ["no@example.test"]
    (octets,) = inbox(server, "bob")
    assert octets.startswith(b"Return-Path: <x@client.test>\r\nReceived: from ")
    assert octets.endswith(MESSAGE)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_submission_with_starttls_and_login(serve: Serve, trust: Trust, mechanism: str) -> None:
    server = serve()
    with smtplib.SMTP("127.0.0.1", server.ports["submission"]) as client:
        client.ehlo("client.test")
        assert client.mail("alice@example.test")[0] == 530
        client.starttls(context=trust(server))
        client.ehlo("client.test")
        assert not client.has_extn("starttls")
        client.user, client.password = "alice", "alice-secret"
        authenticate = getattr(client, f"auth_{mechanism.lower()}")
        assert client.auth(mechanism, authenticate, initial_response_ok=mechanism == "PLAIN")[0] == 235
        assert client.sendmail("alice@example.test", ["bob@example.test"], MESSAGE) == {}
    (octets,) = inbox(server, "bob")
    assert b" with ESMTPSA id " in octets


def test_implicit_tls(serve: Serve, trust: Trust) -> None:
    server = serve()
    with smtplib.SMTP_SSL("127.0.0.1", server.ports["submissions"], context=trust(server)) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("alice", "wrong")
        client.login("alice", "alice-secret")
        client.sendmail("alice@example.test", ["alice@example.test"], MESSAGE)
    assert len(inbox(server, "alice")) == 1


def test_large_message(serve: Serve) -> None:
    server = serve()
    body = MESSAGE + b"x" * 900 + (b"\r\n." + b"y" * 900) * 5000 + b"\r\n"
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as client:
        client.sendmail("x@client.test", ["bob@example.test"], body)
    assert inbox(server, "bob")[0].endswith(body)
