"""Probing real and hostile servers."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailspec.target import Target, open_target
from mailspec.target.dialogue import KINDS, Step, StepFailed
from mailspec.target.embedded import Embedded
from mailspec.target.inbox import delete_mailbox, log_in, open_inbox
from mailspec.target.maildir import MaildirInbox
from mailspec.target.offers import Offers, spread
from mailspec.target.probe import probe
from mailspec.target.profile import ServiceName
from mailspec.target.target import TIMEOUT_FACTOR
from mailspec.verdict import NotRun
from mailspec.wire.endpoint import Login
from mailspec_tests.hostile import BEHAVIOURS, HostileServer
from mailspec_tests.scripted import scripted_stream


@pytest.fixture(scope="module")
def embedded() -> Iterator[Embedded]:
    with Embedded(2) as running:
        yield running


@pytest.fixture
def target(embedded: Embedded) -> Target:
    return open_target(embedded.profile)


def test_the_reference_server_offers_what_it_says(target: Target) -> None:
    offers = probe(target)

    assert not [found.problem for found in offers.services.values() if found.problem]
    for need in (
        "smtp STARTTLS",
        "smtp SIZE",
        "submission AUTH PLAIN",
        "pop3 UIDL",
        "imap IMAP4rev1",
        "imap AUTH=PLAIN",
    ):
        assert offers.offers(need), need
    assert offers.offers("smtp/plain STARTTLS")
    assert not offers.offers("smtp/tls STARTTLS")
    assert not offers.offers("smtp X-NOTHING")
    assert Offers.from_json(offers.to_json()) == offers


def test_the_embedded_server_has_two_accounts_for_each_worker(embedded: Embedded) -> None:
    pairs = [open_target(embedded.profile, worker=worker, workers=2).accounts for worker in range(2)]

    assert len({login.address for pair in pairs for login in pair.logins}) == 4


@pytest.mark.parametrize("without", [(), ("store",), ("store", "imap")], ids=["store", "imap", "pop3"])
def test_an_inbox_is_seen_by_whatever_there_is(target: Target, without: tuple[str, ...]) -> None:
    login = target.account()
    files = MaildirInbox(target.maildir_of(login))
    message = b"Message-ID: <1@x.test>\r\n\r\n.dot\r\nbody\r\n"
    files.add(message)
    profile = msgspec.structs.replace(target.profile, **dict.fromkeys(without))

    inbox = open_inbox(replace(target, profile=profile), login)
    (key,) = inbox.keys()
    octets = inbox.octets(key)
    inbox.remove([key])
    left = inbox.keys()
    inbox.close()

    assert octets == message
    assert not left
    assert not files.keys()


def test_without_store_imap_and_pop3_nothing_can_be_seen(target: Target) -> None:
    profile = msgspec.structs.replace(target.profile, store=None, imap=None, pop3=None)

    with pytest.raises(NotRun, match=r"\[store\], \[imap\] or \[pop3\]"):
        open_inbox(replace(target, profile=profile), target.account())


def test_a_mailbox_is_deleted_with_those_below_it(target: Target) -> None:
    login = target.account()
    with log_in(target, "imap", login) as dialogue:
        for name in (b"mailspec-x", b"mailspec-x/below", b"mailspec-y"):
            dialogue.command(Step.INBOX, b"CREATE " + name, "")

        delete_mailbox(target, login, b"mailspec-x")
        delete_mailbox(target, login, b"mailspec-x")
        left = dialogue.command(Step.INBOX, b'LIST "" mailspec-*', "")
        delete_mailbox(target, login, b"mailspec-y")

    assert [line.rpartition(b" ")[2] for line in left] == [b"mailspec-y"]


def test_a_refused_login_is_told_apart(embedded: Embedded, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong")
    smtp = open_target(embedded.profile).endpoint("smtp")
    path = tmp_path / "target.toml"
    path.write_text(
        f'name = "x"\n[smtp]\nhost = "{smtp.host}"\nport = {smtp.port}\n'
        '[[accounts]]\naddress = "user00@target.test"\nlogin = "user00"\nsecret = { file = "wrong" }\n'
    )

    found = probe(open_target(path)).services["smtp"]

    assert found.login_refused
    assert "user00@target.test" in found.remedy
    assert found.offers("STARTTLS")


@pytest.mark.parametrize(("allowed", "tried"), [(0, 1), (1, 2), (20, 3)])
def test_refused_logins_are_bounded(embedded: Embedded, tmp_path: Path, allowed: int, tried: int) -> None:
    services = open_target(embedded.profile).profile.services
    path = tmp_path / "target.toml"
    path.write_text(
        'name = "x"\n'
        + "".join(
            f'[{name}]\nhost = "127.0.0.1"\nport = {services[name].port}\n' for name in ("submission", "pop3", "imap")
        )
        + f"[limits]\nfailed_logins = {allowed}\n"
        + '[[accounts]]\naddress = "user00@target.test"\nlogin = "user00"\nsecret = { file = "wrong" }\n'
    )
    (tmp_path / "wrong").write_text("wrong")
    target = open_target(path)

    probed = target.with_offers(probe)

    assert probed.offers is not None
    assert sum(found.login_refused for found in probed.offers.services.values()) == tried
    assert probed.failed_logins.left == allowed - tried


@pytest.mark.parametrize("service", ["submission", "pop3", "imap"])
def test_a_password_that_the_target_repeats_is_not_shown(service: ServiceName) -> None:
    echoes = b"open sesame: " * 3
    refusals = {"submission": b"535 " + echoes, "pop3": b"-ERR " + echoes, "imap": b"p01 NO " + echoes}
    greetings = {"submission": b"", "pop3": b"+OK go on\r\n", "imap": b""}
    stream, _ = scripted_stream([greetings[service] + refusals[service] + b"\r\n"])
    dialogue = KINDS[service](stream)

    with pytest.raises(StepFailed) as caught:
        dialogue.login(Login(b"a@x.test", b"a", b"open sesame"))

    assert "********" in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ('tls = "starttls"', "set ca in the profile"),
        ('tls = "starttls"\nca = "ca.pem"\nserver_name = "other.test"', "set server_name"),
        ('tls = "implicit"', 'tls = "none" or "starttls"'),
    ],
)
def test_tls_that_fails_says_what_to_set(embedded: Embedded, tmp_path: Path, settings: str, remedy: str) -> None:
    target = open_target(embedded.profile)
    (tmp_path / "ca.pem").write_bytes((target.path.parent / "ca.pem").read_bytes())
    path = tmp_path / "target.toml"
    imap = target.endpoint("imap")
    path.write_text(f'name = "x"\n[imap]\nhost = "{imap.host}"\nport = {imap.port}\n{settings}\n')

    found = probe(open_target(path)).services["imap"]

    assert remedy in found.remedy


def test_nobody_listening_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    path = tmp_path / "target.toml"
    path.write_text(f'name = "x"\n[smtp]\nhost = "127.0.0.1"\nport = {port}\n')

    offers = probe(open_target(path))

    assert not offers.reachable
    assert "is the server running" in offers.services["smtp"].remedy


@pytest.mark.parametrize("name", BEHAVIOURS)
@pytest.mark.parametrize("service", ["smtp", "pop3", "imap"])
def test_a_hostile_server_is_a_problem_with_a_remedy(
    name: str, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TIMEOUT_FACTOR, "0.04")
    path = tmp_path / "target.toml"
    with HostileServer(BEHAVIOURS[name]) as server:
        path.write_text(f'name = "hostile"\n[{service}]\nhost = "127.0.0.1"\nport = {server.port}\n')
        began = time.monotonic()
        found = probe(open_target(path)).services[service]

    assert time.monotonic() - began < 5
    # A server that answers before it is asked looks like a server to a client that only asks and reads.
    if (service, name) != ("smtp", "early-replies"):
        assert found.problem
        assert found.remedy


@given(st.text(st.characters(codec="ascii", exclude_characters="\r\n")))
def test_a_capability_is_found_by_its_name_and_by_each_parameter(line: str) -> None:
    names = spread(line)

    words = line.upper().replace("AUTH=", "AUTH ").split()
    assert names[0] == (words[0] if words else "")
    assert all(f"{words[0]} {word}" in names for word in words[1:])
