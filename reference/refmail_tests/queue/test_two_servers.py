"""Two whole servers and a DNS: what one user submits reaches another, or its author hears why not."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec
import pytest

from refmail.config import Config, DnsConfig, RelayConfig, UserConfig, demo_config
from refmail.dns import FakeDns, Record
from refmail.embed import ServerThread
from refmail.services import Policy

#: Seconds after which a test gives up.
PATIENCE = 15.0

JOSE = "josé"
TEXT = "From: alice@example.test\r\nSubject: Grüße\r\n\r\nHello.\r\n"


def config(domain: str, *users: str, **changes: object) -> Config:
    demo = demo_config(fixed_ports=False)
    listeners = {name: place for name, place in demo.listeners.items() if name in {"smtp", "submission"}}
    known = tuple(UserConfig(name=name, password="secret") for name in users)
    plain = msgspec.structs.replace(
        demo, hostname="mail.sender.test", domains=(domain,), users=known, listeners=listeners, aliases={}, lists={}
    )
    return msgspec.structs.replace(plain, **changes)


class Arrivals:
    """What a server's users get, from whatever thread."""

    def __init__(self, server: ServerThread) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._arrived = threading.Event()
        store = server.services.store
        deliver = store.deliver

        def note(user: str, octets: bytes) -> None:
            deliver(user, octets)
            self.messages.append((user, octets))
            self._arrived.set()

        store.deliver = note  # type: ignore[method-assign]  # a test's ear

    def one(self) -> tuple[str, bytes]:
        """Wait for the one message."""
        assert self._arrived.wait(PATIENCE)
        ((user, octets),) = self.messages
        return user, octets


Sender = Callable[..., ServerThread]


@pytest.fixture
def receiver() -> Iterator[ServerThread]:
    with ServerThread(config("bücher.test", JOSE, hostname="mx.receiver.test")) as server:
        yield server


@pytest.fixture
def start(receiver: ServerThread) -> Iterator[Sender]:
    """Start the sender's server; its DNS knows the receiver and a domain that takes no mail."""
    with ExitStack() as stack:
        dns = stack.enter_context(FakeDns())
        dns.add(
            Record("xn--bcher-kva.test", "MX", "10 mx.receiver.test."),
            Record("mx.receiver.test", "A", "192.0.2.1"),
            Record("nobody.test", "MX", "0 ."),
        )
        host, port = dns.address

        def make(port_of: ServerThread = receiver, **policy: object) -> ServerThread:
            sender = config(
                "example.test",
                "alice",
                dns=DnsConfig(servers=(f"{host}:{port}",)),
                relay=RelayConfig(dial={"192.0.2.1": f"127.0.0.1:{port_of.ports['smtp']}"}),
                policy=msgspec.structs.replace(Policy(), **policy),
            )
            return stack.enter_context(ServerThread(sender))

        yield make


def submit(server: ServerThread, recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.ports["submission"], "client.test", timeout=PATIENCE) as smtp:
        smtp.ehlo()
        smtp.login("alice", "secret")
        smtp.sendmail("alice@example.test", [recipient], TEXT.encode(), ["SMTPUTF8", "BODY=8BITMIME"])


def test_an_international_message_arrives_through_tls(start: Sender, receiver: ServerThread) -> None:
    sender = start()
    arrivals = Arrivals(receiver)
    submit(sender, f"{JOSE}@bücher.test")
    user, octets = arrivals.one()
    assert user == JOSE
    assert octets.endswith(TEXT.encode())
    assert b" with UTF8SMTPS id " in octets
    assert b" with UTF8SMTPA id " in octets
    route = sender.journal.entries("queue.route")[0].facts
    assert route["domain"] == "xn--bcher-kva.test"
    assert route["mx"] == ["10 mx.receiver.test"]
    assert route["hosts"] == ["10 mx.receiver.test 192.0.2.1"]
    assert route["rule"] == "5321/5.1/lowest-preference-first"


def test_a_host_without_the_extension_gets_nothing_and_the_author_hears_of_it(start: Sender) -> None:
    old = config("bücher.test", "jose", policy=Policy(smtputf8=False))
    with ServerThread(old) as receiver:
        sender = start(receiver)
        arrivals, nothing = Arrivals(sender), Arrivals(receiver)
        submit(sender, f"{JOSE}@bücher.test")
        user, report = arrivals.one()
        assert user == "alice"
        assert b"\r\nAction: failed\r\nStatus: 5.6.7\r\n" in report
        assert b"Final-Recipient: utf-8; jos\\x{E9}@b\\x{FC}cher.test\r\n" in report
        assert nothing.messages == []


def test_a_domain_that_takes_no_mail_is_refused_at_once(start: Sender) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        submit(start(), "x@nobody.test")
    assert caught.value.recipients["x@nobody.test"][0] == 556


def test_without_the_check_the_author_hears_of_it_by_mail(start: Sender) -> None:
    sender = start(refuse_null_mx=False)
    arrivals = Arrivals(sender)
    submit(sender, "x@nobody.test")
    assert b"\r\nStatus: 5.1.10\r\n" in arrivals.one()[1]
