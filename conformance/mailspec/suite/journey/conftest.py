"""The stations of one message: submitted, relayed to an MX host of the lab, handed on to the target, stored."""

from __future__ import annotations

import re

import pytest

from mailspec.lab import Delivery, Lab
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import MessageMaker
from mailspec.target.target import Target
from mailspec.verdict import Blocked
from mailspec.wire.endpoint import Login
from mailspec.wire.smtp import SmtpClient

#: What a careless hop is likely to tidy up.
FIELDS = (
    b"X-Folded: one\r\n two\r\n\t three\r\nx-ODD-case:no space behind the colon\r\n"
    b"X-Twice: first\r\nX-Twice: second\r\nX-Trailing: spaces  \r\n"
)
BODY = (
    b"trailing spaces  \r\n\ttab\r\n"
    + b"long " * 150
    + b"\r\nFrom here on\r\n\r\nlast line, and two empty ones\r\n\r\n\r\n"
)


def header_fields(message: bytes) -> list[bytes]:
    """Return the header fields from the top as they are, folding included."""
    return re.split(rb"\r\n(?![ \t])", message.partition(b"\r\n\r\n")[0])


def changes(before: bytes, after: bytes) -> list[bytes]:
    """Return what of a message is no longer there as it was and in its order; added fields do not count."""
    found, place = header_fields(after), 0
    gone: list[bytes] = []
    for field in header_fields(before):
        # Looked for behind the one before it, so that the order counts.
        if field in found[place:]:
            place = found.index(field, place) + 1
        else:
            gone.append(field)
    body = before.partition(b"\r\n\r\n")[2]
    return gone if after.partition(b"\r\n\r\n")[2] == body else [*gone, body]


@pytest.fixture
def letter(make_message: MessageMaker) -> bytes:
    """A message in which much can be changed that must not be."""
    return make_message(extra=FIELDS, body=BODY)


@pytest.fixture
def captured(submission: SmtpClient, letter: bytes, account: Login, lab: Lab, target: Target) -> Delivery:
    """The letter as the target relayed it to a host of the lab, found by its MX records."""
    domain = lab.domain("journey")
    first, second = lab.hosts(2)
    lab.set_mx(domain, [(20, second), (10, first)])
    submission.deliver(account.address, b"traveller@" + domain.encode(), letter)
    deliveries = lab.wait_deliveries(domain, 1, target.arrival_deadline)
    if not deliveries:
        msg = f"the message did not reach the hosts of {domain} in {target.arrival_deadline:g} seconds"
        raise Blocked(msg)
    return deliveries[0]


@pytest.fixture
def handed_on(captured: Delivery, smtp: SmtpClient, sender: bytes, other: Login) -> bytes:
    """The letter's octets as the host of the lab handed them on, to the second account of the target."""
    smtp.deliver(sender, other.address, captured.octets)
    return captured.octets


@pytest.fixture
def stored(handed_on: bytes, target: Target, other: Login) -> bytes:
    """The letter as its file in the second account's Maildir has it, line ends as CRLF; *not run* without a store."""
    target.maildir_of(other)
    return Inbox(target, other).wait(handed_on)
