"""The same mechanisms through SMTP, POP3 and IMAP, with clients that are not ours."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# scramp ships no types.
from __future__ import annotations

import base64
import contextlib
import imaplib
import smtplib
import socket
from collections.abc import Iterator

import pytest
from scramp import ScramClient

from refmail.embed import ServerThread


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


def test_smtplib_chooses_cram_md5(server: ServerThread) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=30) as smtp:
        smtp.ehlo("client.test")
        offered = smtp.esmtp_features["auth"].split()
        assert offered == ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]
        assert smtp.login("alice", "alice-secret")[0] == 235


def test_imaplib_with_cram_md5(server: ServerThread) -> None:
    with imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=30) as imap:
        assert "AUTH=SCRAM-SHA-256" in imap.capabilities
        assert imap.login_cram_md5("alice", "alice-secret")[0] == "OK"


#: By listener: how AUTH begins, what a challenge begins with, and what success begins with.
WORDS = {
    "smtp": (b"EHLO client.test\r\n", b"AUTH %s\r\n", b"334 ", b"235 "),
    "pop3": (b"", b"AUTH %s\r\n", b"+ ", b"+OK"),
    "imap": (b"", b"a AUTHENTICATE %s\r\n", b"+ ", b"a OK"),
}


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
@pytest.mark.parametrize("listener", ["smtp", "pop3", "imap"])
@pytest.mark.parametrize("password", ["alice-secret", "wrong"])
def test_scram(server: ServerThread, listener: str, mechanism: str, password: str) -> None:
    hello, auth, prompt, success = WORDS[listener]
    port = {str(name): number for name, number in server.ports.items()}[listener]
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as sock:
        stream = sock.makefile("rb")
        stream.readline()
        sock.sendall(hello)
        while hello and stream.readline()[3:4] == b"-":
            pass
        client = ScramClient([mechanism], "alice", password)
        sock.sendall(auth % mechanism.encode())
        assert stream.readline().startswith(prompt)

        def respond(text: str) -> bytes:
            sock.sendall(base64.b64encode(text.encode()) + b"\r\n")
            line: bytes = stream.readline()
            return line

        client.set_server_first(base64.b64decode(respond(client.get_client_first())[len(prompt) :]).decode())
        answer = respond(client.get_client_final())
        if password == "wrong":
            assert not answer.startswith((prompt, success))
            return
        client.set_server_final(base64.b64decode(answer[len(prompt) :]).decode())
        assert respond("").startswith(success)


def test_login_takes_the_name_as_an_initial_response(server: ServerThread) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=30) as smtp:
        smtp.ehlo("client.test")
        smtp.user, smtp.password = "alice", "alice-secret"
        assert smtp.auth("LOGIN", smtp.auth_login, initial_response_ok=True)[0] == 235
