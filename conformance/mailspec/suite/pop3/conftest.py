"""States of a maildrop that the POP3 checks start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import MessageMaker, Sender
from mailspec.verdict import Blocked
from mailspec.wire.pop3 import OK, Pop3Client

BODIES = (b"one\r\n", b".dot\r\n..two\r\nx\r\n", b"1\r\n2\r\n3\r\n4\r\n5\r\n")


@dataclass(frozen=True, slots=True)
class Stock:
    """What was put into the maildrop: the messages as they were sent, oldest first."""

    messages: tuple[bytes, ...]
    inbox: Inbox

    def delivered(self, index: int) -> bytes:
        """Return the octets of a message as the store has them, trace fields included."""
        return self.inbox.wait(self.messages[index])


@pytest.fixture
def stock(make_message: MessageMaker, send: Sender, inbox: Inbox) -> Stock:
    """Three messages in the account's maildrop, the only ones."""
    messages = tuple(make_message(body=body) for body in BODIES)
    for message in messages:
        send(message)
        inbox.wait(message)
    return Stock(messages, inbox)


@pytest.fixture
def stocked(stock: Stock, open_maildrop: Callable[[], Pop3Client]) -> Pop3Client:
    """A session in TRANSACTION on a maildrop of three messages."""
    session = open_maildrop()
    count, _ = session.stat()
    if count != len(stock.messages):
        msg = f"the maildrop has {count} messages, not the {len(stock.messages)} sent"
        raise Blocked(msg)
    session.command(b"NOOP").require(OK)
    return session
