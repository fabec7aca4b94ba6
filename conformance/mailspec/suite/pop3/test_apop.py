"""APOP, where the greeting offers it: RFC 1939 section 7."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.verdict import Blocked, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client

APOP = ("pop3 APOP",)

# msg-id = "<" local "@" domain ">" (RFC 822 section 6.1), as far as it can be told by sight
MSG_ID = re.compile(rb"<[^<>@\s]+@[^<>@\s]+>")
TIMESTAMP = re.compile(rb"<[^<>]*>")


def timestamp(greeting: bytes) -> bytes:
    """Return what stands in angle brackets in a greeting."""
    found = TIMESTAMP.search(greeting)
    if found is None:
        msg = f"the greeting has no timestamp: {greeting!r}"
        raise Blocked(msg)
    return found[0]


def digest(greeting: bytes, secret: bytes) -> bytes:
    """Return the digest that opens the maildrop."""
    return hashlib.md5(timestamp(greeting) + secret, usedforsecurity=False).hexdigest().encode()


@requirement("1939/7/apop", needs=APOP)
def test_right_digest(pop3_new: Pop3Client, account: Login) -> None:
    """APOP with the digest over timestamp and password opens the maildrop."""
    greeting = pop3_new.greeting().require(OK).text
    pop3_new.command(b"APOP " + account.login + b" " + digest(greeting, account.secret)).expect(OK)
    pop3_new.command(b"STAT").expect(OK)


@requirement("1939/7/apop-wrong-digest", needs=APOP, tier="destructive")
def test_wrong_digest(pop3_new: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """APOP with a digest over another password gets -ERR and opens nothing."""
    greeting = pop3_new.greeting().require(OK).text
    pop3_new.command(b"APOP " + account.login + b" " + digest(greeting, wrong_password)).expect(ERR)
    pop3_new.command(b"STAT").expect(ERR, CLOSED)


@requirement("1939/7/apop-wrong-digest", needs=APOP, tier="destructive")
def test_digest_of_another_greeting(
    pop3_new: Pop3Client, pop3_clear_again: Callable[[], Pop3Client], account: Login, wrong_password: bytes
) -> None:
    """A digest that was right for one connection opens nothing on another."""
    assert wrong_password
    greeting = pop3_new.greeting().require(OK).text
    second = pop3_clear_again()
    own = second.greeting().require(OK).text
    if timestamp(own) == timestamp(greeting):
        msg = "both greetings have the same timestamp"
        raise Blocked(msg)
    second.command(b"APOP " + account.login + b" " + digest(greeting, account.secret)).expect(ERR)


@requirement("1939/3/unknown-command", needs=APOP)
def test_missing_digest(pop3_new: Pop3Client, account: Login) -> None:
    """APOP without a digest gets -ERR."""
    pop3_new.greeting().require(OK)
    pop3_new.command(b"APOP " + account.login).expect(ERR)


@requirement("1939/7/apop-timestamp", needs=APOP)
def test_timestamp_is_a_message_id(pop3_new: Pop3Client) -> None:
    """The timestamp has the form of a Message-ID."""
    found = timestamp(pop3_new.greeting().expect(OK).text)
    if not MSG_ID.fullmatch(found):
        raise Violation(["<local-part@domain>"], repr(found))


@requirement("1939/7/apop-timestamp-differs", needs=APOP)
def test_timestamps_differ(pop3_clear_again: Callable[[], Pop3Client]) -> None:
    """Five greetings have five timestamps."""
    found = [timestamp(pop3_clear_again().greeting().require(OK).text) for _ in range(5)]
    if len(set(found)) != len(found):
        raise Violation(["five different timestamps"], repr(found))
