"""The same octets from submission by MX relay and mail store to IMAP and POP3."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.lab import Delivery
from mailspec.requirement import requirement
from mailspec.suite.inbox import message_id
from mailspec.suite.journey.conftest import changes
from mailspec.verdict import Blocked, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.imap import ImapClient
from mailspec.wire.pop3 import ERR, OK, Pop3Client


def judge_same(stored: bytes, shown: list[bytes]) -> None:
    """Judge that a protocol shows the message as the store has it."""
    found = [octets for octets in shown if message_id(stored) in octets]
    if not found:
        msg = "the message is in the store, and the protocol does not show it"
        raise Blocked(msg)
    if found[0] != stored:
        raise Violation([f"the {len(stored)} octets of the file"], f"{len(found[0])} octets: {found[0]!r}")


@requirement("5321/3.6.3/relay-content-untouched")
def test_relay_leaves_the_content_alone(letter: bytes, captured: Delivery) -> None:
    """The MX host gets every header field and the body as they were submitted, and fields above them at most."""
    if changed := changes(letter, captured.octets):
        raise Violation(["what was submitted"], f"changed or gone: {changed!r}")


@requirement("5321/4.1.1.4/content-delivered")
def test_delivery_leaves_the_content_alone(handed_on: bytes, stored: bytes) -> None:
    """The file in the mail store has every header field and the body as the host handed them on."""
    if changed := changes(handed_on, stored):
        raise Violation(["what was handed on"], f"changed or gone: {changed!r}")


@requirement("3501/6.4.5/fetch-body")
def test_imap_shows_what_the_store_has(stored: bytes, imap_connect: Callable[[], ImapClient], other: Login) -> None:
    """BODY.PEEK[] of the message in INBOX is its file, line ends apart."""
    session = imap_connect()
    session.login(other)
    session.select(b"INBOX")
    fetched = session.fetch(b"1:*", b"(BODY.PEEK[])").require("OK").fetched
    judge_same(stored, [one.content(b"BODY[]") or b"" for one in fetched.values()])


@requirement("1939/5/retr")
def test_pop3_shows_what_the_store_has(stored: bytes, pop3_connect: Callable[[], Pop3Client], other: Login) -> None:
    """RETR of the message is its file, line ends apart."""
    session = pop3_connect()
    session.login(other)
    count, _ = session.stat()
    replies = [session.retr(number).require(OK, ERR) for number in range(1, count + 1)]
    judge_same(stored, [reply.body for reply in replies if reply.ok])
