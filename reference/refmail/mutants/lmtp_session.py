"""Wrong LMTP servers (RFC 2033)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Envelope
from refmail.smtp.lmtp import LmtpSession
from refmail.smtp.replies import Reply
from refmail.smtp.states import State


@mutants.lmtp("2033/4.1/no-hello", "2033/4.1/hello-500")
class LmtpTakesEhlo(LmtpSession):
    """EHLO is taken for LHLO."""

    verbs: ClassVar[Mapping[bytes, str]] = {**LmtpSession.verbs, b"EHLO": "do_ehlo"}


@mutants.lmtp("2033/4.1/no-hello", "2033/4.1/hello-500")
class LmtpTakesHelo(LmtpSession):
    """HELO is taken."""

    verbs: ClassVar[Mapping[bytes, str]] = {**LmtpSession.verbs, b"HELO": "do_helo"}


@mutants.lmtp("2033/4.1/hello-500")
class LmtpHelloOf502(LmtpSession):
    """EHLO and HELO get 502."""

    unimplemented: ClassVar[frozenset[bytes]] = LmtpSession.unimplemented | {b"EHLO", b"HELO"}


@mutants.lmtp("2033/4.1/lhlo")
class LmtpLhloOnce(LmtpSession):
    """LHLO is taken once."""

    def do_ehlo(self, argument: bytes) -> Reply:
        if self.client_name and (self.tls is None or self.state is not State.START):
            return Reply.of(503, "", "You have said so already")
        return super().do_ehlo(argument)


@mutants.lmtp("2033/4.1/lhlo")
class LmtpVerbsInUpperCase(LmtpSession):
    """LHLO is known in capital letters only."""

    def answer(self, line: bytes) -> Steps[Reply | None]:
        if line.startswith(b"lhlo"):
            return self.unknown(b"lhlo")
        return (yield from super().answer(line))


@mutants.lmtp("2033/4.2/data-needs-recipient")
class LmtpDataOf554(LmtpSession):
    """DATA without a recipient gets 554, as it may in SMTP."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"DATA" and self.client_name:
            return Reply.of(554, "5.5.1", "No valid recipients")
        return super().out_of_order(verb)


@mutants.lmtp("2033/4.2/data-needs-recipient")
class LmtpDataAfterRefusals(LmtpSession):
    """DATA gets 354 where every recipient was refused, and the message after it a refusal."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"DATA" and self.state is State.MAIL and self.refused:
            return Reply.of(354, "", "Go on")
        return super().out_of_order(verb)

    refused = False

    def answer(self, line: bytes) -> Steps[Reply | None]:
        self.refused = self.refused or line.startswith(b"RCPT")
        return (yield from super().answer(line))


class _Counting(LmtpSession):
    """Replies to a message otherwise."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        self.recount()
        return (yield from super().take(content))

    def recount(self) -> None:
        """Change the recipients that there are to be replies for."""


@mutants.lmtp("2033/4.2/reply-per-recipient", "2033/4.3/last-chunk-replies", "2033/4.2/own-recipient")
class LmtpOneReply(_Counting):
    """The message gets one reply, as in SMTP, and goes to the last recipient."""

    def recount(self) -> None:
        del self.transaction.recipients[:-1]


@mutants.lmtp("2033/4.2/reply-per-recipient")
class LmtpReplyPerMailbox(_Counting):
    """A recipient that was named twice gets one reply."""

    def recount(self) -> None:
        alone = {recipient.address: recipient for recipient in self.transaction.recipients}
        self.transaction.recipients[:] = alone.values()


@mutants.lmtp("2033/4.2/own-recipient")
class LmtpFirstOnly(LmtpSession):
    """The message goes to the first recipient alone, and all get 250."""

    def deliver(self, envelope: Envelope, content: bytes) -> Steps[Reply]:
        if envelope.recipients[0] != self.transaction.recipients[0]:
            return Reply.of(250, "2.1.5", "Delivered")
        return (yield from super().deliver(envelope, content))


@mutants.lmtp("2033/4.3/last-chunk-replies")
class LmtpChunksAsInSmtp(LmtpSession):
    """The last chunk gets one reply."""

    chunks = False

    def reply(self, reply: Reply) -> None:
        if self.chunks and self.owed > 1:
            return
        super().reply(reply)

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        self.chunks = True
        try:
            return (yield from super().do_bdat(argument))
        finally:
            self.chunks = False


class _Offering(LmtpSession):
    """Leaves out one extension."""

    left_out: ClassVar[bytes]

    def ehlo_lines(self) -> list[bytes]:
        return [line for line in super().ehlo_lines() if line != self.left_out]


@mutants.lmtp("2033/5/pipelining")
class LmtpWithoutPipelining(_Offering):
    """PIPELINING is not offered."""

    left_out = b"PIPELINING"


@mutants.lmtp("2033/5/enhanced-codes")
class LmtpWithoutEnhancedCodes(_Offering):
    """ENHANCEDSTATUSCODES is not offered."""

    left_out = b"ENHANCEDSTATUSCODES"


@mutants.lmtp("2033/5/eightbitmime")
class LmtpWithoutEightbitmime(_Offering):
    """8BITMIME is not offered."""

    left_out = b"8BITMIME"
