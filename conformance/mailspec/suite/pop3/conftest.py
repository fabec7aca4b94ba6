"""States of a maildrop that the POP3 checks start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pytest

from mailspec.suite.fixtures.inbox import OwnMail
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.steps import MessageMaker, Sender
from mailspec.target.dialogue import StepFailed
from mailspec.target.inbox import count_messages
from mailspec.target.target import Target
from mailspec.verdict import Blocked, Inconclusive
from mailspec.wire.endpoint import Login
from mailspec.wire.poll import until
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client
from mailspec.wire.recorder import Recorder

#: No two of the same size or number of lines; only the second has lines that begin with a dot.
BODIES = (b"one\r\n", b".dot\r\n..two\r\nx\r\n", b"1\r\n2\r\n3\r\n4\r\n5\r\n")


#: How often the maildrop is filled before strangers in it block the check.
TRIES = 3


class Bodies(Protocol):
    """Says what the body of a message of ours may be."""

    def __call__(self, message: bytes) -> frozenset[bytes]:
        """Return it as it was sent and, where the profile has a view that owes nothing to POP3, as that shows it."""
        ...


@dataclass(frozen=True, slots=True)
class Stock:
    """What was put into the maildrop: the messages as they were sent, oldest first."""

    messages: tuple[bytes, ...]
    #: What the body of each may be; seen before any session of the check has locked the maildrop.
    bodies: tuple[frozenset[bytes], ...]

    def retrieved(self, session: Pop3Client) -> tuple[bytes, bytes, bytes]:
        """Return what RETR gives for the three numbers.

        Raises:
            Blocked: these are not the messages that were sent, which is for the checks of RETR to judge.
        """
        first, second, third = (session.retr(number).require(OK).body for number in (1, 2, 3))
        found = {body_of(message) for message in (first, second, third)}
        if not all(bodies & found for bodies in self.bodies):
            msg = f"RETR does not give the messages that were sent: {found!r}"
            raise Blocked(msg)
        return first, second, third


@pytest.fixture(scope="session")
def right_bodies(target: Target, inbox: Inbox) -> Bodies:
    """What the bodies of messages may be: RETR alone is never its own witness."""
    has_other_view = target.profile.store is not None or target.has("imap")

    def bodies(message: bytes) -> frozenset[bytes]:
        shown = inbox.wait(message)
        return frozenset(map(body_of, {message, shown} if has_other_view else {message}))

    return bodies


@pytest.fixture
def stock(
    make_message: MessageMaker,
    send: Sender,
    inbox: Inbox,
    own_mail: OwnMail,
    target: Target,
    account: Login,
    right_bodies: Bodies,
) -> Stock:
    """Three messages in the account's maildrop, the only ones."""
    messages: tuple[bytes, ...] = ()
    count = 0
    for _ in range(TRIES):
        messages = tuple(make_message(body=body) for body in BODIES)
        for message in messages:
            send(message)
            inbox.wait(message)
        own_mail.arrived = True
        if (count := counted(target, account)) == len(messages):
            return Stock(messages, tuple(map(right_bodies, messages)))
        # Mail that an earlier check caused may come late, a report of a failed delivery for instance.
        own_mail.clear()
    msg = f"the INBOX has {count} messages, not the {len(messages)} sent"
    raise Blocked(msg)


def counted(target: Target, account: Login) -> int:
    """Return the number of messages in the INBOX; Blocked where it cannot be told."""
    try:
        return count_messages(target, account)
    except StepFailed as failed:
        msg = f"the INBOX cannot be counted: {failed}"
        raise Blocked(msg) from failed


@pytest.fixture
def stocked(stock: Stock, open_maildrop: Callable[[], Pop3Client]) -> Pop3Client:
    """A session in TRANSACTION on a maildrop of three messages."""
    assert stock.messages
    return open_maildrop()


@pytest.fixture
def open_again(
    target: Target, pop3_connect: Callable[[], Pop3Client], account: Login, own_mail: OwnMail
) -> Callable[[], Pop3Client]:
    """Open a session on the maildrop as soon as the target has noticed that the one before was lost."""
    own_mail.may_arrive = True

    def attempt() -> Pop3Client | None:
        session = pop3_connect()
        session.recorder.transcript.secrets.add(account.secret)
        session.command(b"USER " + account.login).require(OK)
        answer = session.command(b"PASS " + account.secret).require(OK, ERR, CLOSED)
        if answer.failure is None and answer.ok:
            return session
        session.close()
        return None

    def opened() -> Pop3Client:
        session = until(attempt, target.deadline)
        if session is None:
            msg = f"nobody can log in {target.deadline:g} seconds after the session before was lost"
            raise Inconclusive(msg)
        return session

    return opened


class Filler(Protocol):
    """Puts messages into the maildrop."""

    def __call__(self, *bodies: bytes) -> tuple[bytes, ...]:
        """Send a message for each body, wait until all are there, and return them."""
        ...


@pytest.fixture
def fill(make_message: MessageMaker, send: Sender, inbox: Inbox, own_mail: OwnMail) -> Filler:
    """Put messages of one's own into the maildrop; to be called before a session opens it."""

    def filled(*bodies: bytes) -> tuple[bytes, ...]:
        messages = tuple(make_message(body=body) for body in bodies)
        for message in messages:
            send(message)
            inbox.wait(message)
        own_mail.arrived = True
        return messages

    return filled


@pytest.fixture
def named(pop3: Pop3Client, account: Login) -> Pop3Client:
    """A session in which USER was accepted and PASS has not been sent."""
    pop3.command(b"USER " + account.login).require(OK)
    return pop3


@pytest.fixture
def inside_tls(pop3_clear: Pop3Client) -> Pop3Client:
    """A session in AUTHORIZATION that has begun TLS by STLS."""
    pop3_clear.start_tls()
    return pop3_clear


@pytest.fixture
def marked(stocked: Pop3Client) -> Pop3Client:
    """A session in TRANSACTION in which message 1 of three is marked as deleted."""
    stocked.dele(1).require(OK)
    return stocked


@pytest.fixture
def pop3_clear_again(target: Target, recorder: Recorder) -> Callable[[], Pop3Client]:
    """Open further connections whose greeting nobody has read."""

    def connect() -> Pop3Client:
        target.pace.before_connecting()
        return Pop3Client.connect(target.endpoint("pop3"), recorder)

    return connect
