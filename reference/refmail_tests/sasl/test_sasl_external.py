"""EXTERNAL: by hand, and with client certificates over real TLS."""

# pyright: reportUnknownMemberType=false
# trustme's configure_cert also takes untyped OpenSSL contexts.
from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import trustme

from refmail.config import TlsConfig, demo_config
from refmail.embed import ServerThread
from refmail.machine import TlsInfo
from refmail.sasl import Failed, Malformed, converse, external_for
from refmail.users import PasswordHash, UserTable

USERS = UserTable({name: PasswordHash(2, b"", b"") for name in ("alice", "bob")}, ["example.test"])


def tls(*identities: bytes) -> TlsInfo:
    return TlsInfo("TLSv1.3", "x", b"certificate", identities)


@pytest.mark.parametrize("known", [None, tls(), tls(b"carol@example.test"), tls(b"alice@elsewhere.test")])
def test_it_is_offered_only_to_whom_a_certificate_names(known: TlsInfo | None) -> None:
    assert external_for(USERS, known) is None


@pytest.mark.parametrize(
    ("authzid", "user"),
    [(b"", "alice"), (b"alice", "alice"), (b"Bob@example.test", "bob"), (b"carol", Failed), (b"alice\0", Malformed)],
)
def test_it_speaks_for_whom_the_certificate_names(authzid: bytes, user: str | type[Exception]) -> None:
    mechanism = external_for(USERS, tls(b"x@y.test", b"alice@example.test", b"bob@example.test"))
    assert mechanism is not None
    services = type("OnlyUsers", (), {"users": USERS})()

    def run() -> str:
        steps = converse(mechanism, services, authzid, lambda _: iter(()))  # type: ignore[arg-type, return-value]  # nothing is asked
        with pytest.raises(StopIteration) as stop:
            next(steps)
        return str(stop.value.value)

    if isinstance(user, str):
        assert run() == user
    else:
        with pytest.raises(user):
            next(converse(mechanism, services, authzid, lambda _: iter(())))  # type: ignore[arg-type, return-value]  # as above


# Over TLS.

Connect = Callable[[str, trustme.LeafCert | None], Callable[[bytes], bytes]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    path: Path = tmp_path_factory.mktemp("clients") / "ca.pem"
    path.write_bytes(authority.cert_pem.bytes())
    config = msgspec.structs.replace(demo_config(fixed_ports=False), tls=TlsConfig(client_ca=str(path)))
    with ServerThread(config) as server:
        yield server


@pytest.fixture
def connect(server: ServerThread) -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:

        def make(listener: str, certificate: trustme.LeafCert | None) -> Callable[[bytes], bytes]:
            context = ssl.create_default_context(cafile=str(server.ca_file))
            if certificate is not None:
                certificate.configure_cert(context)
            port = {str(name): number for name, number in server.ports.items()}[listener]
            plain = stack.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", port), timeout=10)))
            sock = stack.enter_context(context.wrap_socket(plain, server_hostname="localhost"))
            stream = stack.enter_context(sock.makefile("rwb"))

            def ask(line: bytes) -> bytes:
                if line:
                    stream.write(line + b"\r\n")
                    stream.flush()
                answer = stream.readline()
                lines = answer
                while lines[3:4] == b"-" and answer[3:4] == b"-":
                    answer = stream.readline()
                    lines += answer
                return lines

            if not ask(b""):
                raise ConnectionResetError
            return ask

        yield make


AUTH = {
    "submissions": (b"AUTH EXTERNAL =", b"235"),
    "imaps": (b"a AUTHENTICATE EXTERNAL =", b"a OK"),
    "pop3s": (b"AUTH EXTERNAL =", b"+OK"),
}


@pytest.mark.parametrize("listener", AUTH)
def test_a_client_certificate_logs_in(connect: Connect, authority: trustme.CA, listener: str) -> None:
    ask = connect(listener, authority.issue_cert("alice@example.test"))
    if listener == "submissions":
        assert b" EXTERNAL " in ask(b"EHLO client.test")
    command, success = AUTH[listener]
    assert ask(command).startswith(success)
    if listener == "submissions":
        assert ask(b"MAIL FROM:<alice@example.test>").startswith(b"250")


@pytest.mark.parametrize("listener", AUTH)
def test_nobody_else_can(connect: Connect, authority: trustme.CA, listener: str) -> None:
    for certificate in (None, authority.issue_cert("mallory@example.test"), authority.issue_cert("example.test")):
        ask = connect(listener, certificate)
        if listener == "submissions":
            assert b"EXTERNAL" not in ask(b"EHLO client.test")
        assert not ask(AUTH[listener][0]).startswith(AUTH[listener][1])


def test_a_certificate_of_a_stranger_is_refused(connect: Connect) -> None:
    # TLS 1.3 tells the client only after its own side of the handshake is done.
    with pytest.raises((ssl.SSLError, OSError)):
        connect("submissions", trustme.CA().issue_cert("alice@example.test"))


def test_another_authzid_is_refused(connect: Connect, authority: trustme.CA) -> None:
    ask = connect("submissions", authority.issue_cert("alice@example.test"))
    ask(b"EHLO client.test")
    assert ask(b"AUTH EXTERNAL " + base64.b64encode(b"bob")).startswith(b"535 5.7.8")
    assert ask(b"AUTH EXTERNAL").startswith(b"334 ")
    assert ask(base64.b64encode(b"alice")).startswith(b"235 ")
