"""The standard library's client against the whole server, on both stores."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from refmail.config import demo_config
from refmail.embed import ServerThread

MESSAGE = b"Subject: over TCP\r\n\r\n" + b"a line of some length\r\n" * 2000


@pytest.fixture(params=["memory", "maildir"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerThread]:
    config = demo_config(fixed_ports=False)
    if request.param == "maildir":
        store = msgspec.structs.replace(config.store, kind="maildir", path=str(tmp_path / "mail"))
        config = msgspec.structs.replace(config, store=store)
    with ServerThread(config) as running:
        yield running


def test_a_session_with_imaplib(server: ServerThread) -> None:
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=10) as client:
        client.starttls(ssl.create_default_context(cafile=str(server.ca_file)) if server.ca_file else None)
        assert client.login("alice", "alice-secret")[0] == "OK"
        assert client.append("INBOX", r"(\Flagged)", "", MESSAGE)[0] == "OK"
        assert client.select("INBOX") == ("OK", [b"1"])
        _, fetched = client.fetch("1", "(UID BODY[])")
        found = fetched[0]
        assert isinstance(found, tuple)
        assert found[1] == MESSAGE
        assert client.uid("SEARCH", "FLAGGED", "SEEN") == ("OK", [b"1"])
        assert client.copy("1", "INBOX")[0] == "OK"
        assert client.store("1", "+FLAGS", r"(\Deleted)")[0] == "OK"
        assert client.expunge() == ("OK", [b"1"])
        assert client.noop()[0] == "OK"
        assert client.close()[0] == "OK"


def test_idle_hears_of_deliveries(server: ServerThread) -> None:
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=10) as client:
        client.login("bob", "bob-secret")
        client.select("INBOX")
        client.send(b"x IDLE\r\n")
        assert client.readline().startswith(b"+ ")
        server.services.store.deliver("bob", MESSAGE)
        assert client.readline() == b"* 1 EXISTS\r\n"
        assert client.readline() == b"* 1 RECENT\r\n"
        client.send(b"DONE\r\n")
        assert client.readline().startswith(b"x OK ")
