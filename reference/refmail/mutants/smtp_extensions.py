"""Wrong SMTP servers: pipelining, STARTTLS and enhanced status codes."""

from __future__ import annotations

from refmail import mutants
from refmail.machine import Steps
from refmail.mutants.handshakes import CarriesOver, leave_after_220
from refmail.services import Peer, Services
from refmail.smtp.capabilities import capabilities, offered_mechanisms
from refmail.smtp.replies import Reply
from refmail.smtp.session import SmtpSession


@mutants.smtp("2920/3.2/replies-in-order")
class RefusalsOvertaken(SmtpSession):
    """In a group of commands a refusal is sent after the reply to the next command."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.held: list[Reply] = []

    def reply(self, reply: Reply) -> None:
        if reply.code >= 500 and b"\r\n" in self.inbox:
            self.held.append(reply)
            return
        super().reply(reply)
        while self.held:
            super().reply(self.held.pop(0))


@mutants.smtp("3207/4/no-parameter")
class StarttlsTakesParameter(SmtpSession):
    """STARTTLS with a parameter begins TLS."""

    def do_starttls(self, argument: bytes) -> Steps[None]:
        del argument
        return (yield from super().do_starttls(b""))


@mutants.smtp("3207/4/handshake", "8314/4/tls-1-2-spoken")
class StarttlsWithoutTls(SmtpSession):
    """After 220 to STARTTLS the server goes away."""

    def do_starttls(self, argument: bytes) -> Steps[None]:
        return leave_after_220(self, argument)


@mutants.smtp("3207/4.2/knowledge-discarded")
class StarttlsForgetsNothing(SmtpSession):
    """What was said in the clear still holds inside TLS."""

    def forget(self) -> None:
        """Keep everything."""


@mutants.smtp("3207/4.2/not-offered-inside-tls")
class StarttlsOfferedInsideTls(SmtpSession):
    """STARTTLS is offered inside TLS."""

    def offers(self) -> dict[bytes, bytes]:
        mechanisms = offered_mechanisms(
            self.mechanisms, plaintext=self.takes_plaintext, logged_in=self.user is not None
        )
        return capabilities(self.policy, mechanisms=mechanisms, tls_possible=self.services.tls_available)


@mutants.smtp("3207/4.2/no-command-survives")
class CommandsSurviveHandshake(CarriesOver, SmtpSession):
    """What was sent in the clear behind STARTTLS is carried out inside TLS."""


@mutants.smtp("2034/4/class-agrees")
class ClassDisagrees(SmtpSession):
    """Refusals carry an enhanced code of class 4."""

    def reply(self, reply: Reply) -> None:
        if reply.code >= 500 and reply.enhanced:
            reply = Reply(reply.code, "4" + reply.enhanced[1:], reply.lines)
        super().reply(reply)


@mutants.smtp("2034/4/not-on-hello")
class HeloWithEnhancedCode(SmtpSession):
    """The reply to HELO carries an enhanced code."""

    def do_helo(self, argument: bytes) -> Reply:
        reply = super().do_helo(argument)
        return Reply(reply.code, "2.0.0", reply.lines)
