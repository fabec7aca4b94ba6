"""LMTP (RFC 2033), where the target offers it."""

from __future__ import annotations

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.target.target import Target
from mailspec.verdict import Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.lmtp import LmtpClient
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, dot_stuffed


@requirement("2033/4.1/lhlo")
def test_lhlo(lmtp_greeted: LmtpClient, envelope: Envelope) -> None:
    """LHLO gets 250, and a transaction can begin."""
    lmtp_greeted.lhlo().expect(250)
    lmtp_greeted.mail(envelope.sender).expect(250)
    lmtp_greeted.rcpt(envelope.recipient).expect(SUCCESS)
    require_refusals(lmtp_greeted)


@requirement("2033/4.1/lhlo")
def test_lhlo_again(lmtp: LmtpClient, envelope: Envelope) -> None:
    """A further LHLO aborts the transaction, as EHLO does in SMTP."""
    lmtp.mail(envelope.sender).require(250)
    lmtp.rcpt(envelope.recipient).require(SUCCESS)
    lmtp.lhlo().expect(250)
    lmtp.rcpt(envelope.recipient).expect(PERMANENT)


@requirement("2033/4.1/lhlo")
def test_lhlo_in_lower_case(lmtp_greeted: LmtpClient) -> None:
    """LHLO is a command like others: its letters may be small."""
    lmtp_greeted.command(b"lhlo client.test").expect(250)
    require_refusals(lmtp_greeted)


@pytest.mark.parametrize("state", ["first", "after-lhlo"])
@pytest.mark.parametrize(
    ("hello", "replies"),
    [
        case("2033/4.1/no-hello", b"EHLO", (TRANSIENT, PERMANENT), name="ehlo"),
        case("2033/4.1/no-hello", b"HELO", (TRANSIENT, PERMANENT), name="helo"),
        case("2033/4.1/hello-500", b"EHLO", (500,), name="ehlo-500"),
        case("2033/4.1/hello-500", b"HELO", (500,), name="helo-500"),
    ],
)
def test_hello_of_smtp(
    hello: bytes, replies: tuple[int, ...], state: str, lmtp_greeted: LmtpClient, account: Login
) -> None:
    """EHLO and HELO are not taken, and 500 is the code for that."""
    lmtp_greeted.account = account
    if state == "after-lhlo":
        lmtp_greeted.lhlo().require(250)
    lmtp_greeted.command(hello + b" client.test").expect(*replies)


@requirement("2033/4.2/data-needs-recipient")
@pytest.mark.parametrize("recipients", [0, 1, 3], ids=["none", "one-refused", "three-refused"])
def test_data_without_recipient(recipients: int, lmtp: LmtpClient, envelope: Envelope) -> None:
    """DATA gets 503 where there was no RCPT, and where every one was refused."""
    lmtp.mail(envelope.sender).require(250)
    for _ in range(recipients):
        lmtp.rcpt(envelope.unknown).require(PERMANENT)
    lmtp.command(b"DATA").expect(503)


@requirement("2033/4.2/data-needs-recipient", needs=("lmtp PIPELINING",))
def test_grouped_data_without_recipient(lmtp: LmtpClient, envelope: Envelope) -> None:
    """DATA gets 503 in a group of commands as well."""
    lmtp.send(b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (envelope.sender, envelope.unknown))
    lmtp.reply().require(250)
    lmtp.reply().require(PERMANENT)
    lmtp.reply().expect(503)


def expect_replies(lmtp: LmtpClient, octets: bytes, recipients: int) -> None:
    """Judge that what ends a message gets a reply for each recipient; a command behind it shows if one is missing."""
    lmtp.send(octets + b"X-NOBODYS\r\n")
    for _ in range(recipients):
        lmtp.reply().expect(SUCCESS)
    lmtp.reply().expect(PERMANENT)


@requirement("2033/4.2/reply-per-recipient")
@pytest.mark.parametrize(
    "named", ["one", "two", "one twice", "one unknown two", "unknown one unknown", "one two one two two"]
)
def test_replies_to_the_message(
    named: str, lmtp: LmtpClient, envelope: Envelope, other: Login, make_message: MessageMaker
) -> None:
    """As many recipients as were accepted, so many replies, and no more."""
    known = {"one": envelope.recipient, "twice": envelope.recipient, "two": other.address}
    lmtp.mail(envelope.sender).require(250)
    for name in named.split():
        if name == "unknown":
            lmtp.rcpt(envelope.unknown).require(PERMANENT)
        else:
            lmtp.rcpt(known[name]).require(SUCCESS)
    lmtp.command(b"DATA").require(354)
    expect_replies(lmtp, dot_stuffed(make_message()), sum(name != "unknown" for name in named.split()))


@requirement("2033/4.2/reply-per-recipient", needs=("lmtp PIPELINING",))
def test_replies_after_a_group(lmtp: LmtpClient, envelope: Envelope, other: Login, make_message: MessageMaker) -> None:
    """Where envelope and DATA came as one group, the message gets as many replies as well."""
    paths = (envelope.recipient, envelope.unknown, other.address)
    group = b"".join(b"RCPT TO:<%s>\r\n" % path for path in paths)
    lmtp.send(b"MAIL FROM:<%s>\r\n" % envelope.sender + group + b"DATA\r\n")
    for code in (250, SUCCESS, PERMANENT, SUCCESS, 354):
        lmtp.reply().require(code)
    expect_replies(lmtp, dot_stuffed(make_message()), 2)


@requirement("2033/4.2/reply-per-recipient")
def test_next_transaction(lmtp: LmtpClient, envelope: Envelope, other: Login, make_message: MessageMaker) -> None:
    """The recipients of a transaction that is over get no reply in the next one."""
    for recipients in ((envelope.recipient, other.address), (envelope.recipient,)):
        lmtp.mail(envelope.sender).require(250)
        for recipient in recipients:
            lmtp.rcpt(recipient).require(SUCCESS)
        lmtp.command(b"DATA").require(354)
        expect_replies(lmtp, dot_stuffed(make_message()), len(recipients))


@requirement("2033/4.2/own-recipient")
def test_each_has_what_was_promised(
    lmtp: LmtpClient, target: Target, envelope: Envelope, account: Login, other: Login, make_message: MessageMaker
) -> None:
    """Each recipient whose reply was 250 has the message."""
    message = make_message()
    logins = (account, other)
    lmtp.mail(envelope.sender).require(250)
    for login in logins:
        lmtp.rcpt(login.address).require(SUCCESS)
    lmtp.command(b"DATA").require(354)
    lmtp.send(dot_stuffed(message))
    for login in logins:
        # Whoever is delivered to by LMTP has it at once: there is no queue (section 4.2).
        if lmtp.reply().require(SUCCESS, TRANSIENT, PERMANENT).code == 250 and not Inbox(target, login).holds(message):
            raise Violation([f"the message in the INBOX of {login.address.decode()}"], "an INBOX without it")


@requirement("2033/4.3/last-chunk-replies")
@pytest.mark.parametrize("last_empty", [True, False], ids=["empty-last", "content-last"])
def test_replies_to_chunks(
    *, last_empty: bool, lmtp: LmtpClient, envelope: Envelope, other: Login, make_message: MessageMaker
) -> None:
    """Each chunk but the last gets one reply, and the last as many as there are recipients."""
    message = make_message()
    first, last = (message, b"") if last_empty else (message[:20], message[20:])
    lmtp.mail(envelope.sender).require(250)
    for recipient in (envelope.recipient, other.address):
        lmtp.rcpt(recipient).require(SUCCESS)
    lmtp.send(b"BDAT %d\r\n" % len(first) + first)
    lmtp.reply().expect(250)
    expect_replies(lmtp, b"BDAT %d LAST\r\n" % len(last) + last, 2)


@pytest.mark.parametrize(
    "keyword",
    [
        case("2033/5/pipelining", b"PIPELINING", name="pipelining"),
        case("2033/5/enhanced-codes", b"ENHANCEDSTATUSCODES", name="enhanced-codes"),
        case("2033/5/eightbitmime", b"8BITMIME", name="eightbitmime"),
    ],
)
def test_extension_is_offered(keyword: bytes, lmtp: LmtpClient) -> None:
    """LHLO lists the extensions that LMTP asks for."""
    if keyword not in lmtp.capabilities:
        raise Violation([keyword.decode()], b" ".join(lmtp.capabilities).decode("latin-1"))
    require_refusals(lmtp)
