"""Groups of commands: RFC 2920 section 3.2, where PIPELINING is offered."""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import Envelope, MessageMaker
from mailspec.target.inbox import open_inbox
from mailspec.target.target import Target
from mailspec.verdict import NotOffered, NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.smtp import (
    CLOSED,
    INTERMEDIATE,
    PERMANENT,
    SUCCESS,
    TRANSIENT,
    SmtpClient,
    dot_stuffed,
)

PIPELINING = ("smtp PIPELINING",)

#: Groups by name: what is sent in one segment, and with "+" or "-" whether it succeeds.
GROUPS = {
    "mail-rcpt": "mail+ rcpt+",
    "mail-rcpt-rcpt": "mail+ rcpt+ rcpt+",
    "rset-mail-rcpt": "rset+ mail+ rcpt+",
    "nonsense-first": "nonsense- mail+ rcpt+",
    "nonsense-second": "mail+ nonsense- rcpt+",
    "nonsense-third": "mail+ rcpt+ nonsense-",
    "nonsense-twice": "mail+ nonsense- nonsense- rcpt+",
    "nonsense-each-time": "nonsense- rset+ nonsense- rset+ nonsense-",
    "rset-between": "mail+ rcpt+ rset+ nonsense- rset+",
    "noop-between": "mail+ noop+ rcpt+ nonsense- noop+",
    "noop-last": "mail+ rcpt+ noop+",
}


def line_of(part: str, envelope: Envelope) -> bytes:
    """Return the line of one part of a group, with its CRLF."""
    lines = {
        "mail": b"MAIL FROM:<%s>" % envelope.sender,
        "rcpt": b"RCPT TO:<%s>" % envelope.recipient,
        "unknown": b"RCPT TO:<%s>" % envelope.unknown,
        "bad-rcpt": b"RCPT FROM:<a@client.test>",
        "nonsense": b"FROBNICATE",
        "rset": b"RSET",
        "noop": b"NOOP",
    }
    return lines[part] + b"\r\n"


@requirement("2920/3.2/replies-in-order", needs=PIPELINING)
@pytest.mark.parametrize("name", list(GROUPS))
def test_group(name: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """Each command of a group gets its own reply, in the order of the commands."""
    parts = GROUPS[name].split()
    smtp.send(b"".join(line_of(part[:-1], envelope) for part in parts) + b"X-NOBODYS\r\n")
    for part in parts:
        smtp.reply().expect(SUCCESS if part.endswith("+") else PERMANENT)
    smtp.reply().expect(PERMANENT)


@requirement("2920/3.2/replies-in-order", needs=PIPELINING)
def test_two_messages_in_a_row(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker) -> None:
    """Behind the end of the data a new group follows in the same segment."""
    group = b"".join(line_of(part, envelope) for part in ("mail", "rcpt"))
    smtp.send(group + b"DATA\r\n")
    for expected in (SUCCESS, SUCCESS, INTERMEDIATE):
        smtp.reply().require(expected)
    smtp.send(dot_stuffed(make_message()) + b"RSET\r\n" + group + b"X-NOBODYS\r\n")
    for expected in (SUCCESS, SUCCESS, SUCCESS, SUCCESS, PERMANENT):
        smtp.reply().expect(expected)


@requirement("2920/3.2/data-if-recipients", needs=PIPELINING)
@pytest.mark.parametrize(
    "recipients", [("rcpt",), ("unknown", "rcpt"), ("rcpt", "unknown"), ("unknown", "unknown")], ids="-".join
)
def test_data_in_a_group(recipients: tuple[str, ...], smtp: SmtpClient, envelope: Envelope) -> None:
    """DATA at the end of a group gets 3yz if a recipient was accepted, and is refused otherwise."""
    smtp.send(b"".join(line_of(part, envelope) for part in ("mail", *recipients)) + b"DATA\r\n")
    smtp.reply().require(250)
    accepted = [smtp.reply().require(SUCCESS, PERMANENT).code // 100 == 2 for _ in recipients]
    data = smtp.reply()
    if any(accepted):
        data.expect(INTERMEDIATE)
        return
    data.expect(PERMANENT)


@requirement("2920/3.2/all-failed-no-data", needs=PIPELINING)
@pytest.mark.parametrize("part", ["bad-rcpt", "unknown", "nonsense"])
def test_no_message_without_recipients(part: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """DATA in a group whose recipients were all refused takes no message."""
    smtp.send(b"".join(line_of(each, envelope) for each in ("mail", part, part)) + b"DATA\r\n")
    for expected in (SUCCESS, PERMANENT, PERMANENT):
        smtp.reply().require(expected)
    reply = smtp.reply().expect(354, PERMANENT)
    if reply.code == 354:
        smtp.send(b".\r\n")
        smtp.reply().expect(PERMANENT, TRANSIENT, CLOSED)


@requirement("2920/3.2/empty-message-unsent", needs=PIPELINING)
def test_empty_message_goes_to_nobody(
    smtp: SmtpClient, target: Target, account: Login, envelope: Envelope, make_message: MessageMaker, inbox: Inbox
) -> None:
    """Where DATA without a recipient got 354, an empty message comes to nobody, not to its sender either."""
    before = keys(target, account)
    smtp.mail(envelope.recipient).require(250)
    smtp.rcpt(envelope.unknown).require(PERMANENT)
    if smtp.command(b"DATA").require(354, PERMANENT).code != 354:
        msg = "DATA without a recipient is refused"
        raise NotOffered(msg)
    smtp.send(b".\r\n")
    smtp.reply().require(SUCCESS, PERMANENT, TRANSIENT)
    smtp.deliver(envelope.sender, envelope.recipient, later := make_message())
    inbox.wait(later)
    if (count := len(keys(target, account) - before)) != 1:
        raise Violation(["a later message alone"], f"{count} messages")


def keys(target: Target, account: Login) -> frozenset[str]:
    """Return what tells the messages in the INBOX apart."""
    reader = open_inbox(target, account)
    try:
        return reader.keys()
    finally:
        reader.close()


@requirement("2920/3.2/prompt-replies", needs=PIPELINING)
@pytest.mark.parametrize("command", ["EHLO client.test", "DATA", "VRFY someone", "EXPN someone", "NOOP", "QUIT"])
def test_reply_is_not_held_back(command: str, smtp_rcpt: SmtpClient) -> None:
    """A command that ends a group has its reply without anything more being sent."""
    smtp_rcpt.send(b"NOOP\r\n" + command.encode() + b"\r\n")
    smtp_rcpt.reply().require(250)
    reply = smtp_rcpt.reply()
    if reply.failure is not None:
        raise Violation(["a reply"], reply.failure.reason)
    reply.require(SUCCESS, INTERMEDIATE, PERMANENT)
    if command not in {"DATA", "QUIT"}:
        smtp_rcpt.command(b"X-NOBODYS").require(PERMANENT)
    elif command == "QUIT":
        reply.require(221)


@requirement("2920/3.2/prompt-refusals", needs=PIPELINING)
@pytest.mark.parametrize("before", [b"", b"RSET\r\n", b"RSET\r\nNOOP\r\n"], ids=["alone", "after-rset", "after-noop"])
def test_refusal_is_not_held_back(before: bytes, smtp: SmtpClient) -> None:
    """An unknown command that ends a group is refused without anything more being sent."""
    smtp.send(before + b"FROBNICATE\r\n")
    for _ in range(before.count(b"\n")):
        smtp.reply().require(250)
    reply = smtp.reply()
    if reply.failure is not None:
        raise Violation(["a reply"], reply.failure.reason)
    reply.expect(PERMANENT)


@requirement("2920/3.2/pending-replies-sent", needs=PIPELINING)
@pytest.mark.parametrize("part", ["rset", "mail", "rcpt"])
def test_due_replies_are_sent(part: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """Replies that may be kept together leave as soon as nothing more has come."""
    parts = ("rset", "mail", "rcpt")
    group = parts[: parts.index(part) + 1]
    smtp.send(b"".join(line_of(each, envelope) for each in group))
    for _ in group:
        reply = smtp.reply()
        if reply.failure is not None:
            raise Violation(["a reply"], reply.failure.reason)
        reply.require(SUCCESS)
    smtp.command(b"X-NOBODYS").require(PERMANENT)


@requirement("2920/3.2/input-kept", needs=PIPELINING)
@pytest.mark.parametrize("count", [2, 50, 90])
def test_no_octet_is_lost(count: int, smtp: SmtpClient) -> None:
    """So many commands in one segment get as many replies."""
    # NOOP would have to be the last of a group (section 3.1).
    smtp.send(b"RSET\r\n" * count + b"X-NOBODYS\r\n")
    for number in range(count):
        if smtp.reply().expect(SUCCESS, 554).code == 554:
            smtp.expect_closed()
            msg = f"the target takes {number} such commands in a session"
            raise NotRun(msg)
    smtp.reply().expect(PERMANENT)


@requirement("2920/3.2/input-kept", needs=PIPELINING)
def test_commands_behind_data_are_kept(smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """Commands in one segment with the end of the data are carried out after it."""
    smtp_rcpt.command(b"DATA").require(354)
    smtp_rcpt.send(dot_stuffed(make_message()) + b"RSET\r\nRSET\r\nX-NOBODYS\r\n")
    for expected in (SUCCESS, SUCCESS, SUCCESS, PERMANENT):
        smtp_rcpt.reply().expect(expected)
