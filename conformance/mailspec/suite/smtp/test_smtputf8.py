"""Internationalised addresses and header sections: RFC 6531, where SMTPUTF8 is offered."""

from __future__ import annotations

import re

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox, fields
from mailspec.suite.smtp.test_size import expect_longer_mail
from mailspec.suite.smtp.test_trace import added
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import NotOffered, Violation
from mailspec.wire.smtp import PERMANENT, SmtpClient

NEEDS = ("smtp SMTPUTF8",)

#: Local parts of several scripts, the forms in quotes among them.
LOCAL_PARTS = {
    "latin": "josé",
    "cyrillic": "почта",
    "chinese": "用户",
    "combining": "e\u0301t\u0065\u0301",
    "beyond-bmp": "\U00020000",
    "quoted": '"jo sé"',
    "dots": "a.é.b",
}

#: What says that a command was not understood.
SYNTAX = (500, 501, 504, 555)

#: The WITH names of RFC 6531 section 4.3.
UTF8_PROTOCOLS = {b"UTF8SMTP", b"UTF8SMTPA", b"UTF8SMTPS", b"UTF8SMTPSA", b"UTF8LMTP", b"UTF8LMTPA", b"UTF8LMTPS"}


def require_command(smtp: SmtpClient, verb: bytes, argument: bytes) -> int:
    """Return the code of VRFY or EXPN without SMTPUTF8.

    Raises:
        NotOffered: the server does not have the command.
    """
    code = smtp.command(verb + b" " + argument).code
    if code in {500, 502}:
        msg = f"{verb.decode()} is not supported: {code}"
        raise NotOffered(msg)
    return code


def announce(smtp: SmtpClient, envelope: Envelope, *parameters: bytes) -> None:
    """Begin a transaction that may have UTF-8."""
    smtp.mail(envelope.sender, b"SMTPUTF8", *parameters).require(250)


# The EHLO reply.


@requirement("6531/3.1/no-parameter", needs=NEEDS)
def test_keyword_alone(smtp: SmtpClient) -> None:
    """SMTPUTF8 stands alone in its line."""
    if parameter := smtp.capabilities[b"SMTPUTF8"]:
        raise Violation(["SMTPUTF8 without a parameter"], repr(parameter))


@requirement("6531/3.1/eightbitmime-too", needs=NEEDS)
def test_eight_bit_mime_is_offered(smtp: SmtpClient) -> None:
    """Where SMTPUTF8 is offered, 8BITMIME is."""
    if b"8BITMIME" not in smtp.capabilities:
        raise Violation(["8BITMIME beside SMTPUTF8"], "no 8BITMIME")


@requirement("6531/3.7.1/ehlo-reply-ascii", needs=NEEDS)
@pytest.mark.parametrize("name", [b"client.test", b"xn--bcher-kva.test"], ids=["ascii", "a-label"])
def test_ehlo_reply(name: bytes, smtp: SmtpClient) -> None:
    """The EHLO reply begins with a domain in ASCII."""
    reply = smtp.ehlo(name).require(250)
    if not reply.lines[0].isascii():
        raise Violation(["a domain in ASCII"], repr(reply.lines[0]))


# MAIL and RCPT.


@requirement("6531/3.1/mail-parameter", needs=NEEDS)
@pytest.mark.parametrize(
    "parameters",
    [b"SMTPUTF8", b"SmtpUtf8", b"SMTPUTF8 BODY=8BITMIME", b"BODY=8BITMIME SMTPUTF8"],
    ids=["alone", "mixed-case", "before-body", "after-body"],
)
@pytest.mark.parametrize("null", [False, True], ids=["sender", "null"])
def test_mail_parameter(null: bool, parameters: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL takes SMTPUTF8 with an address in ASCII and with the null path."""
    smtp.mail(b"" if null else envelope.sender, parameters).expect(250)
    require_refusals(smtp)


@requirement("6531/3.4/no-value", needs=NEEDS)
@pytest.mark.parametrize("value", [b"1", b"YES", b"UTF-8"], ids=["number", "word", "charset"])
def test_parameter_with_value(value: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """SMTPUTF8 with a value is refused."""
    smtp.mail(envelope.sender, b"SMTPUTF8=" + value).expect(PERMANENT)


@requirement("6531/3.2/utf8-mailbox", needs=NEEDS)
@pytest.mark.parametrize("local_part", sorted(LOCAL_PARTS))
def test_sender(local_part: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL with a local part in UTF-8 is understood."""
    domain = envelope.sender.rpartition(b"@")[2]
    smtp.mail(LOCAL_PARTS[local_part].encode() + b"@" + domain, b"SMTPUTF8").expect_not(*SYNTAX)
    require_refusals(smtp)


@requirement("6531/3.2/utf8-mailbox", needs=NEEDS)
@pytest.mark.parametrize("local_part", sorted(LOCAL_PARTS))
def test_recipient(local_part: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """RCPT with a local part in UTF-8 is understood, whether there is such a mailbox or not."""
    announce(smtp, envelope)
    smtp.rcpt(LOCAL_PARTS[local_part].encode() + b"@" + envelope.domain).expect_not(*SYNTAX)
    smtp.rcpt(envelope.recipient).require(250, 251)
    require_refusals(smtp)


@requirement("6531/3.2/utf8-mailbox", needs=NEEDS)
@pytest.mark.parametrize(
    "domain", ["bücher.example", "例え.テスト", "mail.bücher.example"], ids=["latin", "japanese", "below"]
)
def test_domain(domain: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """RCPT with a domain of U-labels is understood, whether it is relayed or not."""
    announce(smtp, envelope)
    smtp.rcpt(b"user@" + domain.encode()).expect_not(*SYNTAX)
    require_refusals(smtp)


# VRFY and EXPN.


@pytest.mark.parametrize("verb", [b"VRFY", b"EXPN"], ids=["vrfy", "expn"])
@requirement("6531/3.1/vrfy-parameter", needs=NEEDS)
def test_parameter_of_questions(verb: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY and EXPN have the reply with SMTPUTF8 that they have without, for an address in ASCII."""
    code = require_command(smtp, verb, envelope.recipient)
    smtp.command(verb + b" " + envelope.recipient + b" SMTPUTF8").expect(code)
    require_refusals(smtp)


@requirement("6531/3.2/utf8-mailbox", needs=NEEDS)
def test_vrfy_of_utf8(smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY with an address in UTF-8 is understood."""
    require_command(smtp, b"VRFY", envelope.recipient)
    smtp.command("VRFY josé@".encode() + envelope.domain + b" SMTPUTF8").expect_not(*SYNTAX)
    require_refusals(smtp)


@requirement("6531/3.7.4.2/vrfy-form", needs=NEEDS)
def test_vrfy_reply(smtp: SmtpClient, envelope: Envelope) -> None:
    """A 250 to VRFY with SMTPUTF8 has the mailbox."""
    require_command(smtp, b"VRFY", envelope.recipient)
    reply = smtp.command(b"VRFY " + envelope.recipient + b" SMTPUTF8")
    if reply.code == 250 and re.search(rb"<[^<> ]+@[^<> ]+>$|(?:^| )[^<> ]+@[^<> ]+$", reply.lines[0]) is None:
        raise Violation(["<mailbox>, with a name before it or not", "mailbox"], repr(reply.lines[0]))


@requirement("6531/3.7.4.2/no-utf8-unasked", needs=NEEDS)
@pytest.mark.parametrize("verb", [b"VRFY", b"EXPN"], ids=["vrfy", "expn"])
def test_question_without_parameter(verb: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY and EXPN without SMTPUTF8 have no UTF-8 in their replies, also in a transaction that has it."""
    announce(smtp, envelope)
    reply = smtp.command(verb + b" " + envelope.recipient)
    reply.judged = True
    if not reply.octets.isascii():
        raise Violation(["a reply in ASCII"], repr(reply.octets))


@requirement("6531/3.7.4.2/ascii-replies", needs=NEEDS)
def test_replies(smtp: SmtpClient) -> None:
    """Replies about addresses in UTF-8 are in ASCII, but those of VRFY, EXPN, 251 and 551."""
    lines = (
        "MAIL FROM:<josé@client.test> SMTPUTF8",
        "RCPT TO:<почта@elsewhere.test>",
        "RCPT TO:<почта>",
        "MAIL FROM:<josé@client.test> SMTPUTF8",
        "RSET",
        "MAIL FROM:<josé@client.test> SMTPUTF8=é",
        "HELP é",
        "RSET",
    )
    for line in lines:
        reply = smtp.command(line.encode())
        if reply.code not in {251, 551} and not reply.octets.isascii():
            raise Violation(["a reply in ASCII"], f"{reply.octets!r} to {line}")


# The message.


@requirement("6531/3.2/message-kept", needs=NEEDS)
@pytest.mark.parametrize(
    "field", ["Subject: Grüße", "From: José <josé@client.test>", "X-Почта: 用户"], ids=["subject", "from", "name"]
)
def test_header(field: str, smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """A header field in UTF-8 arrives as it is."""
    message = make_message(extra=field.encode() + b"\r\n")
    announce(smtp, envelope, b"BODY=8BITMIME")
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(message).expect(250)
    if b"\r\n" + field.encode() + b"\r\n" not in b"\r\n" + inbox.wait(message):
        raise Violation([field], "a header section without it")


@requirement("6531/3.7.3/with-protocol", needs=NEEDS)
def test_protocol(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """The Received field of a message that came with SMTPUTF8 has one of the names for it."""
    message = make_message(extra="Subject: Grüße\r\n".encode())
    announce(smtp, envelope, b"BODY=8BITMIME")
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(message).require(250)
    value = added(fields(inbox.wait(message)))[-1]
    found = re.search(rb"\bwith\s+(\S+)", value, re.IGNORECASE)
    if found is None or found[1].upper() not in UTF8_PROTOCOLS:
        raise Violation(["WITH UTF8SMTP, or one of its kin"], repr(value))


@requirement("6531/3.7.3/trace-u-labels", needs=NEEDS)
def test_domain_in_the_trace(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """The name that the client gave with A-labels stands in the Received field with U-labels."""
    message = make_message(extra="Subject: Grüße\r\n".encode())
    smtp.ehlo(b"xn--bcher-kva.test").require(250)
    announce(smtp, envelope, b"BODY=8BITMIME")
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(message).require(250)
    value = added(fields(inbox.wait(message)))[-1]
    if b"xn--bcher-kva" in value.lower():
        raise Violation(["bücher.test"], repr(value))
    require_refusals(smtp)


# Noted, not judged.


@requirement("6531/3.5/undeclared", needs=NEEDS)
def test_undeclared(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, census: Census) -> None:
    """The replies to UTF-8 that MAIL did not announce are noted."""
    census("reply to MAIL", smtp.mail("josé@client.test".encode()).code)
    smtp.command(b"RSET").require(250)
    smtp.mail(envelope.sender).require(250)
    census("reply to RCPT", smtp.rcpt("josé@".encode() + envelope.domain).code)
    smtp.rcpt(envelope.recipient).require(250, 251)
    census("reply to the data", smtp.data(make_message(extra="X-Name: José\r\n".encode())).code)


@requirement("6531/3.1/longer-mail", needs=NEEDS)
def test_longer_mail(smtp: SmtpClient, envelope: Envelope) -> None:
    """MAIL with SMTPUTF8 may have 10 octets more than other lines; white space at its end makes it as long."""
    expect_longer_mail(smtp, envelope, b"SMTPUTF8", 10)
