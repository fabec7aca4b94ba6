"""What becomes of a message: RFC 5321 sections 3.3, 4.1.1, 4.1.1.4, 4.1.1.5, 4.4, 6.3, 6.4 and 7.2."""

from __future__ import annotations

import re

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, body_of, fields
from mailspec.suite.smtp.test_trace import added, flat
from mailspec.suite.steps import Envelope, MessageMaker, Sender, require_refusals
from mailspec.target.target import Target
from mailspec.verdict import Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, SmtpClient

#: Fields that a server adds at the top, and others that delivery agents add.
TRACE = (
    b"received",
    b"return-path",
    b"delivered-to",
    b"x-original-to",
    b"envelope-to",
    b"delivery-date",
    b"authentication-results",
)


@requirement("5321/4.1.1.3/rcpt-appends")
def test_two_recipients_get_it(
    smtp_rcpt: SmtpClient,
    envelope: Envelope,
    other: Login,
    make_message: MessageMaker,
    inbox: Inbox,
    target: Target,
) -> None:
    """A message for two mailboxes arrives in both."""
    message, later = make_message(), make_message()
    smtp_rcpt.rcpt(other.address).expect(250, 251)
    smtp_rcpt.data(message).expect(250)
    for box, address in ((inbox, envelope.recipient), (Inbox(target, other), other.address)):
        smtp_rcpt.deliver(envelope.sender, address, later)
        box.wait(later)
        if not box.overtaken(message):
            raise Violation(["the message for both"], f"only a later message for {address.decode()}")
    require_refusals(smtp_rcpt)


@requirement("5321/4.1.1.2/mail-clears")
@pytest.mark.parametrize("ended", ["rset", "data", "ehlo"])
def test_earlier_recipient_is_forgotten(
    ended: str,
    smtp: SmtpClient,
    envelope: Envelope,
    other: Login,
    make_message: MessageMaker,
    inbox: Inbox,
    target: Target,
) -> None:
    """A recipient of an earlier transaction gets nothing of the next."""
    smtp.mail(envelope.sender).require(250)
    smtp.rcpt(other.address).require(250, 251)
    match ended:
        case "rset":
            smtp.command(b"RSET").require(250)
        case "ehlo":
            smtp.ehlo().require(250)
        case _:
            smtp.data(make_message()).require(250)
    message, later = make_message(), make_message()
    smtp.deliver(envelope.sender, envelope.recipient, message)
    smtp.deliver(envelope.sender, other.address, later)
    inbox.wait(message)
    theirs = Inbox(target, other)
    theirs.wait(later)
    if theirs.holds(message):
        raise Violation(
            ["a message for one mailbox"], "it was delivered to the recipient of an earlier transaction too"
        )


@requirement("5321/4.1.1.4/failure-reply")
@pytest.mark.parametrize("kind", ["bare-lf", "nul", "long-line", "no-header", "only-header", "eight-bit"])
def test_taken_or_refused(
    kind: str, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox, send: Sender
) -> None:
    """An odd message gets a failure reply, or it is delivered."""
    whole = make_message()
    odd = {
        "bare-lf": whole + b"a\nb\r\n",
        "nul": whole + b"a\0b\r\n",
        "long-line": whole + b"x" * 3000 + b"\r\n",
        "no-header": b"Not a field, " + re.findall(rb"Message-ID: .*\r\n", whole)[0] + b"and a body\r\n",
        "only-header": whole.partition(b"\r\n\r\n")[0] + b"\r\n",
        "eight-bit": whole + b"caf\xe9\r\n",
    }[kind]
    marked = odd if kind != "no-header" else whole
    reply = smtp_rcpt.data(odd).expect(250, PERMANENT, TRANSIENT)
    if reply.code == 421:
        # The target gives up on such a client.
        return
    require_refusals(smtp_rcpt)
    if reply.code == 250 and kind != "no-header":
        send(later := make_message())
        inbox.wait(later)
        if not inbox.overtaken(marked):
            raise Violation(["the message, or a failure reply"], "250, and only a later message arrives")


@requirement("5321/6.3/hundred-received")
@pytest.mark.parametrize("count", [26, 51, 99])
def test_many_received_fields(count: int, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """A message with fewer than 100 Received fields is no loop."""
    trace = b"".join(
        b"Received: from h%d.test by h%d.test; Mon, 2 Jan 2006 15:04:05 +0000\r\n" % (hop + 1, hop)
        for hop in range(count, 0, -1)
    )
    smtp_rcpt.data(make_message(extra=trace)).expect(250)
    require_refusals(smtp_rcpt)


ODD_FIELDS = (
    b"X-Odd:   spaces  inside \r\n"
    b"SUBJECT-2: Name In Odd Case\r\n"
    b"Comments: folded\r\n\tand folded again\r\n"
    b"Bcc: <hidden@elsewhere.test>\r\n"
    b"Resent-To: <one@elsewhere.test>\r\n"
    b"Resent-To: <two@elsewhere.test>\r\n"
)


def below_trace(message: bytes) -> list[tuple[bytes, bytes]]:
    """Return the fields that a server does not put at the top."""
    return [(name, value.strip()) for name, value in fields(message) if name not in TRACE]


@requirement("5321/6.4/changes-documented")
def test_header_is_not_changed(make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """The fields of a complete message are delivered with their values and in their order."""
    message = make_message(extra=ODD_FIELDS.partition(b"Bcc")[0])
    send(message)
    sent, kept = below_trace(message), below_trace(inbox.wait(message))
    if [pair for pair in kept if pair in sent] != sent:
        raise Violation([repr(sent)], repr(kept))


@requirement("5321/3.3/resent-fields")
@pytest.mark.parametrize("kind", ["to-alone", "two-to", "date-alone"])
def test_resent_fields_are_no_reason_to_refuse(kind: str, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """Resent fields that do not match are not the receiver's business."""
    extra = {
        "to-alone": b"Resent-To: <one@elsewhere.test>\r\n",
        "two-to": b"Resent-To: <one@elsewhere.test>\r\nResent-To: <two@elsewhere.test>\r\n",
        "date-alone": b"Resent-Date: Mon, 2 Jan 2006 15:04:05 +0000\r\n",
    }[kind]
    smtp_rcpt.data(make_message(extra=extra)).expect(250)
    require_refusals(smtp_rcpt)


@requirement("5321/3.3/defective-header")
@pytest.mark.parametrize("kind", ["no-date", "no-from", "two-from", "bad-date", "no-message-id-brackets"])
def test_defective_fields_are_no_reason_to_refuse(kind: str, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """A header section that RFC 5322 does not allow is not the receiver's business."""
    message = {
        "no-date": re.sub(rb"Date: .*\r\n", b"", make_message()),
        "no-from": re.sub(rb"From: .*\r\n", b"", make_message()),
        "two-from": make_message(extra=b"From: <someone@elsewhere.test>\r\n"),
        "bad-date": re.sub(rb"Date: .*\r\n", b"Date: the day before\r\n", make_message()),
        "no-message-id-brackets": make_message(extra=b"In-Reply-To: nothing\r\nReferences: , ,\r\n"),
    }[kind]
    smtp_rcpt.data(message).expect(250)
    require_refusals(smtp_rcpt)


@requirement("5321/7.2/recipients-hidden")
def test_other_recipients_stay_hidden(
    smtp_rcpt: SmtpClient, other: Login, make_message: MessageMaker, inbox: Inbox
) -> None:
    """A message for two shows the first no sign of the second, who stands in no field of it."""
    message = make_message()
    smtp_rcpt.rcpt(other.address).require(250, 251)
    smtp_rcpt.data(message).require(250)
    header = inbox.wait(message).partition(b"\r\n\r\n")[0]
    if other.address in header:
        raise Violation(["nothing about other recipients"], f"{other.address.decode()} in the header section")


@requirement("5321/7.2/header-not-deduced")
def test_header_recipients_are_left_alone(make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """To and Cc of people who are not in the envelope are delivered as they were."""
    extra = b"Cc: <absent@elsewhere.test>, Somebody <other@elsewhere.test>\r\n"
    message = make_message(extra=extra)
    send(message)
    kept = [value.strip() for name, value in fields(inbox.wait(message)) if name == b"cc"]
    if kept != [extra.partition(b":")[2].strip()]:
        raise Violation([repr(extra)], repr(kept))


@requirement("5321/7.2/no-apparently-to")
def test_no_apparently_to(make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """A message without recipients in its header section gets no Apparently-To."""
    message = re.sub(rb"To: .*\r\n", b"", make_message())
    send(message)
    if any(name == b"apparently-to" for name, _ in fields(inbox.wait(message))):
        raise Violation(["no Apparently-To"], "an Apparently-To field")


# Stamp = From-domain By-domain Opt-info [CFWS] ";" FWS date-time (section 4.4), comments taken out before
STAMP = re.compile(
    rb"from (?P<from>\S+) by (?P<by>\S+)( via (?P<via>\S+))?( with (?P<with>\S+))?( id (?P<id>\S+))?"
    rb"( for (?P<for>\S+))?(?P<more>( (?!(?:via|with|id|for) )[A-Za-z]\S* \S+)*) ?;.*",
    re.IGNORECASE | re.DOTALL,
)

#: The registry of WITH protocol types (IANA, "Mail Parameters").
PROTOCOLS = frozenset(
    b"""SMTP ESMTP ESMTPA ESMTPS ESMTPSA LMTP LMTPA LMTPS LMTPSA MMS UTF8SMTP UTF8SMTPA UTF8SMTPS UTF8SMTPSA UTF8LMTP
    UTF8LMTPA UTF8LMTPS UTF8LMTPSA HTTP HTTPS HTTPREST""".split()
)


def stamp(make_message: MessageMaker, send: Sender, inbox: Inbox) -> re.Match[bytes] | None:
    """Return the clauses of the Received field about our session; None where it has another form."""
    message = make_message()
    send(message)
    value = added(fields(inbox.wait(message)))[-1]
    while (bare := re.sub(rb"\s*\((?:[^()\\]|\\.)*\)", b"", value)) != value:
        value = bare
    return STAMP.fullmatch(flat(value))


@requirement("5321/4.4/received-form")
def test_received_has_its_clauses_in_order(make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """The Received field has from and by, then via, with, id and for as far as they are there, and the date."""
    if stamp(make_message, send, inbox) is None:
        raise Violation(["from, by, [via], [with], [id], [for], ;, date"], "another form")


@requirement("5321/4.4/received-for-one")
def test_received_names_one_recipient(
    smtp_rcpt: SmtpClient, other: Login, make_message: MessageMaker, inbox: Inbox
) -> None:
    """A FOR clause of a message for two names one path at most."""
    message = make_message()
    smtp_rcpt.rcpt(other.address).require(250, 251)
    smtp_rcpt.data(message).require(250)
    for value in added(fields(inbox.wait(message))):
        clause = re.search(rb"\bfor\s+([^;]*);", value, re.IGNORECASE)
        if clause is not None and clause[1].count(b"@") > 1:
            raise Violation(["one path"], repr(clause[1]))


@requirement("5321/4.4/registered-names")
def test_received_names_registered_protocols(make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """The name after WITH is a registered one, and so is that after VIA."""
    found = stamp(make_message, send, inbox)
    if found is None:
        return
    if (name := (found["with"] or b"SMTP").upper()) not in PROTOCOLS:
        raise Violation(["a registered protocol"], name.decode("latin-1"))
    if (link := (found["via"] or b"TCP").upper()) not in {b"TCP", b"UUCP"}:
        raise Violation(["a registered link"], link.decode("latin-1"))


@requirement("5321/4.1.1.4/content-delivered")
@pytest.mark.parametrize("kind", ["empty-lines", "trailing-space", "tabs", "from-line", "last-empty", "many-lines"])
def test_body_as_it_was(kind: str, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """A body of plain text arrives octet by octet."""
    body = {
        "empty-lines": b"\r\n\r\na\r\n\r\n\r\nb\r\n",
        "trailing-space": b"a \r\nb\t\r\n \r\n",
        "tabs": b"\ta\r\n\t\tb\r\n",
        "from-line": b"a\r\n\r\nFrom here on\r\n>From there\r\n",
        "last-empty": b"a\r\n\r\n\r\n",
        "many-lines": b"line\r\n" * 3000,
    }[kind]
    message = make_message(body=body)
    smtp_rcpt.data(message).require(250)
    if (delivered := body_of(inbox.wait(message))) != body:
        raise Violation([repr(body[:80])], repr(delivered[:80]))


@requirement("5321/4.4/one-return-path")
@pytest.mark.parametrize("count", [1, 2])
def test_old_return_paths_go(count: int, make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """However many Return-Path fields a message came with, it is delivered with one."""
    message = make_message(extra=b"Return-Path: <old@client.test>\r\n" * count)
    send(message)
    left = [name for name, _ in fields(inbox.wait(message))].count(b"return-path")
    if left != 1:
        raise Violation(["one Return-Path field"], f"{left} of them")


@requirement("5321/4.4/return-path")
def test_null_return_path(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """A message with a null reverse-path is delivered with a null Return-Path."""
    message = make_message()
    smtp.mail(b"").require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(message).require(SUCCESS)
    paths = [value.strip() for name, value in fields(inbox.wait(message)) if name == b"return-path"]
    if paths[:1] != [b"<>"]:
        raise Violation(["Return-Path: <>"], repr(paths))
