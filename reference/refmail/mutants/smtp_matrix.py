"""Wrong SMTP servers: replies that a command may not get, at least not in this state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Address
from refmail.services import Destination
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import LEGAL, State


def _without(state: State, verb: bytes) -> Mapping[State, frozenset[bytes]]:
    """Return the legal verbs by state, but for one verb in one state."""
    return {**LEGAL, state: LEGAL[state] - {verb}}


@mutants.smtp("5321/4.3.2/hello-replies")
class HeloNotInTransaction(SmtpSession):
    """HELO in a transaction that has a recipient is out of order."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = _without(State.RCPT, b"HELO")


@mutants.smtp("5321/4.3.2/mail-replies")
class MailBeforeEhloOf554(SmtpSession):
    """MAIL before EHLO gets 554."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"MAIL" and self.state is State.START:
            return Reply.of(554, "5.5.1", "Say EHLO first")
        return super().out_of_order(verb)


@mutants.smtp("5321/4.3.2/rcpt-replies")
class UnknownUserOf554(SmtpSession):
    """An unknown mailbox gets 554."""

    def check_destination(self, address: Address, destination: Destination) -> str | None:
        if destination.kind == "unknown":
            raise Rejection(554, "5.1.1", "There is no such mailbox")
        return super().check_destination(address, destination)


@mutants.smtp("5321/4.3.2/data-replies")
class LoopOf521(SmtpSession):
    """A message in a loop gets 521."""

    def check_loop(self, content: bytes) -> None:
        try:
            super().check_loop(content)
        except Rejection as rejection:
            raise Rejection(521, "5.4.6", "The message is in a loop") from rejection


@mutants.smtp("5321/4.3.2/vrfy-replies")
class VrfyNotInTransaction(SmtpSession):
    """VRFY is out of order once there is a recipient."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = _without(State.RCPT, b"VRFY")


@mutants.smtp("5321/4.3.2/expn-replies")
class ExpnNotInTransaction(SmtpSession):
    """EXPN is out of order once there is a recipient."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = _without(State.RCPT, b"EXPN")


@mutants.smtp("5321/4.3.2/help-replies")
class HelpNotInTransaction(SmtpSession):
    """HELP is out of order once there is a recipient."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = _without(State.RCPT, b"HELP")


@mutants.smtp("5321/4.1.1.9/noop-250", "2920/3.2/replies-in-order")
class NoopNotInTransaction(SmtpSession):
    """NOOP is out of order between MAIL and RCPT."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = _without(State.MAIL, b"NOOP")


@mutants.smtp("5321/4.1.1.5/rset-250")
class RsetAfterHeloOf252(SmtpSession):
    """RSET is answered with 252 after HELO."""

    def do_rset(self, argument: bytes) -> Reply:
        reply = super().do_rset(argument)
        hello = self.client_name and not self.extended
        return Reply.of(252, "2.0.0", "Reset") if hello else reply


@mutants.smtp("5321/4.1.1.10/quit-221")
class QuitBeforeEhloRefused(SmtpSession):
    """QUIT before EHLO is out of order."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = _without(State.START, b"QUIT")


@mutants.smtp("5321/4.1.1.5/rset-clears")
class RcptAfterRsetWithoutMail(SmtpSession):
    """RCPT without MAIL gets 250 once a transaction was aborted, though nothing is begun."""

    aborted = False

    def do_rset(self, argument: bytes) -> Reply:
        self.aborted = self.state is State.RCPT or self.aborted
        return super().do_rset(argument)

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"RCPT" and self.aborted:
            return Reply.of(250, "2.1.5", "Recipient accepted")
        return super().out_of_order(verb)


@mutants.smtp("5321/4.2.4/unknown-500")
class UnknownBeforeEhloIs503(SmtpSession):
    """Before EHLO, a verb that the server does not know is out of order."""

    def unknown(self, verb: bytes) -> Reply:
        if self.state is State.START:
            return Reply.of(503, "5.5.1", "EHLO comes first")
        return super().unknown(verb)


@mutants.smtp("5321/4.3.2/argument-501")
class QuitTakesAnything(SmtpSession):
    """QUIT with an argument is carried out."""

    def do_quit(self, argument: bytes) -> Reply:
        del argument
        return super().do_quit(b"")


@mutants.smtp("5321/4.3.2/argument-501")
class DataTakesAnything(SmtpSession):
    """DATA with an argument is carried out."""

    def do_data(self, argument: bytes) -> Steps[Reply]:
        del argument
        return (yield from super().do_data(b""))
