"""What a submission server makes of the message itself: RFC 6409 sections 5.1, 5.3, 6.3, 8.1 and 8.2."""

from __future__ import annotations

import re

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, fields
from mailspec.suite.smtp.test_submission import known, without
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import NotRun, Violation
from mailspec.wire.failure import TimedOut
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, SmtpClient

#: Addresses that no syntax of RFC 5322 section 3.4 allows, the obsolete one included.
BROKEN = {"two-ats": b"<a@b@client.test>", "open-bracket": b"<a@client.test", "doubled-at": b"a@@client.test"}

#: Seconds in which each reply is there (section 5.3).
TWO_MINUTES = 120.0


@requirement("6409/5.1/header-syntax")
@pytest.mark.parametrize("kind", list(BROKEN))
@pytest.mark.parametrize("name", [b"Cc", b"Reply-To"], ids=bytes.decode)
def test_broken_address_field(
    name: bytes, kind: str, submission: SmtpClient, envelope: Envelope, inbox: Inbox, make_message: MessageMaker
) -> None:
    """A server that changes messages refuses one with an address that is none."""
    message = name + b": " + BROKEN[kind] + b"\r\n" + without(make_message(), b"Message-ID")
    submission.mail(envelope.recipient).require(250)
    submission.rcpt(envelope.recipient).require(250, 251)
    if submission.data(message).require(SUCCESS, PERMANENT).code >= 500:
        submission.deliver(envelope.recipient, envelope.recipient, make_message())
        return
    if not any(each == b"message-id" for each, _ in fields(inbox.wait(known(message)))):
        msg = "the target adds no Message-ID, so it may leave messages alone"
        raise NotRun(msg)
    raise Violation(["a refusal"], f"{name.decode()}: {BROKEN[kind].decode()} is taken")


@requirement("6409/5.3/two-minutes", slow=True)
@pytest.mark.parametrize("command", [b"NOOP", b"HELP", b"VRFY nobody", b"X-NOBODYS", b"mail", b"rcpt", b"data"])
def test_reply_within_two_minutes(
    command: bytes, submission: SmtpClient, envelope: Envelope, make_message: MessageMaker
) -> None:
    """Every command is answered in time, and the end of the data as well."""
    lines = {
        b"mail": [b"MAIL FROM:<%s>" % envelope.recipient],
        b"rcpt": [b"MAIL FROM:<%s>" % envelope.recipient, b"RCPT TO:<%s>" % envelope.recipient],
    }
    wanted = [*lines[b"rcpt"], b"DATA", make_message() + b"."] if command == b"data" else lines.get(command, [command])
    for line in wanted:
        submission.send(line + b"\r\n")
        reply = submission.reply(TWO_MINUTES)
        if isinstance(reply.failure, TimedOut):
            raise Violation(["a reply within two minutes"], f"none to {line[:20]!r}")
        reply.judged = True
    require_refusals(submission)


@requirement("6409/6.3/data-checked")
def test_messages_that_may_be_refused(
    submission: SmtpClient, envelope: Envelope, make_message: MessageMaker, census: Census
) -> None:
    """The replies to messages that break the syntax are noted."""
    header, _, body = make_message().partition(b"\r\n\r\n")
    odd = {
        "no header": body,
        "two From": b"From: <a@client.test>\r\n" + header + b"\r\n\r\n" + body,
        "bad Date": re.sub(rb"(?m)^Date: .*\r\n", b"Date: yesterday\r\n", header) + b"\r\n\r\n" + body,
        "address": b"Cc: " + BROKEN["two-ats"] + b"\r\n" + header + b"\r\n\r\n" + body,
    }
    for name, message in odd.items():
        submission.mail(envelope.recipient).require(250)
        submission.rcpt(envelope.recipient).require(250, 251)
        census(name, submission.data(message).require(SUCCESS, PERMANENT, TRANSIENT).code)


@requirement("6409/8.1/sender-added")
def test_sender(
    submission: SmtpClient, envelope: Envelope, inbox: Inbox, make_message: MessageMaker, census: Census
) -> None:
    """Whether a Sender is added where From names somebody else is noted."""
    message = re.sub(rb"(?m)^From: .*\r\n", b"From: <boss@elsewhere.test>\r\n", make_message())
    submission.mail(envelope.recipient).require(250)
    submission.rcpt(envelope.recipient).require(250, 251)
    code = submission.data(message).require(SUCCESS, PERMANENT).code
    found = [] if code >= 500 else [value for name, value in fields(inbox.wait(message)) if name == b"sender"]
    census("Sender", "refused" if code >= 500 else b" ".join(found).strip() or b"none")


@requirement("6409/8.2/date-added")
@pytest.mark.parametrize("kind", ["missing", "wrong"])
def test_date(
    kind: str, submission: SmtpClient, envelope: Envelope, inbox: Inbox, make_message: MessageMaker, census: Census
) -> None:
    """What becomes of a Date that is missing, or is none, is noted."""
    instead = b"" if kind == "missing" else b"Date: yesterday\r\n"
    message = re.sub(rb"(?m)^Date: .*\r\n", instead, make_message())
    submission.mail(envelope.recipient).require(250)
    submission.rcpt(envelope.recipient).require(250, 251)
    code = submission.data(message).require(SUCCESS, PERMANENT).code
    found = [] if code >= 500 else [value for name, value in fields(inbox.wait(message)) if name == b"date"]
    census(f"{kind} Date", "refused" if code >= 500 else b" ".join(found).strip() or b"none")
