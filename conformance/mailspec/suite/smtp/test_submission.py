"""The submission service: RFC 6409, for targets whose profile has [submission]."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox, body_of, fields
from mailspec.suite.steps import Envelope, MessageMaker, Sender, require_refusals
from mailspec.target.target import Target
from mailspec.verdict import Blocked, NotRun, Violation
from mailspec.wire.smtp import PERMANENT, SUCCESS, SmtpClient

#: A domain of one label, which only those on the same site could complete.
UNQUALIFIED = b"workstation"

#: Trace fields that delivery adds, and what delivery agents add for themselves.
TRACE = {b"received", b"return-path", b"delivered-to", b"x-original-to", b"envelope-to", b"delivery-date"}


@pytest.mark.parametrize(
    "keyword",
    [
        case("6409/7/pipelining", b"PIPELINING", name="pipelining"),
        case("6409/7/enhanced-codes", b"ENHANCEDSTATUSCODES", name="enhanced-codes"),
        case("6409/7/dsn", b"DSN", name="dsn"),
        case("6409/7/eightbitmime", b"8BITMIME", name="eightbitmime"),
        case("6409/7/auth", b"AUTH", name="auth"),
    ],
)
def test_extension_is_offered(keyword: bytes, submission_ready: SmtpClient) -> None:
    """EHLO lists what a submission server is to have."""
    if keyword not in submission_ready.capabilities:
        raise Violation([keyword.decode()], b" ".join(submission_ready.capabilities).decode("latin-1"))
    require_refusals(submission_ready)


@pytest.mark.parametrize(
    "keyword", [case("6409/7/no-etrn", b"ETRN", name="etrn"), case("6409/7/no-atrn", b"ATRN", name="atrn")]
)
def test_extension_is_not_offered(keyword: bytes, submission: SmtpClient) -> None:
    """EHLO does not list what belongs to servers for mail from elsewhere, neither before nor after the login."""
    before = set(submission.capabilities)
    submission.ehlo().require(250)
    if keyword in before | set(submission.capabilities):
        raise Violation([f"no {keyword.decode()}"], f"{keyword.decode()} is listed")
    require_refusals(submission)


@requirement("6409/7/no-521")
@pytest.mark.parametrize(
    "command",
    [b"", b"MAIL FROM:<nobody@client.test>", b"AUTH X-NOBODYS", b"X-NOBODYS", b"VRFY nobody", b"ETRN client.test"],
    ids=["greeting", "mail", "auth", "unknown", "vrfy", "etrn"],
)
def test_no_521(command: bytes, submission_new: SmtpClient) -> None:
    """No reply has the code that hosts without mail have."""
    submission_new.greeting().expect_not(521)
    submission_new.ehlo().expect_not(521)
    if command:
        submission_new.command(command).expect_not(521)
    require_refusals(submission_new)


@requirement("6409/3.2/null-path-accepted")
def test_null_path(submission: SmtpClient, envelope: Envelope, make_message: MessageMaker) -> None:
    """A message with a null reverse-path, as reports of a mail program have it, is taken."""
    submission.mail(b"").expect(250)
    submission.rcpt(envelope.recipient).expect(250, 251)
    submission.data(make_message()).expect(250)
    require_refusals(submission)


@pytest.mark.parametrize("command", ["mail", "rcpt"])
@pytest.mark.parametrize(
    "about", [case("6409/4.2/unqualified-554", "554", name="554"), case("6409/4.1/554", "permanent", name="permanent")]
)
def test_unqualified_domain_is_refused(about: str, command: str, submission: SmtpClient, envelope: Envelope) -> None:
    """A domain of one label is completed, or refused with 554 where it is for the domain."""
    if command == "rcpt":
        submission.mail(envelope.recipient).require(250)
        reply = submission.rcpt(b"someone@" + UNQUALIFIED)
    else:
        reply = submission.mail(b"someone@" + UNQUALIFIED)
    if about == "554":
        reply.expect(250, 251, 554)
    else:
        reply.expect(250, 251, PERMANENT)
    require_refusals(submission)


@requirement("6409/4.2/envelope-qualified")
def test_unqualified_sender_is_completed(
    submission: SmtpClient, envelope: Envelope, inbox: Inbox, make_message: MessageMaker
) -> None:
    """A sender whose domain has one label is refused, or delivered with a whole domain."""
    if submission.mail(b"someone@" + UNQUALIFIED).expect(250, PERMANENT).code != 250:
        return
    reply = submission.rcpt(envelope.recipient)
    if reply.require(SUCCESS, PERMANENT).code >= 500:
        return
    message = make_message()
    if submission.data(message).require(SUCCESS, PERMANENT).code >= 500:
        return
    paths = [value.strip() for name, value in fields(inbox.wait(message)) if name == b"return-path"]
    if not paths:
        msg = "the message was delivered without Return-Path"
        raise Blocked(msg)
    if not re.search(rb"@[^@<>]+\.[^@<>]+>", paths[0]):
        raise Violation(["a sender in a whole domain"], repr(paths[0]))


#: Paths that break the syntax of RFC 5321 section 4.1.2, and an extension could not mend.
BAD_PATHS = {
    "no-domain": b"<someone@>",
    "no-local": b"<@client.test>",
    "two-dots": b"<some..one@client.test>",
    "space": b"<some one@client.test>",
    "bad-label": b"<someone@-client-.test>",
    "open": b"<someone@client.test",
    "two-ats": b"<some@one@client.test>",
}


@pytest.mark.parametrize("command", ["mail", "rcpt"])
@pytest.mark.parametrize(
    ("kind", "about"),
    [
        case(f"6409/5.1/{about}", kind, about, name=f"{kind}-{about}")
        for kind in BAD_PATHS
        for about in ("envelope-syntax", "envelope-501")
    ],
)
def test_bad_path(kind: str, about: str, command: str, submission: SmtpClient, envelope: Envelope) -> None:
    """A path that breaks the syntax is refused, with 501."""
    if command == "rcpt":
        submission.mail(envelope.recipient).require(250)
    verb = b"MAIL FROM:" if command == "mail" else b"RCPT TO:"
    reply = submission.command(verb + BAD_PATHS[kind])
    if about == "envelope-syntax":
        reply.expect(PERMANENT)
    elif reply.require(SUCCESS, PERMANENT).code < 500:
        msg = "the target takes it"
        raise NotRun(msg)
    else:
        reply.expect(501)


Submit = Callable[[bytes], bytes]


@pytest.fixture
def submit(submission: SmtpClient, envelope: Envelope, inbox: Inbox) -> Submit:
    """Submit a message to the account under test, and return it as it was delivered."""

    def submitted(message: bytes) -> bytes:
        submission.deliver(envelope.recipient, envelope.recipient, message)
        return inbox.wait(known(message))

    return submitted


def known(message: bytes) -> bytes:
    """Return the message with the Message-ID by which it can be found, be it in another field."""
    return re.sub(rb"(?m)^X-Known-By:", b"Message-ID:", message)


def without(message: bytes, *names: bytes) -> bytes:
    """Return a message without some fields, still to be known by its Message-ID."""
    for name in names:
        instead = b"X-Known-By:\\1" if name == b"Message-ID" else b""
        end = b"\r\n" if instead else b""
        message = re.sub(rb"(?m)^%b:(.*)\r\n" % name, instead + end, message)
    return message


@requirement("6409/8.3/message-id-added")
def test_message_id_is_added(submit: Submit, make_message: MessageMaker) -> None:
    """A message that came without Message-ID is delivered with one."""
    delivered = submit(without(make_message(), b"Message-ID"))
    found = [value.strip() for name, value in fields(delivered) if name == b"message-id"]
    if len(found) != 1 or not re.fullmatch(rb"<[^<>\s@]+@[^<>\s@]+>", found[0]):
        raise Violation(["one Message-ID in its form"], repr(found))


@requirement("6409/8.1/sender-valid")
def test_sender_that_is_added(
    submission: SmtpClient, envelope: Envelope, inbox: Inbox, make_message: MessageMaker
) -> None:
    """Where From names somebody else and Sender is added, it holds one whole address."""
    message = re.sub(rb"(?m)^From: .*\r\n", b"From: <boss@elsewhere.test>\r\n", make_message())
    submission.mail(envelope.recipient).require(250)
    submission.rcpt(envelope.recipient).require(250, 251)
    if submission.data(message).require(SUCCESS, PERMANENT).code >= 500:
        msg = "the target refuses a message from somebody else"
        raise NotRun(msg)
    found = [value.strip() for name, value in fields(inbox.wait(message)) if name == b"sender"]
    address = rb"(?:[^<>]*<)?[^<>\s@]+@[^<>\s@.]+(?:\.[^<>\s@.]+)+>?"
    if found and (len(found) > 1 or not re.fullmatch(address, found[0])):
        raise Violation(["one address in a whole domain"], repr(found))


@requirement("6409/4.2/header-qualified")
@pytest.mark.parametrize("name", [b"Cc", b"Reply-To", b"From"], ids=bytes.decode)
def test_unqualified_address_field(
    name: bytes, submission: SmtpClient, envelope: Envelope, inbox: Inbox, make_message: MessageMaker
) -> None:
    """A server that changes messages refuses or completes an address whose domain has one label."""
    bare = without(make_message(), b"Message-ID", *([b"From"] if name == b"From" else []))
    message = name + b": <someone@" + UNQUALIFIED + b">\r\n" + bare
    submission.mail(envelope.recipient).require(250)
    submission.rcpt(envelope.recipient).require(250, 251)
    if submission.data(message).expect(SUCCESS, PERMANENT).code >= 500:
        return
    found = fields(inbox.wait(known(message)))
    if not any(each == b"message-id" for each, _ in found):
        msg = "the target adds no Message-ID, so it may leave messages alone"
        raise NotRun(msg)
    value = next((value for each, value in found if each == name.lower()), b"")
    if re.search(rb"@workstation\s*>", value):
        raise Violation(["a refusal, or a whole domain"], repr(value))


def sent_fields(message: bytes, like: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the fields of a delivered message that the submitted one had, in their order."""
    names = {name for name, _ in like}
    return [(name, value) for name, value in fields(message) if name in names - TRACE]


SIGNED = b"""MIME-Version: 1.0
Content-Type: multipart/signed; boundary=b; micalg=pgp-sha256;
\tprotocol="application/pgp-signature"
""".replace(b"\n", b"\r\n")

SIGNATURE = b"--b\r\nContent-Type: application/pgp-signature\r\n\r\nxyz\r\n--b--\r\n"

#: Messages that need no mending, which the paragraphs of section 8 leave as they are.
WHOLE = {
    "plain": (b"", b"Hello.\r\n"),
    "dots": (b"", b".\r\n..\r\n.hello\r\n"),
    "odd-space": (b"X-Odd:   two  spaces \t\r\n\tfolded\r\n", b"  leading\r\ntrailing  \r\n\r\n\r\n"),
    "resent": (b"Resent-From: <someone@client.test>\r\nResent-Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n", b"again\r\n"),
    "signed": (SIGNED, b"--b\r\nContent-Type: text/plain\r\n\r\nFrom here  \r\n" + SIGNATURE),
}


def alteration(message: bytes, delivered: bytes) -> str:
    """Return what became of a message's own fields and its body, nothing where they are as they were."""
    if body_of(delivered) != body_of(message):
        return repr(body_of(delivered))
    found = sent_fields(delivered, fields(message))
    return repr(found) if found != fields(message) else ""


def expect_unaltered(
    message: bytes, delivered: bytes, target: Target, again: Callable[[], tuple[bytes, bytes]]
) -> None:
    """Judge that submission has left a message alone.

    Args:
        message: as it was submitted.
        delivered: as it arrived.
        target: whose submission it is.
        again: sends such a message by SMTP, and returns it with what arrived.

    Raises:
        Violation: it was altered.
        NotRun: mail that is not submitted is altered as well, which is for RFC 5321 to judge.
    """
    altered = alteration(message, delivered)
    if altered and target.has("smtp") and alteration(*again()):
        msg = f"mail by SMTP is altered as well: {altered}"
        raise NotRun(msg)
    if altered:
        raise Violation([repr(message)], altered)


@requirement("6409/8/mends-only")
@pytest.mark.parametrize("kind", [*WHOLE, "incomplete"])
def test_message_is_left_alone(
    kind: str, submit: Submit, make_message: MessageMaker, target: Target, send: Sender, inbox: Inbox
) -> None:
    """A message is delivered with its own fields and its body as they were, whether or not others are added."""

    def made() -> bytes:
        if kind == "incomplete":
            return without(make_message(body=b"From here\r\n.\r\n"), b"Date", b"Message-ID")
        extra, body = WHOLE[kind]
        return make_message(extra=extra, body=body)

    def by_smtp() -> tuple[bytes, bytes]:
        message = made()
        send(message)
        return message, inbox.wait(known(message))

    message = made()
    expect_unaltered(message, submit(message), target, by_smtp)
