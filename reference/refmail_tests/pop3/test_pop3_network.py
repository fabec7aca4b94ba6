"""The standard library's POP3 client against a whole server, over TCP and TLS."""

from __future__ import annotations

import poplib
import ssl
from collections.abc import Iterator

import pytest

from refmail.embed import ServerThread

MESSAGE = b"Subject: one\r\n\r\n.dot\r\n"


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread() as running:
        running.services.store.deliver("alice", MESSAGE)
        yield running


def log_in(client: poplib.POP3) -> poplib.POP3:
    client.user("alice")
    client.pass_("alice-secret")
    return client


@pytest.mark.parametrize("tls", ["none", "stls", "implicit"])
def test_poplib_reads_and_removes(server: ServerThread, tls: str) -> None:
    context = ssl.create_default_context(cafile=server.ca_file)
    context.check_hostname = False
    client: poplib.POP3
    if tls == "implicit":
        client = poplib.POP3_SSL("127.0.0.1", server.ports["pop3s"], context=context)
    else:
        client = poplib.POP3("127.0.0.1", server.ports["pop3"])
    if tls == "stls":
        assert "STLS" in client.capa()
        client.stls(context)
    log_in(client)

    assert client.stat() == (1, len(MESSAGE))
    assert client.retr(1)[1] == [b"Subject: one", b"", b".dot"]
    client.dele(1)
    client.quit()
    again = log_in(poplib.POP3("127.0.0.1", server.ports["pop3"]))
    assert again.stat() == (0, 0)
    again.quit()


def test_second_login_is_refused_until_the_first_quits(server: ServerThread) -> None:
    first = log_in(poplib.POP3("127.0.0.1", server.ports["pop3"]))
    second = poplib.POP3("127.0.0.1", server.ports["pop3"])

    with pytest.raises(poplib.error_proto, match="IN-USE"):
        log_in(second)
    first.quit()
    log_in(second).quit()
