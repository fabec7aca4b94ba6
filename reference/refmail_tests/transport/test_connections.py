"""What the transport owes every machine: order, TLS without leftovers, deadlines, and an end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from refmail.blueprint import Blueprint
from refmail.config import Config, ListenerConfig
from refmail.embed import ServerThread
from refmail.journal import Journal
from refmail.limits import Door
from refmail.machine import Machine, Steps
from refmail.services import Peer, Policy, Services
from refmail.smtp.session import SmtpSession
from refmail.transport.connection import Connection, Workshop
from refmail.transport.link import Link, make_buffer
from refmail.transport.turn import Turn
from refmail_tests.transport.conftest import PATIENCE

Serve = Callable[..., ServerThread]
Connect = Callable[..., Any]
Trust = Callable[[ServerThread], ssl.SSLContext]

ONLY_SMTP = {"smtp": ListenerConfig()}


def _workshop(loop: asyncio.AbstractEventLoop, *, blocks: bool, crowded: bool) -> Workshop:
    """Return what a connection without a server around it needs."""
    return Workshop(
        ThreadPoolExecutor(1),
        lambda _call: blocks,
        None,
        Journal(time.monotonic),
        lambda octets: [octets],
        Door(9, 9),
        Turn(loop, lambda: crowded),
        "mx.test",
    )


def test_plaintext_behind_starttls_is_never_answered(serve: Serve, connect: Connect, trust: Trust) -> None:
    server = serve(listeners=ONLY_SMTP)
    wire = connect(server)
    wire.code()
    wire.ask(b"EHLO client.test")
    wire.send(b"STARTTLS\r\nRSET\r\nVRFY alice\r\nQUI")
    assert wire.code() == 220
    assert wire.buffer == b""
    wire.handshake(trust(server))
    assert wire.ask(b"MAIL FROM:<>") == 503
    assert wire.ask(b"EHLO client.test") == 250
    wire.send(b"NOOP\r\nQUIT\r\n")
    assert [wire.code(), wire.code()] == [250, 221]
    assert wire.rest() == b""


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_tls_ends_quietly_after_the_last_reply(
    serve: Serve, connect: Connect, trust: Trust, caplog: pytest.LogCaptureFixture, *, says_goodbye: bool
) -> None:
    server = serve(listeners={"submissions": ListenerConfig()})
    for _ in range(5):
        wire = connect(server, "submissions")
        wire.handshake(trust(server))
        wire.code()
        assert wire.ask(b"QUIT") == 221
        if says_goodbye:
            with contextlib.suppress(OSError):
                wire.sock.unwrap()
        wire.sock.close()
    # It stops when the connections are gone.
    server.stop()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_plaintext_instead_of_a_handshake_ends_the_connection(serve: Serve, connect: Connect) -> None:
    server = serve(listeners=ONLY_SMTP)
    wire = connect(server)
    wire.code()
    wire.ask(b"EHLO client.test")
    assert wire.ask(b"STARTTLS") == 220
    wire.send(b"NOOP\r\n" * 10)
    with contextlib.suppress(ConnectionResetError):
        assert b"250" not in wire.rest()
    assert connect(server).code() == 220
    assert not server.journal.entries("transport.fault")


def test_a_batch_is_answered_in_one_write(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(listeners=ONLY_SMTP))
    wire.code()
    wire.send(b"EHLO c.test\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
    assert [wire.code() for _ in range(6)] == [250, 250, 250, 354, 250, 221]
    assert wire.rest() == b""


def test_one_octet_at_a_time(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(listeners=ONLY_SMTP))
    wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.code()
    for octet in b"EHLO c.test\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n..\r\n.\r\nQUIT\r\n":
        wire.send(bytes([octet]))
    assert [wire.code() for _ in range(6)] == [250, 250, 250, 354, 250, 221]


def test_half_closed_client_gets_its_replies(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(listeners=ONLY_SMTP))
    wire.send(b"NOOP\r\nVRFY alice\r\n")
    wire.sock.shutdown(socket.SHUT_WR)
    assert [line[:3] for line in wire.rest().splitlines()] == [b"220", b"250", b"250"]


def test_replies_before_close_are_not_lost_to_a_reset(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(listeners=ONLY_SMTP))
    wire.send(b"NOOP\r\nQUIT\r\n" + b"NOOP\r\n" * 20_000)
    assert [wire.code() for _ in range(3)] == [220, 250, 221]


def test_a_client_that_reads_nothing_is_dropped(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(listeners=ONLY_SMTP, policy=Policy(smtp_idle=0.3)))
    wire.sock.settimeout(10)

    with pytest.raises(ConnectionError):
        # More than all buffers between hold.
        wire.sock.sendall(b"HELP\r\n" * 10_000_000)


def test_silence_ends_with_421(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(listeners=ONLY_SMTP, policy=Policy(smtp_idle=0.05)))
    assert [wire.code(), wire.code()] == [220, 421]
    assert wire.rest() == b""


def test_a_slow_reader_is_waited_for(serve: Serve, connect: Connect) -> None:
    server = serve(listeners=ONLY_SMTP)
    wire = connect(server)
    wire.code()
    sender = threading.Thread(target=wire.send, args=(b"HELP\r\n" * 30_000,))
    sender.start()
    assert {wire.code() for _ in range(30_000)} == {214}
    sender.join()


def test_stop_says_goodbye_and_ends_soon(serve: Serve, connect: Connect) -> None:
    server = serve(listeners=ONLY_SMTP)
    wires = [connect(server) for _ in range(3)]
    assert [wire.code() for wire in wires] == [220] * 3
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 5
    assert [wire.code() for wire in wires] == [421] * 3
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.ports


def test_stop_during_a_call_ends_within_the_grace(serve: Serve, connect: Connect) -> None:
    begun, release = threading.Event(), threading.Event()

    class Stuck(SmtpSession):
        def do_noop(self, argument: bytes) -> Any:
            del argument
            return self.stuck()

        def stuck(self) -> Steps[None]:
            begun.set()
            yield from self.call(release.wait, 30.0)

    blocking = Blueprint().with_part("smtp", Stuck).with_part("store", BlockingStore)
    server = serve(blocking, listeners=ONLY_SMTP)
    wire = connect(server)
    wire.send(b"NOOP\r\n")
    assert begun.wait(10)
    started = time.monotonic()
    server.stop(grace=0.2)
    release.set()
    assert time.monotonic() - started < 5


class BlockingStore:
    """Says that it blocks; nothing else of a store is needed here."""

    blocking = True

    def __init__(self, config: Config) -> None:
        del config


def test_a_fault_of_one_connection_leaves_the_others(serve: Serve, connect: Connect) -> None:
    class Broken(Machine):
        def __init__(self, services: Services, peer: Peer) -> None:
            del services, peer
            super().__init__()

        def session(self) -> Steps[None]:
            self.send(b"220 hello\r\n")
            yield from self.read_line(100)
            msg = "a bug"
            raise RuntimeError(msg)

    server = serve(Blueprint().with_part("smtp", Broken), listeners=ONLY_SMTP)
    first, second = connect(server), connect(server)
    assert (first.code(), second.code()) == (220, 220)
    first.send(b"x\r\n")
    assert first.rest() == b""
    second.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        second.line()
    assert server.journal.entries("transport.fault")


def test_a_session_that_cannot_begin_keeps_no_socket(serve: Serve, connect: Connect) -> None:
    class Stillborn(SmtpSession):
        """Fails before it says a word."""

        def __init__(self, services: Services, peer: Peer) -> None:
            super().__init__(services, peer)
            msg = "no"
            raise ValueError(msg)

    server = serve(Blueprint().with_part("smtp", Stillborn), listeners=ONLY_SMTP)
    with contextlib.suppress(ConnectionResetError):
        assert connect(server).rest() == b""
    assert len(server.journal.entries("transport.fault")) == 1


def test_wire_filters_see_every_send(serve: Serve, connect: Connect) -> None:
    blueprint = Blueprint().with_filter("smtp", lambda: lambda octets: octets.replace(b"250 ", b"299 "))
    wire = connect(serve(blueprint, listeners=ONLY_SMTP))
    wire.code()
    assert wire.ask(b"NOOP") == 299


def test_a_client_that_never_shakes_hands_does_not_hold_up_the_stop(serve: Serve, connect: Connect) -> None:
    server = serve()
    wire = connect(server, "submissions")
    other = connect(server)
    assert other.code() == 220
    begun = time.monotonic()
    server.stop(grace=0.2)
    assert time.monotonic() - begun < 5
    with contextlib.suppress(ConnectionResetError):
        assert wire.rest() == b""


def test_a_port_in_use_is_named(serve: Serve) -> None:
    server = serve(listeners=ONLY_SMTP)
    taken = msgspec.structs.replace(
        server.server.config, listeners={"submission": ListenerConfig(port=server.ports["smtp"])}
    )
    with pytest.raises(OSError, match=f"submission cannot listen on 127.0.0.1 port {server.ports['smtp']}"):
        ServerThread(taken).start()


def test_a_connection_that_is_cut_before_its_task_begins_lets_the_machine_go() -> None:
    class Careful(Machine):
        released = False

        def session(self) -> Steps[None]:
            yield from self.call(time.monotonic)

        def on_disconnect(self) -> None:
            self.released = True

    async def cut_at_once(machine: Machine) -> bool:
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        workshop = _workshop(loop, blocks=True, crowded=True)

        def accept(link: Link) -> None:
            connection = Connection(machine, link, workshop, (), ended.set_result)
            connection.begin()
            connection.cut()

        ours, theirs = socket.socketpair()
        with theirs:
            await loop.connect_accepted_socket(lambda: Link(accept, make_buffer()), ours)
            await asyncio.wait_for(ended, PATIENCE)
            return theirs.recv(1) == b""

    machine = Careful()
    assert asyncio.run(cut_at_once(machine))
    assert machine.released


def test_an_ended_connection_is_forgotten_without_the_collector() -> None:
    class Short(Machine):
        def session(self) -> Steps[None]:
            self.send(b"bye\r\n")
            yield from self.wait()

    async def story() -> tuple[bytes, list[object]]:
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        workshop = _workshop(loop, blocks=False, crowded=False)
        seen: list[weakref.ref[Any]] = []

        def accept(link: Link) -> None:
            connection = Connection(Short(), link, workshop, (), lambda _connection: ended.set_result(None))
            seen.extend((weakref.ref(link), weakref.ref(connection)))
            connection.begin()

        ours, theirs = socket.socketpair()
        with theirs:
            await loop.connect_accepted_socket(lambda: Link(accept, make_buffer()), ours)
            theirs.setblocking(False)
            heard = await asyncio.wait_for(loop.sock_recv(theirs, 100), PATIENCE)
            theirs.shutdown(socket.SHUT_WR)
            await asyncio.wait_for(ended, PATIENCE)
        # asyncio lets go of the transport in the turn after it has told of the loss.
        for _ in range(3):
            await asyncio.sleep(0)
        return heard, [reference() for reference in seen]

    gc.collect()
    gc.disable()
    try:
        assert asyncio.run(story()) == (b"bye\r\n", [None, None])
    finally:
        gc.enable()
