"""Wrong SMTP servers: addresses, arguments and octets of commands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Address, Envelope, Recipient, ReversePath
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.smtp("5321/4.1.2/sender-forms", "3461/5.1/mail-parameters-neutral", "6531/3.2/utf8-mailbox")
class NoQuotedSender(SmtpSession):
    """A sender with quotes in it is a syntax error."""

    def reverse_path_from(self, argument: bytes) -> tuple[ReversePath, bytes]:
        if b'"' in argument:
            raise Rejection(501, "5.1.7", "Bad sender address")
        return super().reverse_path_from(argument)


@mutants.smtp("5321/4.1.2/recipient-forms")
class NoAtWithinQuotes(SmtpSession):
    """A recipient with a quoted at sign is a syntax error."""

    def forward_path_from(self, argument: bytes) -> tuple[Address, bytes]:
        if argument.count(b"@") == 2 and b'"' in argument:
            raise Rejection(501, "5.1.3", "Bad recipient address")
        return super().forward_path_from(argument)


@mutants.smtp("5321/4.1.3/literal-understood")
class NoIpv6Literals(SmtpSession):
    """A sender at an IPv6 address is a syntax error."""

    def reverse_path_from(self, argument: bytes) -> tuple[ReversePath, bytes]:
        if b"@[ipv6:" in argument.lower():
            raise Rejection(501, "5.1.7", "Bad sender address")
        return super().reverse_path_from(argument)


@mutants.smtp("5321/3.6.1/route-ignored")
class RoutedMailLost(SmtpSession):
    """Mail with a source route is taken and goes nowhere."""

    routed = False

    def forward_path_from(self, argument: bytes) -> tuple[Address, bytes]:
        self.routed = argument.upper().startswith(b"TO:<@")
        return super().forward_path_from(argument)

    def take(self, content: bytes | None) -> Steps[Reply]:
        if self.routed:
            return Reply.of(250, "2.0.0", "Accepted")
        return (yield from super().take(content))


@mutants.smtp("5321/2.4/domain-any-case")
class DomainInLowerCase(SmtpSession):
    """A recipient's domain is known in lower case only."""

    def forward_path_from(self, argument: bytes) -> tuple[Address, bytes]:
        path = super().forward_path_from(argument)
        domain = re.search(rb"@([A-Za-z0-9.-]+)>", argument)
        if domain is not None and not domain[1].islower():
            raise Rejection(550, "5.1.2", "There is no such domain here")
        return path


@mutants.smtp("5321/4.1.4/bad-argument-501")
class MailAloneOf500(SmtpSession):
    """MAIL without an argument gets 500."""

    def do_mail(self, argument: bytes) -> Reply:
        if not argument:
            raise Rejection(500, "5.5.2", "Command not recognized")
        return super().do_mail(argument)


@mutants.smtp("5321/4.1.4/bad-argument-501")
class BadMailBeginsTransaction(SmtpSession):
    """A MAIL without an argument is refused, and begins a transaction."""

    def do_mail(self, argument: bytes) -> Reply:
        if not argument:
            super().do_mail(b"FROM:<>")
        return super().do_mail(argument)


@mutants.smtp("5321/3.3/refused-reverse-path", "5321/4.1.4/bad-argument-501")
class BadSenderOf251(SmtpSession):
    """A sender with two at signs gets 251, and nothing is begun."""

    def do_mail(self, argument: bytes) -> Reply:
        if b"a@@" in argument:
            return Reply.of(251, "2.1.0", "Never mind")
        return super().do_mail(argument)


@mutants.smtp("5321/4.2.2/501-for-syntax")
class BadRcptOf500(SmtpSession):
    """RCPT without TO: gets 500."""

    def do_rcpt(self, argument: bytes) -> Reply:
        if not argument.upper().startswith(b"TO:"):
            raise Rejection(500, "5.5.2", "Command not recognized")
        return super().do_rcpt(argument)


@mutants.smtp("5321/4.1.1.11/unknown-parameter")
class FlagsPassedOver(SmtpSession):
    """Unknown parameters without a value are passed over."""

    def check_mail_parameters(self, parameters: Mapping[bytes, bytes | None]) -> None:
        super().check_mail_parameters({k: v for k, v in parameters.items() if k in self.mail_parameters or v})


@mutants.smtp("5321/4.1.2/invalid-octets-501")
class BellOf550(SmtpSession):
    """A command with the octet of the bell gets 550."""

    def answer(self, line: bytes) -> Steps[Reply | None]:
        reply = yield from super().answer(line)
        return Reply.of(550, "5.1.7", "No") if reply is not None and b"\x07" in line else reply


@mutants.smtp("5321/2.4/eight-bit-command", "6531/3.2/utf8-mailbox")
class HighBitCleared(SmtpSession):
    """The high bit of every octet of a command is cleared."""

    def answer(self, line: bytes) -> Steps[Reply | None]:
        return (yield from super().answer(bytes(octet & 0x7F for octet in line)))


class _MoreLineEnds(SmtpSession):
    """Takes something else for the end of a command line, too."""

    line_end: bytes

    def answer(self, line: bytes) -> Steps[Reply | None]:
        *first, last = line.split(self.line_end)
        for each in first:
            reply = yield from super().answer(each)
            if reply is not None:
                self.reply(reply)
        return (yield from super().answer(last))


@mutants.smtp("5321/4.1.1.4/bare-lf-no-line")
class LfEndsCommands(_MoreLineEnds):
    """A line feed ends a command."""

    line_end = b"\n"


@mutants.smtp("5321/2.3.8/bare-cr-no-line")
class CrEndsCommands(_MoreLineEnds):
    """A carriage return ends a command."""

    line_end = b"\r"


@mutants.smtp("5321/4.5.3.1.3/path-256")
class PathsOf255(SmtpSession):
    """A path may have 255 octets at most."""

    def reverse_path_from(self, argument: bytes) -> tuple[ReversePath, bytes]:
        path, rest = super().reverse_path_from(argument)
        if len(argument) - len(rest) - len(b"FROM:") > 255:
            raise Rejection(501, "5.1.7", "The path is too long")
        return path, rest


@mutants.smtp("5321/4.5.3.1.10/limit-452")
class TooManyOf552(SmtpSession):
    """A recipient beyond the limit gets 552."""

    def check_count(self) -> None:
        try:
            super().check_count()
        except Rejection as rejection:
            raise Rejection(552, "5.5.3", "Too many recipients") from rejection


@mutants.smtp("5321/4.5.3.1.8/orderly-limit")
class LimitLosesRecipients(SmtpSession):
    """Once a recipient was refused as one too many, those before it are forgotten."""

    exceeded = False

    def check_count(self) -> None:
        try:
            super().check_count()
        except Rejection:
            self.exceeded = True
            raise

    def take(self, content: bytes | None) -> Steps[Reply]:
        if self.exceeded:
            return Reply.of(250, "2.0.0", "Accepted")
        return (yield from super().take(content))


@mutants.smtp("5321/4.1.1.3/rcpt-appends", "5321/4.5.4.1/one-copy")
class SecondRecipientLost(SmtpSession):
    """Of two recipients the second gets nothing."""

    def envelope(self) -> Envelope:
        envelope = super().envelope()
        return replace(envelope, recipients=envelope.recipients[:1]) if len(envelope.recipients) == 2 else envelope


@mutants.smtp("5321/4.1.1.2/mail-clears")
class RecipientsPileUp(SmtpSession):
    """A recipient of an aborted transaction also gets the next message."""

    earlier: tuple[Recipient, ...] = ()

    def reset(self) -> None:
        self.earlier = tuple(self.transaction.recipients)
        super().reset()

    def envelope(self) -> Envelope:
        envelope = super().envelope()
        more = (each for each in self.earlier if each.address not in {one.address for one in envelope.recipients})
        return replace(envelope, recipients=(*envelope.recipients, *more))
