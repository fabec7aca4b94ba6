"""What RFC 5321 leaves to a server, noted without a verdict so that servers can be compared."""

from __future__ import annotations

import re

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, fields
from mailspec.suite.smtp.test_trace import added
from mailspec.suite.steps import Envelope, MessageMaker, Sender
from mailspec.wire.smtp import SmtpClient


@requirement("5321/3.1/software-in-greeting")
def test_greeting(smtp_new: SmtpClient, census: Census) -> None:
    """The text of the greeting is noted."""
    census("greeting", smtp_new.greeting().require(220).text)


@requirement("5321/2.3.8/line-limit")
def test_line_limit(smtp: SmtpClient, census: Census) -> None:
    """The reply to a command line of 10000 octets is noted."""
    reply = smtp.command(b"NOOP ".ljust(9998, b"x"))
    census("reply to 10000 octets", reply.code)


@requirement("5321/2.4/eight-bit-refused")
def test_eight_bit_content(smtp_rcpt: SmtpClient, make_message: MessageMaker, census: Census) -> None:
    """The reply to content with octets above 127 that were not announced is noted."""
    census("reply to 8-bit data", smtp_rcpt.data(make_message(body=b"caf\xe9\r\n")).code)


@requirement("5321/2.4/invalid-content-rejected")
def test_invalid_content(smtp_rcpt: SmtpClient, make_message: MessageMaker, census: Census) -> None:
    """The reply to content with a NUL is noted."""
    census("reply to NUL in the data", smtp_rcpt.data(make_message(body=b"a\0b\r\n")).code)


@requirement("5321/3.3/reverse-path-judged-later")
def test_sender_without_address(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """Where a sender in a domain that does not exist is refused is noted."""
    mail = smtp.mail(b"someone@no-such-domain.invalid").code
    census("reply to MAIL", mail)
    if mail == 250:
        census("reply to RCPT", smtp.rcpt(envelope.recipient).code)


@requirement("5321/3.3/relay-declined")
def test_relaying(smtp_mail: SmtpClient, census: Census) -> None:
    """The reply to a recipient elsewhere is noted."""
    census("reply to a foreign recipient", smtp_mail.rcpt(b"someone@elsewhere.test").code)


@requirement("5321/3.5.1/expn-of-user")
def test_expn_of_user(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The reply to EXPN of a user is noted."""
    census("reply to EXPN of a user", smtp.command(b"EXPN " + envelope.recipient).text)


@requirement("5321/3.5.2/vrfy-free-text")
def test_vrfy_text(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The reply to VRFY of a user is noted."""
    census("reply to VRFY of a user", smtp.command(b"VRFY " + envelope.recipient).text)


@requirement("5321/3.5.2/vrfy-listed")
def test_vrfy_listed(smtp: SmtpClient, census: Census) -> None:
    """Whether EHLO lists VRFY is noted."""
    census("VRFY listed", b"VRFY" in smtp.capabilities)


@requirement("5321/4.1.1.1/private-listed")
def test_private_keywords(smtp: SmtpClient, census: Census) -> None:
    """The keywords with X that EHLO lists are noted."""
    census("private keywords", b" ".join(k for k in smtp.capabilities if k.startswith(b"X")) or b"none")


@requirement("5321/4.1.1.8/help-argument")
def test_help_argument(smtp: SmtpClient, census: Census) -> None:
    """The reply to HELP MAIL is noted."""
    census("reply to HELP MAIL", smtp.command(b"HELP MAIL").code)


@requirement("5321/4.1.4/ehlo-name-verified")
def test_unknown_name(
    smtp: SmtpClient, make_message: MessageMaker, census: Census, envelope: Envelope, inbox: Inbox
) -> None:
    """What the trace says about a client whose name does not exist is noted."""
    message = make_message()
    smtp.ehlo(b"no-such-name.invalid").require(250)
    smtp.deliver(envelope.sender, envelope.recipient, message)
    census("Received", added(fields(inbox.wait(message)))[-1].strip())


@requirement("5321/4.4/received-id")
def test_received_id(make_message: MessageMaker, send: Sender, inbox: Inbox, census: Census) -> None:
    """The ID clause of the Received field is noted."""
    send(message := make_message())
    found = re.search(rb"\bid\s+(\S+)", added(fields(inbox.wait(message)))[-1], re.IGNORECASE)
    census("id", found[1] if found else b"none")


@requirement("5321/4.4/old-return-path-removed")
def test_old_return_path(make_message: MessageMaker, send: Sender, inbox: Inbox, census: Census) -> None:
    """Whether an old Return-Path is taken away is noted."""
    send(message := make_message(extra=b"Return-Path: <old@client.test>\r\n"))
    names = [value.strip() for name, value in fields(inbox.wait(message)) if name == b"return-path"]
    census("Return-Path", b" ".join(names))


@requirement("5321/6.4/submission-fixes")
def test_missing_date(make_message: MessageMaker, send: Sender, inbox: Inbox, census: Census) -> None:
    """Whether a missing Date is added is noted."""
    send(message := re.sub(rb"Date: .*\r\n", b"", make_message()))
    census("Date added", any(name == b"date" for name, _ in fields(inbox.wait(message))))


@requirement("5321/F.6/send-implemented")
def test_obsolete_verbs(smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The replies to SEND, SOML and SAML are noted."""
    for verb in (b"SEND", b"SOML", b"SAML"):
        census(verb.decode(), smtp.command(verb + b" FROM:<%s>" % envelope.sender).code)


@requirement("5321/4.5.3.1.9/limit-codes")
def test_codes_of_limits(smtp: SmtpClient, census: Census) -> None:
    """The replies to a local part and a domain far beyond the limits are noted."""
    census("local part of 300", smtp.mail(b"l" * 300 + b"@client.test").code)
    smtp.command(b"RSET").require(250)
    census("domain of 400", smtp.mail(b"l@" + b"d23456789." * 40 + b"test").code)
