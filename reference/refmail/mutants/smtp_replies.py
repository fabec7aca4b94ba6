"""Wrong SMTP servers: codes of replies, VRFY, EXPN, and what EHLO lists."""

from __future__ import annotations

import re

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Address
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import State


@mutants.smtp("5321/4.2.2/221-and-354-reserved", "5321/4.3.2/help-replies", "5321/4.1.1.8/help-supported")
class HelpOf221(SmtpSession):
    """HELP is answered with 221."""

    def do_help(self, argument: bytes) -> Reply:
        reply = super().do_help(argument)
        return Reply.of(221, "2.0.0", "No help") if reply.code == 214 else reply


@mutants.smtp(
    "5321/4.2.2/503-for-sequence",
    "5321/3.3/rcpt-needs-mail",
    "5321/4.1.1.5/rset-clears",
    "5321/4.1.1.4/data-clears",
    "3207/4.2/knowledge-discarded",
)
class RcptFirstOf501(SmtpSession):
    """RCPT without MAIL gets 501."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"RCPT":
            return Reply.of(501, "5.5.4", "MAIL comes first")
        return super().out_of_order(verb)


@mutants.smtp("5321/4.2/known-codes")
class HelpOnTopicOf219(SmtpSession):
    """HELP with an argument is answered with 219."""

    def do_help(self, argument: bytes) -> Reply:
        reply = super().do_help(argument)
        return Reply(219, reply.enhanced, reply.lines) if argument and reply.code == 214 else reply


@mutants.smtp("5321/4.2/code-range", "5321/4.2/known-codes", "5321/4.2/reply-line")
class HelpOnTopicOf614(SmtpSession):
    """HELP with an argument is answered with 614."""

    def do_help(self, argument: bytes) -> Reply:
        reply = super().do_help(argument)
        return Reply(614, "", reply.lines) if argument and reply.code == 214 else reply


@mutants.wire("smtp", "5321/4.2.1/same-code", "5321/4.2/reply-line")
def help_of_two_codes(octets: bytes) -> bytes:
    """The first line of the reply to HELP has another code than the others."""
    return b"211" + octets[3:] if octets.startswith(b"214-") else octets


@mutants.smtp("5321/3.5.1/expn-supported", "5321/4.2.4/listed-is-implemented")
class ExpnOf500(SmtpSession):
    """EXPN is listed, and gets 500."""

    def do_expn(self, argument: bytes) -> Reply:
        del argument
        return Reply.of(500, "5.5.1", "Command not recognized")


@mutants.smtp("5321/3.5.1/expn-supported")
class WithoutExpn(SmtpSession):
    """EXPN is not listed, and gets 502."""

    def do_expn(self, argument: bytes) -> Reply:
        del argument
        return Reply.of(502, "5.5.1", "Command not implemented")

    def offers(self) -> dict[bytes, bytes]:
        return {keyword: values for keyword, values in super().offers().items() if keyword != b"EXPN"}


@mutants.smtp(
    "5321/3.5.2/expn-listed",
    "5321/4.1.1.1/ehlo-lists-commands",
    "6531/3.1/vrfy-parameter",
    "5321/3.5.1/expn-mailboxes",
)
class ExpnUnlisted(SmtpSession):
    """EXPN gets 250 and is not listed."""

    def do_expn(self, argument: bytes) -> Reply:
        self.named(argument)
        return Reply.of(250, "2.1.5", b"<" + argument.strip(b"<>") + b">")

    def offers(self) -> dict[bytes, bytes]:
        return {keyword: values for keyword, values in super().offers().items() if keyword != b"EXPN"}


@mutants.smtp("5321/4.1.1.1/ehlo-lists-commands")
class HelpUnlisted(SmtpSession):
    """HELP is understood and not listed."""

    def offers(self) -> dict[bytes, bytes]:
        return {keyword: values for keyword, values in super().offers().items() if keyword != b"HELP"}


@mutants.smtp("5321/F.1/no-turn")
class TurnForAnybody(SmtpSession):
    """TURN gets 250."""

    def unknown(self, verb: bytes) -> Reply:
        return Reply.of(250, "2.0.0", "Turning") if verb == b"TURN" else super().unknown(verb)


@mutants.smtp("5321/F.6/send-listed")
class SendUnlisted(SmtpSession):
    """SEND gets 250 and is not listed."""

    def unknown(self, verb: bytes) -> Reply:
        return Reply.of(250, "2.1.0", "Sender accepted") if verb == b"SEND" else super().unknown(verb)


class _Vrfy(SmtpSession):
    """Answers VRFY of a mailbox in another way."""

    def do_vrfy(self, argument: bytes) -> Reply:
        reply = super().do_vrfy(argument)
        return Reply.of(250, "2.1.5", self.told(reply.lines[0])) if reply.code == 250 else reply

    def told(self, mailbox: bytes) -> bytes:
        """Return the text about a mailbox, which is given in angle brackets."""
        raise NotImplementedError


@mutants.smtp("5321/3.5.1/vrfy-form", "6531/3.7.4.2/vrfy-form")
class VrfyWithRemark(_Vrfy):
    """A VRFY reply goes on behind the mailbox."""

    def told(self, mailbox: bytes) -> bytes:
        return mailbox + b" is known here"


@mutants.smtp("5321/3.5.2/vrfy-brackets")
class VrfyWithoutBrackets(_Vrfy):
    """A VRFY reply is a bare mailbox."""

    def told(self, mailbox: bytes) -> bytes:
        return mailbox.strip(b"<>")


@mutants.smtp("5321/3.5.2/vrfy-usable")
class VrfyOfInnerName(_Vrfy):
    """VRFY gives the mailbox under a domain that only the server knows."""

    def told(self, mailbox: bytes) -> bytes:
        return re.sub(rb"@[^>]*", b"@store.internal.invalid", mailbox)


@mutants.smtp("5321/3.5.2/vrfy-no-route", "5321/3.5.1/vrfy-form")
class VrfyWithRoute(_Vrfy):
    """VRFY gives a source route."""

    def told(self, mailbox: bytes) -> bytes:
        return b"<@hop.test:" + mailbox[1:]


@mutants.smtp("5321/3.5.1/local-names")
class VrfyNeedsDomain(SmtpSession):
    """VRFY of a local part alone gets 550."""

    def named(self, argument: bytes) -> Address:
        address = super().named(argument)
        if b"@" not in argument:
            raise Rejection(550, "5.1.1", "There is no such user")
        return address


@mutants.smtp("5321/3.5.1/vrfy-whole-address")
class VrfyOfLocalPartsOnly(SmtpSession):
    """VRFY of an address with a domain gets 550."""

    def do_vrfy(self, argument: bytes) -> Reply:
        reply = super().do_vrfy(argument)
        return Reply.of(550, "5.1.1", "There is no such user") if b"@" in argument else reply


@mutants.wire("smtp", "5321/2.2.2/registered-keywords")
def ehlo_lists_invention(octets: bytes) -> bytes:
    """EHLO lists a keyword that nobody has registered."""
    return octets.replace(b"250-8BITMIME\r\n", b"250-8BITMIME\r\n250-FROBNICATE\r\n")


@mutants.smtp("5321/2.4/eightbitmime-offered", "6409/7/eightbitmime")
class WithoutEightBitMime(SmtpSession):
    """8BITMIME is not offered."""

    def offers(self) -> dict[bytes, bytes]:
        hidden = {b"8BITMIME", b"BINARYMIME", b"SMTPUTF8"}
        return {keyword: values for keyword, values in super().offers().items() if keyword not in hidden}


@mutants.smtp("5321/4.5.3.1.7/size-offered")
class SizeUntold(SmtpSession):
    """There is a limit on the size of messages, and SIZE is not offered."""

    def offers(self) -> dict[bytes, bytes]:
        return {keyword: values for keyword, values in super().offers().items() if keyword != b"SIZE"}


@mutants.smtp("5321/4.1.2/domain-characters")
class NameWithUnderscore(SmtpSession):
    """The reply to HELO gives a name with an underscore."""

    def do_helo(self, argument: bytes) -> Reply:
        super().do_helo(argument)
        return Reply.of(250, "", "mail_server.target.test greets you")


@mutants.smtp("5321/4.1.4/ehlo-refusals")
class OddEhloOf504(SmtpSession):
    """An EHLO with dots alone gets 504."""

    def client_name_from(self, argument: bytes) -> bytes:
        if argument == b"..":
            raise Rejection(504, "", "No such name")
        return super().client_name_from(argument)


@mutants.smtp("5321/4.1.4/ehlo-name-no-refusal")
class NameMustBeKnown(SmtpSession):
    """EHLO with a name that has no address gets 550."""

    def client_name_from(self, argument: bytes) -> bytes:
        if argument == b"elsewhere.test":
            raise Rejection(550, "", "That is not your name")
        return super().client_name_from(argument)


@mutants.smtp("2034/4/codes-present", "2034/4/without-ehlo")
class NoopWithoutEnhancedCode(SmtpSession):
    """The reply to NOOP has no enhanced code."""

    def do_noop(self, argument: bytes) -> Reply:
        reply = super().do_noop(argument)
        return Reply(reply.code, "", reply.lines)


@mutants.smtp("2034/4/without-ehlo")
class NoEnhancedCodesAfterHelo(SmtpSession):
    """After HELO replies have no enhanced codes."""

    def reply(self, reply: Reply) -> None:
        if self.client_name and not self.extended:
            reply = Reply(reply.code, "", reply.lines)
        super().reply(reply)


@mutants.wire("smtp", "2034/4/every-line")
def help_with_one_enhanced_code(octets: bytes) -> bytes:
    """Only the first and the last line of the reply to HELP have an enhanced code."""
    return octets.replace(b"\r\n214-2.0.0 ", b"\r\n214-")


class _HoldsBack(SmtpSession):
    """Keeps the last reply to a group until something more arrives, where it answers a certain verb."""

    kept_verb: bytes

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type] # whatever a session takes
        self.held: Reply | None = None
        self.behind_another = False

    def answer(self, line: bytes) -> Steps[Reply | None]:
        grouped, self.behind_another = self.behind_another, bool(self.inbox)
        if self.held is not None:
            self.reply(self.held)
            self.held = None
        reply = yield from super().answer(line)
        if grouped and not self.inbox and line.upper().startswith(self.kept_verb):
            self.held = reply
            return None
        return reply


@mutants.smtp("2920/3.2/prompt-replies")
class VrfyHeldBack(_HoldsBack):
    """The reply to a VRFY that ends a group is held back."""

    kept_verb = b"VRFY"


@mutants.smtp("2920/3.2/prompt-refusals")
class RefusalHeldBack(_HoldsBack):
    """The refusal of an unknown command that ends a group is held back."""

    kept_verb = b"FROBNICATE"


@mutants.smtp("2920/3.2/pending-replies-sent")
class RcptHeldBack(_HoldsBack):
    """The reply to a RCPT that ends a group is held back."""

    kept_verb = b"RCPT"


@mutants.smtp("2920/3.2/input-kept")
class SixtiethCommandLost(SmtpSession):
    """Of more than sixty commands that came together one is lost."""

    row = 0

    def answer(self, line: bytes) -> Steps[Reply | None]:
        self.row = self.row + 1 if self.inbox else 0
        if self.row == 60:
            return None
        return (yield from super().answer(line))


@mutants.smtp("2920/3.2/data-if-recipients")
class DataAsksForNothing(SmtpSession):
    """DATA without an accepted recipient gets 354, and the data a refusal."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"DATA" and self.state is State.MAIL:
            self.refusing = True
            return Reply.of(354, "", "Send the message")
        return super().out_of_order(verb)

    refusing = False

    def answer(self, line: bytes) -> Steps[Reply | None]:
        if not self.refusing:
            return (yield from super().answer(line))
        if line == b".":
            self.refusing = False
            return Reply.of(554, "5.5.1", "No valid recipients")
        return None
