"""The stream: TLS, transforms, deadlines, endings."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from mailspec.transcript import Direction, Ending
from mailspec.verdict import Blocked, Inconclusive, Violation
from mailspec.wire.deadline import Deadline
from mailspec.wire.endpoint import Endpoint, TlsMode
from mailspec.wire.failure import ConnectionClosed, ConnectionReset, TooLong
from mailspec.wire.imap import ImapClient
from mailspec.wire.poll import until
from mailspec.wire.pop3 import OK, Pop3Client
from mailspec.wire.recorder import Recorder
from mailspec.wire.smtp import SmtpClient
from mailspec.wire.stream import Stream
from mailspec.wire.transform import TRANSFORMS, one_octet, split_crlf
from mailspec_tests import hostile
from mailspec_tests.scripted import scripted_stream


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    return file


@contextlib.contextmanager
def tls_server(authority: trustme.CA, plain: bytes, secured: bytes) -> Generator[int, None, None]:
    """Send some octets, read a line if there were any, speak TLS, send others, read a line, and close."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # trustme leaves its parameter's type open.
    authority.issue_cert("mail.target.test").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]

    def talk(sock: socket.socket, _stop: threading.Event) -> None:
        if plain:
            sock.sendall(plain)
            # Not one octet more than the line: the next ones belong to the handshake.
            while sock.recv(1) not in {b"\n", b""}:
                pass
        with context.wrap_socket(sock, server_side=True) as tls:
            tls.sendall(secured)
            tls.recv(4096)

    with hostile.HostileServer(talk) as server:
        yield server.port


def endpoint(port: int, tls: TlsMode, ca: Path | None, name: str = "mail.target.test") -> Endpoint:
    return Endpoint("127.0.0.1", port, tls, ca, name)


def test_implicit_tls(authority: trustme.CA, ca_file: Path) -> None:
    recorder = Recorder(deadline=5)
    with tls_server(authority, b"", b"220 a.test\r\n") as port:
        smtp = SmtpClient.connect(endpoint(port, "implicit", ca_file), recorder)
        smtp.greeting().expect(220)
        assert (smtp.stream.tls_version or "").startswith("TLS")
        smtp.send(b"QUIT\r\n")
        smtp.expect_closed()
        smtp.close()


def test_an_unknown_authority_blocks(authority: trustme.CA) -> None:
    recorder = Recorder(deadline=5)
    with (
        tls_server(authority, b"", b"") as port,
        pytest.raises(Blocked, match=r"TLS handshake with mail\.target\.test"),
    ):
        SmtpClient.connect(endpoint(port, "implicit", None), recorder)
    recorder.close()


def test_another_name_blocks_unless_nothing_is_verified(authority: trustme.CA, ca_file: Path) -> None:
    recorder = Recorder(deadline=5)
    with tls_server(authority, b"", b"") as port:
        with pytest.raises(Blocked, match="handshake"):
            SmtpClient.connect(endpoint(port, "implicit", ca_file, "other.test"), recorder)
        careless = Endpoint("127.0.0.1", port, "implicit", None, None, verify=False)
        SmtpClient.connect(careless, recorder)
        recorder.close()


def test_a_missing_ca_file_blocks_with_its_cause(tmp_path: Path) -> None:
    recorder = Recorder(deadline=5)
    with hostile.HostileServer(hostile.say_nothing) as server, pytest.raises(Blocked, match="No such file"):
        SmtpClient.connect(endpoint(server.port, "implicit", tmp_path / "none.pem"), recorder)
    recorder.close()


def test_starttls_of_each_protocol(authority: trustme.CA, ca_file: Path) -> None:
    recorder = Recorder(deadline=5)
    with tls_server(authority, b"220 go\r\n", b"250 ok\r\n") as port:
        smtp = SmtpClient.connect(endpoint(port, "starttls", ca_file), recorder)
        smtp.capabilities = {b"STARTTLS": b""}
        smtp.start_tls()
        assert smtp.capabilities == {}
        smtp.command(b"NOOP").expect(250)
    with tls_server(authority, b"+OK go\r\n", b"+OK\r\n") as port:
        pop3 = Pop3Client.connect(endpoint(port, "starttls", ca_file), recorder)
        pop3.start_tls()
        pop3.command(b"NOOP").expect(OK)
    with tls_server(authority, b"a1 OK go\r\n", b"a2 OK\r\n") as port:
        imap = ImapClient.connect(endpoint(port, "starttls", ca_file), recorder)
        imap.start_tls()
        imap.command(b"NOOP").expect("OK")
    recorder.close()


def test_octets_before_the_handshake_are_thrown_away(authority: trustme.CA, ca_file: Path) -> None:
    recorder = Recorder(deadline=5)
    with tls_server(authority, b"220 go\r\n250 injected\r\n", b"250 ok\r\n") as port:
        smtp = SmtpClient.connect(endpoint(port, "starttls", ca_file), recorder)
        smtp.start_tls()
        assert smtp.stream.plaintext_left == b"250 injected\r\n"
        assert smtp.command(b"NOOP").expect(250).text == b"ok"
    recorder.close()


def test_a_handshake_can_be_judged() -> None:
    recorder = Recorder(deadline=10.0)
    with hostile.HostileServer(hostile.dialogue(b"220 go\r\n", b"no TLS here\r\n" * 9)) as server:
        smtp = SmtpClient.connect(server.endpoint, recorder)
        smtp.command(b"STARTTLS").require(220)
        with pytest.raises(Violation, match="handshake"):
            smtp.expect_handshake()
    recorder.close()


def test_a_handshake_that_never_ends_is_inconclusive() -> None:
    recorder = Recorder(deadline=1.0)
    with hostile.HostileServer(hostile.say_nothing, b"220 go\r\n") as server:
        smtp = SmtpClient.connect(server.endpoint, recorder)
        smtp.greeting().require(220)
        with pytest.raises(Inconclusive, match="timed out"):
            smtp.expect_handshake()
    recorder.close()


def test_a_handshake_has_a_deadline() -> None:
    recorder = Recorder(deadline=0.3)
    with hostile.HostileServer(hostile.say_nothing) as server, pytest.raises(Blocked, match="timed out"):
        SmtpClient.connect(Endpoint("127.0.0.1", server.port, "implicit", verify=False), recorder)
    recorder.close()


@given(st.binary(max_size=200), st.sampled_from(sorted(TRANSFORMS)))
def test_transforms_change_no_octet(octets: bytes, name: str) -> None:
    segments = list(TRANSFORMS[name].cut(octets))

    assert b"".join(segments) == octets
    assert all(segments) or not octets


def test_transforms_cut_where_they_say() -> None:
    assert list(one_octet(b"abc")) == [b"a", b"b", b"c"]
    assert list(split_crlf(b"A\r\n.\r\nB\r\n")) == [b"A\r", b"\n", b".", b"\r", b"\nB\r", b"\n"]
    assert len(list(one_octet(b"x" * 20_000))) == 16 * 1024 + 1


def test_a_transformed_command_is_one_event() -> None:
    recorder = Recorder(transform=TRANSFORMS["one-octet"])
    stream, sock = scripted_stream([], recorder)
    stream.send(b"NOOP\r\n")

    assert sock.sent == b"NOOP\r\n"
    assert [event.octets for event in recorder.transcript.events if event.direction is Direction.SENT] == [b"NOOP\r\n"]


def test_coalesced_sends_go_out_together_before_anything_is_read() -> None:
    recorder = Recorder(transform=TRANSFORMS["coalesced"])
    first, first_sock = scripted_stream([b"220 a.test\r\n"], recorder)
    second, second_sock = scripted_stream([], recorder)
    first.send(b"NO")
    second.send(b"RSET\r\n")
    first.send(b"OP\r\n")
    assert first_sock.sent == b""

    first.read_line(80, Deadline(5, lambda: 0.0))

    assert (first_sock.sends, second_sock.sends) == ([b"NOOP\r\n"], [b"RSET\r\n"])


def test_coalesced_sends_are_not_lost_at_the_end() -> None:
    recorder = Recorder(transform=TRANSFORMS["coalesced"])
    stream, sock = scripted_stream([], recorder)
    stream.send(b"QUIT\r\n")
    stream.close()

    assert sock.sent == b"QUIT\r\n"


def test_reads() -> None:
    stream, _ = scripted_stream([b"ab\ncd", b"ef\n", b"12345"])
    deadline = Deadline(5, lambda: 0.0)

    assert stream.read_line(10, deadline) == b"ab\n"
    assert stream.read_until(b"ef", 10, deadline) == b"cdef"
    assert stream.unread == b"\n"
    assert stream.read_until(b"x\n12", 10, deadline, before=b"..x") == b"\n12"
    assert stream.read_exact(2, deadline) == b"34"
    assert stream.waiting()
    octets, failure = stream.read_to_end(10, deadline)
    assert octets == b"5"
    assert isinstance(failure, ConnectionClosed)


def test_too_long_ends_the_connection_for_good() -> None:
    stream, sock = scripted_stream([b"x" * 100, b"y\n"])
    deadline = Deadline(5, lambda: 0.0)

    first = stream.read_line(50, deadline)
    assert isinstance(first, TooLong)
    assert stream.read_line(50, deadline) is first
    assert sock.fileno() == -1


def test_reset_by_either_side() -> None:
    def reset_when_asked(sock: socket.socket, stop: threading.Event) -> None:
        # Not at once: connecting itself could already see the reset.
        sock.recv(1)
        hostile.reset_at_once(sock, stop)

    recorder = Recorder(deadline=5)
    with hostile.HostileServer(reset_when_asked) as server:
        stream = Stream.connect(server.endpoint, recorder)
        stream.send(b"x")
        assert isinstance(stream.read_line(100, recorder.until()), ConnectionReset)
        stream.send(b"NOOP\r\n")
        assert recorder.transcript.endings[stream.connection] is Ending.RESET
        other = Stream.connect(server.endpoint, recorder)
        other.abort()
        assert isinstance(other.read_line(100, recorder.until()), ConnectionReset)
        assert other.waiting()
    recorder.close()


def test_shutting_the_sending_side_leaves_the_other_open() -> None:
    def answer_at_end(sock: socket.socket, _stop: threading.Event) -> None:
        while sock.recv(100):
            pass
        sock.sendall(b"bye\n")

    recorder = Recorder(deadline=5)
    with hostile.HostileServer(answer_at_end) as server:
        stream = Stream.connect(server.endpoint, recorder)
        stream.shut_writing()
        assert stream.read_line(100, recorder.until()) == b"bye\n"
    recorder.close()


def test_polling_returns_the_first_true_value() -> None:
    answers = iter([0, 0, 7, 8])

    assert until(lambda: next(answers), 5, clock=lambda: 0.0, wait=lambda _: None) == 7


def test_polling_waits_longer_and_stops_at_the_deadline() -> None:
    now = 0.0
    waits: list[float] = []

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds
        waits.append(seconds)

    assert until(lambda: False, 2, clock=lambda: now, wait=wait) is False
    assert waits[:-1] == sorted(waits[:-1])
    assert max(waits) <= 0.25
    assert now == pytest.approx(2)


def test_tls_on_a_connection_that_was_reset_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        recorder = Recorder(deadline=5)
        stream = Stream.connect(Endpoint("127.0.0.1", listener.getsockname()[1]), recorder)
        accepted, _ = listener.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        # The first write meets the reset, after which the socket is connected to nobody.
        for _ in range(3):
            stream.send(b"x")

        failure = stream.start_tls()
        stream.close()

    assert failure is not None
    assert stream.tls_version is None
