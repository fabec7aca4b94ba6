"""Limits of connections, of a user's sessions, of commands and of failed logins; and clients of one octet now and then."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest

from refmail.config import ListenerConfig
from refmail.embed import ServerThread
from refmail.limits import Door, Tally
from refmail.services import Policy

Serve = Callable[..., ServerThread]
Connect = Callable[..., Any]

ALL = {name: ListenerConfig() for name in ("smtp", "imap", "pop3")}
RIGHT, WRONG = (base64.b64encode(b"\0alice\0" + secret) for secret in (b"alice-secret", b"wrong"))


def test_a_tally_forgets_names_without_a_count() -> None:
    tally = Tally()
    assert tally.enter("x", 2)
    assert tally.enter("x", 2)
    assert not tally.enter("x", 2)
    tally.leave("x")
    assert tally.enter("x", 2)
    tally.leave("x")
    tally.leave("x")
    assert len(tally) == 0


def test_a_door_counts_all_and_each_address() -> None:
    door = Door(3, 2)
    assert [door.enter(address) for address in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    door.leave("a")
    assert door.enter("c")
    assert door.inside == 3


def test_connections_of_one_address(serve: Serve, connect: Connect) -> None:
    server = serve(listeners=ALL, policy=Policy(connections_per_address=3))
    wires = [connect(server, name) for name in ALL]
    greetings = [wire.line() for wire in wires]
    assert [greeting[:4] for greeting in greetings] == [b"220 ", b"* OK", b"+OK "]
    refused = [connect(server, name).rest() for name in ALL]
    assert [words[:4] for words in refused] == [b"421 ", b"* BY", b"-ERR"]
    wires[0].sock.close()
    deadline = time.monotonic() + 10
    while (greeting := connect(server).line()).startswith(b"421"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert greeting.startswith(b"220 ")


def test_a_connection_too_many_with_implicit_tls_is_closed(serve: Serve, connect: Connect) -> None:
    server = serve(policy=Policy(connections=1))
    assert connect(server).code() == 220
    context = ssl.create_default_context(cafile=str(server.ca_file))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(server, "submissions").handshake(context)


def test_sessions_of_one_user(serve: Serve, connect: Connect) -> None:
    server = serve(listeners=ALL, policy=Policy(sessions_per_user=2))
    imaps = [connect(server, "imap") for _ in range(3)]
    said: list[bytes] = []
    for imap in imaps:
        imap.line()
        imap.send(b"a LOGIN alice alice-secret\r\n")
        said.append(imap.line())
    assert [line[:4] for line in said] == [b"a OK", b"a OK", b"a NO"]
    assert b"[LIMIT]" in said[2]
    smtp = connect(server)
    smtp.code()
    smtp.ask(b"EHLO c.test")
    assert smtp.ask(b"AUTH PLAIN " + RIGHT) == 454
    imaps[0].send(b"b LOGOUT\r\n")
    assert imaps[0].rest().startswith(b"* BYE")
    deadline = time.monotonic() + 10
    while (code := smtp.ask(b"AUTH PLAIN " + RIGHT)) == 454:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert code == 235
    # The one that was refused has not been counted, and may try again.
    smtp.ask(b"QUIT")
    smtp.rest()
    while True:
        imaps[2].send(b"c LOGIN alice alice-secret\r\n")
        if imaps[2].line().startswith(b"c OK"):
            break
        assert time.monotonic() < deadline


def test_failed_logins_end_a_session(serve: Serve, connect: Connect) -> None:
    server = serve(listeners=ALL, policy=Policy(failed_logins=3))
    smtp = connect(server)
    smtp.code()
    smtp.ask(b"EHLO c.test")
    assert [smtp.ask(b"AUTH PLAIN " + WRONG) for _ in range(3)] == [535, 535, 421]
    assert smtp.rest() == b""
    pop3 = connect(server, "pop3")
    pop3.send(b"USER alice\r\nPASS wrong\r\n" * 4)
    assert [line[:1] for line in pop3.rest().splitlines()] == [b"+", *(b"+", b"-") * 3]
    imap = connect(server, "imap")
    imap.send(b"a LOGIN alice wrong\r\nb AUTHENTICATE PLAIN " + WRONG + b"\r\nc LOGIN alice wrong\r\nd NOOP\r\n")
    assert [line[:4] for line in imap.rest().splitlines()] == [b"* OK", b"a NO", b"b NO", b"c NO", b"* BY"]


def test_so_many_commands_in_a_session(serve: Serve, connect: Connect) -> None:
    server = serve(listeners=ALL, policy=Policy(commands=3))
    smtp, pop3, imap = (connect(server, name) for name in ("smtp", "pop3", "imap"))
    smtp.send(b"NOOP\r\n" * 5)
    assert [line[:3] for line in smtp.rest().splitlines()] == [b"220", b"250", b"250", b"250", b"421"]
    pop3.send(b"CAPA x\r\n" * 5)
    assert [line[:1] for line in pop3.rest().splitlines()] == [b"+", b"-", b"-", b"-", b"-"]
    imap.send(b"a NOOP\r\n" * 5)
    assert [line[:4] for line in imap.rest().splitlines()] == [b"* OK", b"a OK", b"a OK", b"a OK", b"* BY"]


@pytest.mark.parametrize(
    ("listener", "policy", "end"),
    [("smtp", Policy(smtp_idle=0.4), b"421"), ("imap", Policy(imap_idle=0.4), b"* BYE"), ("pop3", Policy(pop3_idle=0.4), b"")],
)  # fmt: skip
def test_single_octets_now_and_then_are_silence(
    serve: Serve, connect: Connect, listener: str, policy: Policy, end: bytes
) -> None:
    wire = connect(serve(listeners=ALL, policy=policy), listener)
    wire.line()
    wire.sock.settimeout(0.05)
    deadline = time.monotonic() + 10
    heard = b""
    while True:
        assert time.monotonic() < deadline
        try:
            wire.send(b"x")
            octets = wire.sock.recv(100)
        except TimeoutError:
            continue
        except ConnectionError:
            break
        heard += octets
        if not octets:
            break
    assert heard.startswith(end)


def test_a_slow_line_of_some_length_is_waited_for(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(listeners=ALL, policy=Policy(imap_idle=0.6)), "imap")
    wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.line()
    wire.send(b'a LOGIN alice "')
    begun = time.monotonic()
    while time.monotonic() - begun < 1.5:
        wire.send(b"x" * 4096)
        time.sleep(0.1)
    wire.send(b'"\r\n')
    assert wire.line()[:4] in {b"a NO", b"* BA"}
