"""Wrong SMTP servers: SMTPUTF8 (RFC 6531)."""

from __future__ import annotations

import re

from refmail import mutants
from refmail.message.envelope import Envelope
from refmail.message.trace import Hop
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession

_WORD = b" SMTPUTF8"


@mutants.wire("smtp", "6531/3.1/no-parameter")
def utf8_with_parameter(octets: bytes) -> bytes:
    """SMTPUTF8 has a parameter."""
    return octets.replace(b"250-SMTPUTF8\r\n", b"250-SMTPUTF8 NFC\r\n")


@mutants.wire("smtp", "6531/3.1/eightbitmime-too", "5321/2.4/eightbitmime-offered", "6409/7/eightbitmime")
def utf8_without_eight_bits(octets: bytes) -> bytes:
    """SMTPUTF8 is offered, and 8BITMIME is not."""
    return octets.replace(b"250-8BITMIME\r\n", b"")


@mutants.smtp("6531/3.7.1/ehlo-reply-ascii", "5321/4.1.1.1/ehlo-reply", "5321/4.2/reply-line")
class EhloGreetsWithULabels(SmtpSession):
    """The EHLO reply to an A-label begins with U-labels."""

    def do_ehlo(self, argument: bytes) -> Reply:
        reply = super().do_ehlo(argument)
        if not argument.startswith(b"xn--"):
            return reply
        return Reply(reply.code, reply.enhanced, ("büro.test greets you".encode(), *reply.lines[1:]), utf8=True)


@mutants.smtp("6531/3.1/mail-parameter")
class Utf8WordInUpperCase(SmtpSession):
    """The parameter of MAIL is known in upper case alone."""

    def do_mail(self, argument: bytes) -> Reply:
        if b" SmtpUtf8" in argument:
            raise Rejection(555, "5.5.4", "A parameter is not recognized")
        return super().do_mail(argument)


@mutants.smtp("6531/3.1/mail-parameter")
class NoUtf8ForReports(SmtpSession):
    """SMTPUTF8 is refused with the null path."""

    def do_mail(self, argument: bytes) -> Reply:
        if argument.startswith(b"FROM:<> SMTPUTF8"):
            raise Rejection(501, "5.5.4", "Reports are in ASCII")
        return super().do_mail(argument)


@mutants.smtp("6531/3.4/no-value")
class Utf8WithValue(SmtpSession):
    """SMTPUTF8 may have a value."""

    def check_smtputf8(self, value: bytes | None) -> None:
        """Take it."""


@mutants.smtp("6531/3.2/utf8-mailbox")
class OnlyLatinLetters(SmtpSession):
    """Addresses may have Latin letters with accents, and no other scripts."""

    def check_octets(self, verb: bytes, argument: bytes) -> None:
        super().check_octets(verb, argument)
        if re.search(rb"[\xf0-\xf4]", argument) is not None:
            raise Rejection(501, "5.5.2", "A letter is not known here")


@mutants.smtp("6531/3.2/utf8-mailbox")
class Utf8OnlyInSenders(SmtpSession):
    """A recipient outside ASCII is a syntax error."""

    def do_rcpt(self, argument: bytes) -> Reply:
        if not argument.isascii() and self.user is None and b"elsewhere" not in argument:
            raise Rejection(501, "5.1.3", "Bad recipient address")
        return super().do_rcpt(argument)


@mutants.smtp("6531/3.2/utf8-mailbox")
class VrfyInAscii(SmtpSession):
    """VRFY of an address outside ASCII is a syntax error."""

    def do_vrfy(self, argument: bytes) -> Reply:
        if not argument.isascii():
            raise Rejection(501, "5.1.3", "Bad address")
        return super().do_vrfy(argument)


@mutants.smtp("6531/3.1/vrfy-parameter")
class VrfyWithoutUtf8Word(SmtpSession):
    """VRFY knows no parameter SMTPUTF8."""

    def do_vrfy(self, argument: bytes) -> Reply:
        if argument.endswith(_WORD) and argument.isascii():
            raise Rejection(501, "5.5.4", "Expected one address and nothing after it")
        return super().do_vrfy(argument)


@mutants.smtp("6531/3.7.4.2/vrfy-form")
class VrfyWithUtf8WordSaysYes(SmtpSession):
    """VRFY with SMTPUTF8 tells no mailbox."""

    def do_vrfy(self, argument: bytes) -> Reply:
        reply = super().do_vrfy(argument)
        if argument.endswith(_WORD) and reply.code == 250:
            return Reply.of(250, "2.1.5", "There is such a user")
        return reply


@mutants.smtp("6531/3.7.4.2/no-utf8-unasked")
class VrfyInUtf8AfterMail(SmtpSession):
    """After MAIL with SMTPUTF8 the reply to VRFY has a name in UTF-8, asked for or not."""

    def do_vrfy(self, argument: bytes) -> Reply:
        reply = super().do_vrfy(argument)
        if b"SMTPUTF8" not in self.transaction.parameters or argument.endswith(_WORD) or reply.code != 250:
            return reply
        return Reply(250, reply.enhanced, ("José ".encode() + reply.lines[0],), utf8=True)


@mutants.smtp("6531/3.7.4.2/ascii-replies")
class SenderRepeatedInUtf8(SmtpSession):
    """The reply to MAIL repeats a sender in UTF-8."""

    def do_mail(self, argument: bytes) -> Reply:
        reply = super().do_mail(argument)
        if "<josé".encode() not in argument:
            return reply
        return Reply(reply.code, reply.enhanced, ("Sender josé accepted".encode(),), utf8=True)


@mutants.smtp("6531/3.2/message-kept", "6531/3.4/parameter-sent", "6856/2.1/as-is")
class HeaderInQuestionMarks(SmtpSession):
    """Letters outside ASCII in a header section become question marks."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        header, separator, body = content.partition(b"\r\n\r\n")
        return super().stamped(envelope, re.sub(rb"[\x80-\xff]", b"?", header) + separator + body)


@mutants.smtp("6531/3.7.3/with-protocol", "6531/3.7.3/trace-u-labels")
class Utf8CameByEsmtp(SmtpSession):
    """The Received field never tells of SMTPUTF8."""

    def hop(self, envelope: Envelope) -> Hop:
        plain = {name: value for name, value in envelope.parameters.items() if name != b"SMTPUTF8"}
        return super().hop(
            Envelope(envelope.reverse_path, envelope.recipients, plain, envelope.arrived, envelope.trace_id)
        )
