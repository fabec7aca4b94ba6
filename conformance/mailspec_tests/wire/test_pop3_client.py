"""The POP3 client and its grammar: RFC 1939 section 3."""

from __future__ import annotations

import pytest

from mailspec.verdict import Blocked, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.failure import TimedOut, TooLong, Unparsable
from mailspec.wire.pop3 import CLOSED, CONTINUE, ERR, OK, Pop3Client
from mailspec.wire.recorder import Recorder
from mailspec_tests.scripted import ScriptedSocket, scripted_stream

FORM, MULTI = "1939/3/reply-form", "1939/3/multi-line-form"


def client(*received: bytes, silent: bool = False) -> tuple[Pop3Client, ScriptedSocket]:
    recorder = Recorder()
    stream, sock = scripted_stream(received, recorder, silent=silent)
    return Pop3Client(stream, recorder), sock


def charged(pop3: Pop3Client) -> list[str]:
    return [charge.requirement_id for charge in pop3.recorder.charges.breaches]


@pytest.mark.parametrize("line", [b"+OK", b"+OK ", b"+OK hi", b"-ERR", b"-ERR [IN-USE] busy"])
def test_right_status_lines(line: bytes) -> None:
    pop3, _ = client(line + b"\r\n")
    pop3.command(b"NOOP").expect(OK, ERR)

    assert charged(pop3) == []


@pytest.mark.parametrize(
    ("octets", "ok"),
    [
        (b"+ok\r\n", True),
        (b"+OK\n", True),
        (b"-Err x\r\n", False),
        (b"+OK!\r\n", True),
        (b"+OK " + b"x" * 520 + b"\r\n", True),
    ],
)
def test_broken_status_lines_are_charged_and_used(octets: bytes, ok: bool) -> None:
    pop3, _ = client(octets)

    assert pop3.command(b"NOOP").ok is ok
    assert charged(pop3) == [FORM]


def test_noise_is_unparsable() -> None:
    pop3, _ = client(b"hello\r\n")
    reply = pop3.command(b"NOOP")

    assert isinstance(reply.failure, Unparsable)
    with pytest.raises(Blocked, match=FORM):
        reply.expect(OK)


def test_an_endless_line_is_charged() -> None:
    pop3, _ = client(b"+OK" + b"x" * 20000)

    assert isinstance(pop3.command(b"NOOP").failure, TooLong)
    pop3.recorder.close()
    assert charged(pop3) == [FORM]


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b".\r\n", b""),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"...a\r\n\r\n.\r\n", b"..a\r\n\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n-ERR\r\n", b"a\r\n"),
    ],
)
def test_multi_line_bodies(wire: bytes, body: bytes) -> None:
    pop3, _ = client(b"+OK\r\n", wire)
    reply = pop3.retr(1).expect(OK)

    assert reply.body == body
    assert b"".join(line + b"\r\n" for line in reply.lines) == body
    assert charged(pop3) == []


def test_a_dot_after_a_bare_lf_does_not_end_the_body() -> None:
    pop3, _ = client(b"+OK\r\na\n.\r\nb\r\n.\r\n")

    assert pop3.retr(1).expect(OK).body == b"a\n.\r\nb\r\n"
    assert charged(pop3) == [MULTI]


def test_an_unstuffed_dot_is_charged() -> None:
    pop3, _ = client(b"+OK\r\n.a\r\n.\r\n")

    assert pop3.retr(1).expect(OK).body == b"a\r\n"
    assert charged(pop3) == [MULTI]


@pytest.mark.parametrize("silent", [True, False])
def test_a_body_of_bare_lf_is_charged_and_used(silent: bool) -> None:
    pop3, _ = client(b"+OK\r\nfirst\r\nsecond\n.\n", silent=silent)

    assert pop3.retr(1).expect(OK).body == b"first\r\nsecond\r\n"
    assert charged(pop3) == [MULTI]


def test_an_unfinished_body_times_out() -> None:
    pop3, _ = client(b"+OK\r\nfirst\r\n.", silent=True)
    reply = pop3.retr(1)
    reply.judged = True

    assert isinstance(reply.failure, TimedOut)


def test_no_lines_follow_an_error() -> None:
    pop3, _ = client(b"-ERR no such message\r\n+OK next\r\n")

    pop3.retr(9).expect(ERR)
    pop3.command(b"NOOP").expect(OK)


def test_continuations() -> None:
    pop3, _ = client(b"+ \r\n+ YWJj\r\n+abc\r\n")
    pop3.command(b"AUTH PLAIN").expect(CONTINUE)
    assert pop3.command(b"x").expect(CONTINUE).text == b"YWJj"
    assert charged(pop3) == []

    assert isinstance(pop3.command(b"x").failure, Unparsable)
    assert charged(pop3) == [FORM]


def test_stat_login_and_codes() -> None:
    pop3, sock = client(b"+OK\r\n+OK\r\n+OK 2 320 more\r\n-ERR [in-use/x] no\r\n")
    pop3.login(Login(b"u@t.test", b"u", b"open-sesame"))

    assert sock.sent == b"USER u\r\nPASS open-sesame\r\n"
    assert pop3.stat() == (2, 320)
    assert pop3.command(b"PASS x").expect(ERR).code == b"IN-USE/X"
    assert "sesame" not in pop3.recorder.transcript.render()


def test_a_broken_drop_listing_blocks() -> None:
    pop3, _ = client(b"+OK two messages\r\n")
    with pytest.raises(Blocked, match="drop listing"):
        pop3.stat()


def test_capabilities() -> None:
    pop3, _ = client(b"+OK\r\nTOP\r\nsasl PLAIN\r\n.\r\n-ERR\r\n")

    assert pop3.capa() == {b"TOP": b"", b"SASL": b"PLAIN"}
    assert pop3.capa() == {}


def test_the_end_is_a_violation_unless_expected() -> None:
    pop3, _ = client()
    reply = pop3.command(b"NOOP")
    with pytest.raises(Violation, match=r"\+OK or -ERR"):
        reply.expect(OK, ERR)
    reply.expect(OK, CLOSED)
