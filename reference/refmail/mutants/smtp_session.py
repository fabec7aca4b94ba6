"""Wrong SMTP servers: greeting, hello, the commands outside transactions, and the end of the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.errorcount import CountsErrors
from refmail.services import Peer, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import LEGAL, State


@mutants.smtp("5321/3.1/greeting", "5321/4.3.2/greeting-replies", "8314/3.3/handshake-first")
class GreetingOf250(SmtpSession):
    """The greeting has the code 250."""

    def greeting(self) -> Reply:
        return Reply.of(250, "", f"{self.services.hostname} is ready")


@mutants.smtp(
    "5321/2.2.1/ehlo-supported",
    "5321/4.5.1/required-commands",
    "5321/4.1.3/literal-understood",
    "5321/4.1.4/ehlo-name-no-refusal",
    "5321/4.5.3.1.2/domain-255",
    "8314/3.3/handshake-first",
)
class WithoutEhlo(SmtpSession):
    """EHLO is a command that the server does not know."""

    verbs: ClassVar[Mapping[bytes, str]] = {k: v for k, v in SmtpSession.verbs.items() if k != b"EHLO"}


@mutants.smtp("5321/4.1.1.1/helo-supported", "5321/4.5.1/required-commands")
class WithoutHelo(SmtpSession):
    """HELO is a command that the server does not know."""

    verbs: ClassVar[Mapping[bytes, str]] = {k: v for k, v in SmtpSession.verbs.items() if k != b"HELO"}


@mutants.smtp("5321/3.2/helo-plain-reply")
class HeloListsExtensions(SmtpSession):
    """HELO is answered like EHLO."""

    def do_helo(self, argument: bytes) -> Reply:
        return self.do_ehlo(argument)


@mutants.smtp("5321/4.1.4/ehlo-resets")
class EhloKeepsTransaction(SmtpSession):
    """EHLO in a transaction leaves the transaction open."""

    def do_ehlo(self, argument: bytes) -> Reply:
        state, transaction = self.state, self.transaction
        reply = super().do_ehlo(argument)
        if state in {State.MAIL, State.RCPT}:
            self.state, self.transaction = state, transaction
        return reply


@mutants.smtp("5321/4.1.4/failed-ehlo-keeps-state")
class FailedEhloResets(SmtpSession):
    """An EHLO that is refused ends the transaction."""

    def do_ehlo(self, argument: bytes) -> Reply:
        try:
            return super().do_ehlo(argument)
        except Rejection:
            self.reset()
            raise


@mutants.smtp("5321/4.1.4/early-commands", "5321/4.1.1.8/help-supported")
class NothingBeforeEhlo(SmtpSession):
    """Before EHLO only EHLO, HELO, RSET and QUIT are taken."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        **LEGAL,
        State.START: frozenset({b"EHLO", b"HELO", b"RSET", b"QUIT"}),
    }


@mutants.smtp("5321/2.4/verbs-any-case", "3030/2/each-chunk-250", "4954/8/any-case")
class UpperCaseOnly(SmtpSession):
    """Verbs are understood in upper case only."""

    def split(self, line: bytes) -> tuple[bytes, bytes]:
        verb, argument = super().split(line)
        return (verb if line.startswith(verb) else b"?"), argument


@mutants.smtp("5321/4.2/one-reply")
class HelpTwice(SmtpSession):
    """HELP gets two replies."""

    def do_help(self, argument: bytes) -> Reply:
        self.reply(super().do_help(argument))
        return Reply.of(214, "2.0.0", "That was all")


@mutants.smtp("5321/4.2.4/unknown-500")
class UnknownIs502(SmtpSession):
    """A verb that the server does not know gets 502."""

    def unknown(self, verb: bytes) -> Reply:
        del verb
        return Reply.of(502, "5.5.1", "Command not implemented")


@mutants.smtp("5321/4.3.2/argument-501")
class RsetTakesAnything(SmtpSession):
    """RSET with an argument is carried out."""

    def do_rset(self, argument: bytes) -> Reply:
        del argument
        return super().do_rset(b"")


@mutants.smtp("5321/4.1.1/trailing-space")
class TrailingSpaceRefused(SmtpSession):
    """White space at the end of a command is a syntax error."""

    def split(self, line: bytes) -> tuple[bytes, bytes]:
        if line.endswith((b" ", b"\t")):
            raise Rejection(501, "5.5.2", "No white space at the end")
        return super().split(line)


@mutants.smtp("5321/4.1.1.5/rset-250", "5321/4.3.2/rset-replies")
class RsetOf220(SmtpSession):
    """RSET is answered with 220."""

    def do_rset(self, argument: bytes) -> Reply:
        super().do_rset(argument)
        return Reply.of(220, "2.0.0", "OK")


@mutants.smtp("5321/4.1.1.5/rset-clears", "3461/5.1/mail-parameters-neutral")
class RsetDoesNothing(SmtpSession):
    """RSET says 250 and leaves the transaction open."""

    def do_rset(self, argument: bytes) -> Reply:
        self.no_argument(argument)
        return Reply.of(250, "2.0.0", "OK")


@mutants.smtp("5321/4.1.1.5/rset-keeps-connection", "2920/3.2/input-kept")
class FourthRsetCloses(SmtpSession):
    """The fourth RSET of a session closes the connection."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.resets = 0

    def do_rset(self, argument: bytes) -> Reply:
        self.resets += 1
        self.closing = self.resets >= 4
        return super().do_rset(argument)


@mutants.smtp("5321/4.1.1.9/noop-250", "5321/4.3.2/noop-replies")
class NoopOf211(SmtpSession):
    """NOOP is answered with 211."""

    def do_noop(self, argument: bytes) -> Reply:
        del argument
        return Reply.of(211, "2.0.0", "Nothing done")


@mutants.smtp("5321/4.1.1.9/noop-argument")
class NoopRefusesArgument(SmtpSession):
    """NOOP with a string gets 501."""

    def do_noop(self, argument: bytes) -> Reply:
        self.no_argument(argument)
        return super().do_noop(argument)


@mutants.smtp("5321/4.1.1.8/help-supported", "5321/4.2.4/listed-is-implemented")
class HelpNotImplemented(SmtpSession):
    """HELP gets 502."""

    def do_help(self, argument: bytes) -> Reply:
        raise Rejection(502, "5.5.1", "Command not implemented")


@mutants.smtp("5321/4.1.1.10/quit-221", "5321/4.3.2/quit-replies")
class QuitOf250(SmtpSession):
    """QUIT is answered with 250."""

    def do_quit(self, argument: bytes) -> Reply:
        super().do_quit(argument)
        return Reply.of(250, "2.0.0", "Goodbye")


@mutants.smtp("5321/4.1.1.10/quit-closes")
class QuitStays(SmtpSession):
    """After QUIT the server waits for more commands."""

    def do_quit(self, argument: bytes) -> Reply:
        reply = super().do_quit(argument)
        self.closing = False
        return reply


@mutants.smtp("5321/4.1.1.10/stays-open", "3030/2/pipelined-chunks-swallowed")
class ThirdErrorCloses(CountsErrors):
    """The third error in a row closes the connection."""

    def counted(self, reply: Reply | None) -> Reply | None:
        self.closing = self.closing or self.errors >= 3
        return reply


@mutants.smtp("5321/4.5.1/vrfy-supported")
class WithoutVrfy(SmtpSession):
    """VRFY gets 502."""

    def do_vrfy(self, argument: bytes) -> Reply:
        raise Rejection(502, "5.5.1", "Command not implemented")


@mutants.smtp(
    "5321/3.5.3/vrfy-no-false-250", "5321/3.5.3/vrfy-syntax-only", "6531/3.1/vrfy-parameter", "6531/3.2/utf8-mailbox"
)
class VrfyConfirmsAnything(SmtpSession):
    """VRFY answers 250 for any address that is well formed."""

    def do_vrfy(self, argument: bytes) -> Reply:
        return Reply.of(250, "2.1.5", b"<%b>" % self.named(argument).to_wire())


@mutants.smtp("5321/3.5.2/vrfy-mailbox", "5321/3.5.1/vrfy-form", "5321/3.5.2/vrfy-brackets", "6531/3.7.4.2/vrfy-form")
class VrfyWithoutMailbox(SmtpSession):
    """VRFY answers 250 without the mailbox."""

    def do_vrfy(self, argument: bytes) -> Reply:
        reply = super().do_vrfy(argument)
        return Reply.of(250, "2.1.5", "Known here") if reply.code == 250 else reply


@mutants.smtp("5321/4.5.4.2/parallel-sessions")
class OneAtATime(SmtpSession):
    """While one session lasts, other connections are turned away with 554."""

    busy: ClassVar[set[int]] = set()

    def greeting(self) -> Reply:
        if self.busy:
            return Reply.of(554, "", f"{self.services.hostname} talks to somebody else")
        self.busy.add(id(self))
        return super().greeting()

    def on_disconnect(self) -> None:
        self.busy.discard(id(self))
        super().on_disconnect()
