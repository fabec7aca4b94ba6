"""Delivery to a user whose quota is used up: a temporary code, and no fragment."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from refmail.config import ListenerConfig, QuotaConfig, StoreConfig, demo_config
from refmail.embed import ServerThread

MESSAGE = b"Subject: x\r\n\r\n" + b"y" * 3000 + b"\r\n"


@pytest.fixture(params=["memory", "maildir", "mbox"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerThread]:
    """A server on which alice may have 1000 octets."""
    demo = demo_config(fixed_ports=False)
    alice, bob = demo.users
    path = None if request.param == "memory" else str(tmp_path / "mail")
    config = msgspec.structs.replace(
        demo,
        users=(msgspec.structs.replace(alice, quota=QuotaConfig(octets=1000)), bob),
        listeners={"smtp": ListenerConfig(), "lmtp": ListenerConfig()},
        store=StoreConfig(kind=request.param, path=path),
    )
    with ServerThread(config) as running:
        yield running


def test_smtp_says_that_the_mailbox_is_full(server: ServerThread, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("bob@example.test", ["alice@example.test"], MESSAGE)
        assert (caught.value.smtp_code, caught.value.smtp_error[:6]) == (452, b"4.2.2 ")
        client.sendmail("alice@example.test", ["bob@example.test"], MESSAGE)
    store = server.server.services.store
    assert list(store.open("alice", "INBOX").messages()) == []
    assert len(store.open("bob", "INBOX").messages()) == 1
    assert not [file for file in tmp_path.rglob("alice/Maildir/*/*") if file.is_file()]


def test_lmtp_says_it_of_the_one_recipient(server: ServerThread) -> None:
    with smtplib.LMTP("127.0.0.1", server.ports["lmtp"]) as client:
        client.ehlo("client.test")
        client.mail("carol@example.org")
        for name in ("alice", "bob"):
            assert client.rcpt(f"{name}@example.test")[0] == 250
        assert client.data(MESSAGE)[0] == 452
        assert client.getreply()[0] == 250
