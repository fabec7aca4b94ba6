"""APOP, LOGIN-DELAY, EXPIRE, UTF8 and LANG."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from refmail.pop3.session import Pop3Session
from refmail.pop3.utf8 import is_internationalized
from refmail.saslprep import Unpreparable, saslprep
from refmail.services import Policy, Services
from refmail.store.api import MailStore
from refmail.users import PasswordHash, UserTable
from refmail_tests.pop3.conftest import PEER, Driver

if TYPE_CHECKING:
    from refmail_tests.pop3.conftest import Connect

SECRET = "tanst\N{LATIN SMALL LETTER A WITH DIAERESIS}af".encode()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(services: Services) -> Services:
    """Ada's secret is stored in the clear, eve's is not."""
    hashes = {"ada": PasswordHash.of(SECRET, cost=2), "eve": PasswordHash.of(b"x", cost=2)}
    return replace(services, users=UserTable(hashes, ["mail.test"], clear={"ada": SECRET}))


def greeted(world: Services) -> tuple[Driver, bytes]:
    """Return a connection and the timestamp of its greeting, or b""."""
    driver = Driver(Pop3Session(world, PEER))
    match = re.search(rb"<[^<>@ ]+@[^<>@ ]+>", driver.connect())
    return driver, match[0] if match else b""


def apop(timestamp: bytes, name: bytes = b"ada", secret: bytes = SECRET) -> bytes:
    return b"APOP %b %b" % (name, hashlib.md5(timestamp + secret, usedforsecurity=False).hexdigest().encode())


def test_apop(world: Services) -> None:
    driver, timestamp = greeted(world)

    assert timestamp != greeted(world)[1]
    assert driver.command(apop(timestamp, secret=b"wrong")).startswith(b"-ERR [AUTH] ")
    assert driver.command(apop(timestamp, name=b"nobody")).startswith(b"-ERR [AUTH] ")
    assert driver.command(apop(timestamp, name=b"eve", secret=b"x")).startswith(b"-ERR [AUTH] ")
    assert driver.command(b"APOP ada " + b"0" * 31).startswith(b"-ERR ")
    assert driver.command(b"APOP ada").startswith(b"-ERR ")
    assert driver.command(apop(timestamp)).startswith(b"+OK")
    assert driver.command(apop(timestamp)).startswith(b"-ERR")


def test_no_timestamp_where_nobody_can_use_it(world: Services) -> None:
    hashed = replace(world, users=UserTable({"ada": PasswordHash.of(SECRET, cost=2)}, []))

    driver, timestamp = greeted(hashed)
    assert timestamp == b""
    assert driver.command(apop(b"")).startswith(b"-ERR")


def test_login_delay_counts_from_the_last_success_of_that_user(world: Services, store: MailStore) -> None:
    time = [1000.0]
    slow = replace(world, clock=lambda: time[0], policy=Policy(pop3_login_delay=60))

    first, timestamp = greeted(slow)
    assert b"\r\nLOGIN-DELAY 60\r\n" in first.command(b"CAPA")
    assert first.command(apop(timestamp)).startswith(b"+OK")
    first.command(b"QUIT")
    time[0] += 59
    second, timestamp = greeted(slow)
    assert second.command(apop(timestamp)).startswith(b"-ERR [LOGIN-DELAY] ")
    assert second.command(apop(timestamp, secret=b"wrong")).startswith(b"-ERR [AUTH] ")
    second.command(b"USER eve")
    assert second.command(b"PASS x").startswith(b"+OK")
    time[0] += 1
    store.lock_maildrop("ada")
    third, timestamp = greeted(slow)
    assert third.command(apop(timestamp)).startswith(b"-ERR [IN-USE] ")
    store.unlock_maildrop("ada")
    assert third.command(apop(timestamp)).startswith(b"+OK")


def test_expire_removes_at_login_what_is_too_old(world: Services, store: MailStore) -> None:
    mailbox = store.open("ada", "INBOX")
    for days in (8, 6):
        mailbox.add(b"Subject: %d\r\n\r\n" % days, internal_date=NOW - timedelta(days=days))

    driver, timestamp = greeted(replace(world, policy=Policy(pop3_expire=7)))
    assert b"\r\nEXPIRE 7\r\n" in driver.command(b"CAPA")
    assert driver.command(apop(timestamp)).startswith(b"+OK")
    assert b"Subject: 6" in driver.command(b"RETR 1")
    assert len(mailbox.messages()) == 1


def test_expire_0_removes_what_was_retrieved(connect: Connect, store: MailStore) -> None:
    for number in range(3):
        store.deliver("ada", b"Subject: %d\r\n\r\n" % number)

    driver = connect(Policy(pop3_expire=0)).log_in()
    assert b"\r\nEXPIRE 0\r\n" in driver.command(b"CAPA")
    driver.command(b"RETR 1")
    driver.command(b"TOP 2 0")
    driver.command(b"DELE 3")
    driver.command(b"QUIT")
    assert [meta.uid for meta in store.open("ada", "INBOX").messages()] == [2]


UTF8_HEADER = "Subject: gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n\r\n\r\nbody\r\n".encode()


def test_internationalized_message_needs_utf8_mode(connect: Connect, store: MailStore) -> None:
    store.deliver("ada", UTF8_HEADER)

    driver = connect().log_in()
    assert driver.command(b"RETR 1").startswith(b"-ERR [UTF8] ")
    assert driver.command(b"TOP 1 0").startswith(b"-ERR [UTF8] ")
    assert driver.command(b"LIST 1") == b"+OK 1 %d\r\n" % len(UTF8_HEADER)
    assert driver.command(b"UTF8").startswith(b"-ERR")
    driver.command(b"QUIT")
    driver = connect()
    assert driver.command(b"UTF8 x").startswith(b"-ERR")
    assert driver.command(b"UTF8").startswith(b"+OK")
    assert driver.command(b"STLS").startswith(b"-ERR")
    assert b"\r\nSTLS\r\n" not in driver.command(b"CAPA")
    assert driver.log_in().command(b"RETR 1").endswith(b"\r\n" + UTF8_HEADER + b".\r\n")


PART = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n%b\r\n\xc3\xa4\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("octets", "needs"),
    [
        (UTF8_HEADER, True),
        (b"Subject: plain\r\n\r\n\xc3\xa4\r\n", False),
        (b"Subject: \xe4\r\n\r\n", False),
        (b"", False),
        (PART % b"Content-Description: \xc3\xa4\r\n", True),
        (PART % b"Content-Type: text/plain\r\n", False),
        (PART % b"", False),
    ],
)
def test_what_is_internationalized(octets: bytes, *, needs: bool) -> None:
    assert is_internationalized(octets) is needs


def test_utf8_logins_and_passwords(world: Services) -> None:
    driver, _ = greeted(world)

    assert b"\r\nUTF8 USER\r\n" in driver.command(b"CAPA")
    assert driver.command(b"USER \xc3").startswith(b"-ERR")
    assert driver.command("USER \N{LATIN SMALL LETTER E WITH ACUTE}".encode()).startswith(b"+OK")
    assert driver.command(b"PASS x").startswith(b"-ERR [AUTH] ")
    driver.command(b"USER ada")
    assert driver.command(b"PASS \xff").startswith(b"-ERR")
    driver.command(b"USER ada")
    # The same letters, put together in another way.
    assert driver.command(b"PASS tansta\xcc\x88af").startswith(b"+OK")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"LANG", b"+OK languages follow\r\nen English\r\n.\r\n"),
        (b"LANG en", b"+OK en "),
        (b"LANG EN-gb-x", b"+OK en "),
        (b"LANG *", b"+OK en "),
        (b"LANG mul", b"-ERR "),
        (b"LANG en us", b"-ERR "),
        (b"LANG 1", b"-ERR "),
    ],
)
def test_lang_in_both_states(connect: Connect, line: bytes, answer: bytes) -> None:
    driver = connect()

    assert b"\r\nLANG\r\n" in driver.command(b"CAPA")
    assert driver.command(line).startswith(answer)
    assert driver.log_in().command(line).startswith(answer)


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        (b"user", b"user"),
        (b"USER", b"USER"),
        (b"I\xc2\xadX", b"IX"),
        (b"\xc2\xaa", b"a"),
        (b"\xe2\x85\xa8", b"IX"),
        (b"a\xc2\xa0b", b"a b"),
        (b"", b""),
    ],
)
def test_saslprep(typed: bytes, prepared: bytes) -> None:
    assert saslprep(typed) == prepared


@pytest.mark.parametrize("typed", [b"\x07", b"\xd8\xa71", b"\xff", b"\xee\x80\x80"])
def test_saslprep_refuses(typed: bytes) -> None:
    with pytest.raises(Unpreparable):
        saslprep(typed)
