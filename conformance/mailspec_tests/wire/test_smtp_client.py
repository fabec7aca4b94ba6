"""The SMTP client: what it sends, how it judges, what it charges."""

from __future__ import annotations

import base64
import socket
import threading

import pytest

from mailspec.transcript import Ending
from mailspec.verdict import Blocked, Inconclusive, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.failure import ConnectionClosed, TooLong, Unparsable
from mailspec.wire.recorder import Recorder
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, SmtpClient, dot_stuffed
from mailspec_tests import hostile
from mailspec_tests.scripted import ScriptedSocket, scripted_stream


def client(*received: bytes, silent: bool = False) -> tuple[SmtpClient, ScriptedSocket]:
    recorder = Recorder()
    stream, sock = scripted_stream(received, recorder, silent=silent)
    return SmtpClient(stream, recorder), sock


def charged(smtp: SmtpClient) -> list[str]:
    return [charge.requirement_id for charge in smtp.recorder.charges.breaches]


def test_a_whole_transaction() -> None:
    smtp, sock = client(b"220 a.test\r\n250 ok\r\n250 ok\r\n251 ok\r\n250 ok\r\n354 go\r\n250 done\r\n")
    smtp.greeting().expect(220)
    smtp.ehlo().require(250)

    final = smtp.deliver(b"a@c.test", [b"x@t.test", b"y@t.test"], b"Subject: x\r\n\r\n.dot")

    assert final.text == b"done"
    assert sock.sent == (
        b"EHLO client.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<x@t.test>\r\nRCPT TO:<y@t.test>\r\nDATA\r\n"
        b"Subject: x\r\n\r\n..dot\r\n.\r\n"
    )
    assert smtp.recorder.unjudged() == []


@pytest.mark.parametrize(
    ("message", "stuffed"),
    [
        (b"", b".\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b".a\r\n..b\r\n", b"..a\r\n...b\r\n.\r\n"),
        (b"a\n.b\r.c\r\n", b"a\n.b\r.c\r\n.\r\n"),
    ],
)
def test_dot_stuffing_follows_crlf_only(message: bytes, stuffed: bytes) -> None:
    assert dot_stuffed(message) == stuffed


def test_a_secret_that_a_quotation_would_cut_is_masked_first() -> None:
    secret = b"correct-horse-battery-staple-" * 6
    smtp, _ = client(b"535 " + b"x" * 100 + secret + b"\r\n")

    with pytest.raises(Blocked) as caught:
        smtp.auth_plain(Login(b"a@t.test", b"a", secret)).require(235)

    assert caught.value.reason.count("********") == 2
    assert "correct" not in caught.value.reason
    assert base64.b64encode(b"\0a\0correct-horse").decode()[:16] not in caught.value.reason


def test_capabilities_are_upper_cased_keywords() -> None:
    smtp, _ = client(b"250-a.test\r\n250-Size 1000\r\n250-AUTH PLAIN LOGIN\r\n250 8bitmime\r\n")
    smtp.ehlo().expect(250)

    assert smtp.capabilities == {b"SIZE": b"1000", b"AUTH": b"PLAIN LOGIN", b"8BITMIME": b""}
    assert charged(smtp) == []
    assert "5321/4.1.1.1/ehlo-reply" in smtp.recorder.charges.seen


def test_alternatives() -> None:
    smtp, _ = client(b"550 5.7.1 no\r\n")
    reply = smtp.command(b"VRFY x").expect(252, PERMANENT)

    assert (reply.code, reply.text, reply.enhanced) == (550, b"5.7.1 no", (5, 7, 1))


def test_another_code_is_a_violation_that_names_all_alternatives() -> None:
    smtp, _ = client(b"550 no\r\n")
    with pytest.raises(Violation) as caught:
        smtp.command(b"NOOP").expect(250, SUCCESS, CLOSED)

    assert caught.value.expected == ("250", "2yz", "the connection closed")
    assert caught.value.actual == r"550 no\r\n"
    assert caught.value.event == smtp.recorder.transcript.last


def test_another_code_blocks_where_it_is_required() -> None:
    smtp, _ = client(b"550 no\r\n")
    with pytest.raises(Blocked, match=r"NOOP.*needed 2yz"):
        smtp.command(b"NOOP").require()


def test_not_available_is_inconclusive_unless_expected() -> None:
    smtp, _ = client(b"421 busy\r\n421 busy\r\n")
    with pytest.raises(Inconclusive):
        smtp.command(b"NOOP").expect(250)
    smtp.command(b"NOOP").expect(421)


def test_silence_is_inconclusive() -> None:
    smtp, _ = client(b"250 o", silent=True)
    reply = smtp.command(b"NOOP")
    with pytest.raises(Inconclusive):
        reply.expect(250)
    with pytest.raises(Blocked):
        reply.require(250)
    with pytest.raises(Blocked):
        assert reply.code


def test_the_end_is_an_alternative() -> None:
    smtp, _ = client()
    reply = smtp.command(b"NOOP")

    assert isinstance(reply.failure, ConnectionClosed)
    assert reply.expect(500, CLOSED) is reply
    assert reply.require(500, CLOSED) is reply
    with pytest.raises(Violation):
        reply.expect(500)
    assert smtp.ending is Ending.CLEAN


def test_a_reply_that_nobody_judged_is_kept() -> None:
    smtp, _ = client(b"250 a\r\n250 b\r\n")
    ignored = smtp.command(b"NOOP")
    assert smtp.command(b"NOOP").code == 250

    assert smtp.recorder.unjudged() == [ignored]


@pytest.mark.parametrize(
    ("received", "requirement_id", "code"),
    [
        (b"250 ok\n", "5321/4.2/reply-line", 250),
        (b"250\tok\r\n250 x\r\n", "5321/4.2/reply-line", None),
        (b"250-a\r\n251 b\r\n", "5321/4.2/reply-line", 251),
        (b"299 x\r\n", "5321/4.2/reply-line", 299),
        (b"250 " + b"x" * 600 + b"\r\n", "5321/4.5.3.1.5/reply-line-length", 250),
        (b"hello\r\n", "5321/4.2/reply-line", None),
        (b"x" * 20000, "5321/4.5.3.1.5/reply-line-length", None),
    ],
)
def test_breaches_are_charged_and_the_reply_is_used_where_it_can_be(
    received: bytes, requirement_id: str, code: int | None
) -> None:
    smtp, _ = client(received)
    reply = smtp.command(b"NOOP")

    assert set(charged(smtp)) == {requirement_id}
    if code is None:
        assert isinstance(reply.failure, Unparsable | TooLong)
        with pytest.raises(Blocked, match=f"charged to {requirement_id}"):
            reply.expect(250)
    else:
        assert reply.code == code


def test_a_line_of_512_octets_is_not_too_long() -> None:
    smtp, _ = client(b"250 " + b"x" * 506 + b"\r\n")

    assert smtp.command(b"NOOP").code == 250
    assert charged(smtp) == []


def test_an_endless_reply_ends() -> None:
    smtp, _ = client(*[b"250-more\r\n" * 1000] * 10)

    assert isinstance(smtp.command(b"HELP").failure, TooLong)
    smtp.recorder.track(smtp.command(b"NOOP")).judged = True


def test_the_greeting_rule_holds_for_the_greeting_only() -> None:
    smtp, _ = client(b"220 Hello!\r\n220 go ahead\r\n")
    smtp.greeting().expect(220)
    smtp.command(b"STARTTLS").expect(220)

    assert charged(smtp) == ["5321/4.2/greeting-line"]


def test_the_ehlo_rule_holds_for_the_first_of_pipelined_replies_only() -> None:
    smtp, _ = client(b"250 a.test\r\n250 2.1.0 ok\r\n250 Hello!\r\n")
    smtp.send(b"EHLO client.test\r\nMAIL FROM:<>\r\n")
    smtp.reply().expect(250)
    smtp.reply().expect(250)
    assert charged(smtp) == []

    smtp.ehlo().expect(250)
    assert charged(smtp) == ["5321/4.1.1.1/ehlo-reply"]


def test_login_hides_the_secret() -> None:
    smtp, sock = client(b"235 ok\r\n")
    smtp.auth_plain(Login(b"u@t.test", b"u", b"open-sesame")).expect(235)

    assert sock.sent == b"AUTH PLAIN AHUAb3Blbi1zZXNhbWU=\r\n"
    assert "AHUA" not in smtp.recorder.transcript.render()
    assert "sesame" not in repr(Login(b"u@t.test", b"u", b"open-sesame"))


def test_early_replies_are_recorded_before_what_was_sent_after_them() -> None:
    smtp, _ = client(b"220 a.test\r\n250 early\r\n")
    smtp.greeting().expect(220)
    reply = smtp.command(b"NOOP").expect(250)

    received = [event.octets for event in smtp.recorder.transcript.events[1:]]
    assert received == [b"220 a.test\r\n", b"250 early\r\n", b"NOOP\r\n"]
    assert reply.event == 2


def test_utf8_text_follows_smtputf8() -> None:
    smtp, _ = client("250 ä\r\n250 ä\r\n".encode())
    smtp.command(b"NOOP").expect(250)
    assert charged(smtp) == ["5321/4.2/reply-line"]

    smtp.mail("ä@t.test".encode(), b"SMTPUTF8").expect(250)
    assert charged(smtp) == ["5321/4.2/reply-line"]


def test_expect_closed_returns_the_farewell() -> None:
    smtp, _ = client(b"221 bye\r\n")

    assert smtp.expect_closed() == b"221 bye\r\n"


def test_vanishing_waits_until_the_target_has_noticed() -> None:
    noticed = threading.Event()

    def talk(sock: socket.socket, _stop: threading.Event) -> None:
        while sock.recv(4096):
            pass
        noticed.set()

    with hostile.HostileServer(talk) as server:
        recorder = Recorder(deadline=5)
        smtp = SmtpClient.connect(server.endpoint, recorder)
        smtp.send(b"DATA\r\nhalf a mess")
        smtp.vanish()

        assert noticed.is_set()
        assert smtp.ending is Ending.CLEAN
