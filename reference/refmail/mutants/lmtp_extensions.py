"""LMTP servers that do wrong what LMTP has from SMTP's extensions (RFC 2033 section 5)."""

from __future__ import annotations

from msgspec.structs import replace

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Envelope
from refmail.mutants.handshakes import CarriesOver, leave_after_220
from refmail.smtp.lmtp import LmtpSession
from refmail.smtp.replies import Reply


@mutants.lmtp("6152/3/octets-kept")
class LmtpEighthBitCleared(LmtpSession):
    """Octets from 128 to 159 lose their eighth bit."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        content = bytes(octet & 0x7F if 128 <= octet < 160 else octet for octet in content)
        return super().stamped(envelope, content)


@mutants.lmtp("2034/4/codes-present")
class LmtpRefusalsWithoutCode(LmtpSession):
    """Refusals of RCPT have no enhanced code."""

    def reply(self, reply: Reply) -> None:
        bare = self.verb == "RCPT" and reply.code >= 500
        super().reply(replace(reply, enhanced="") if bare else reply)


@mutants.lmtp("2034/4/codes-present")
class LmtpFirstReplyWithoutCode(LmtpSession):
    """Of several replies to a message the first has no enhanced code."""

    def reply(self, reply: Reply) -> None:
        bare = self.verb in {"DATA", "BDAT"} and reply.code == 250 and self.owed > 1
        super().reply(replace(reply, enhanced="") if bare else reply)


@mutants.lmtp("2034/4/not-on-hello")
class LmtpLhloWithCode(LmtpSession):
    """The reply to LHLO begins with an enhanced code."""

    def do_ehlo(self, argument: bytes) -> Reply:
        reply = super().do_ehlo(argument)
        return replace(reply, lines=(b"2.0.0 " + reply.lines[0], *reply.lines[1:]))


@mutants.lmtp("3207/4/handshake")
class LmtpGoesAfter220(LmtpSession):
    """After 220 to STARTTLS the server goes away."""

    def do_starttls(self, argument: bytes) -> Steps[None]:
        return leave_after_220(self, argument)


@mutants.lmtp("3207/4.2/not-offered-inside-tls")
class LmtpStarttlsInsideTls(LmtpSession):
    """STARTTLS is listed inside TLS."""

    def ehlo_lines(self) -> list[bytes]:
        return [*super().ehlo_lines(), *([b"STARTTLS"] if self.tls is not None else [])]


@mutants.lmtp("3207/4.2/knowledge-discarded")
class LmtpForgetsNothing(LmtpSession):
    """What was said in the clear still holds inside TLS."""

    def forget(self) -> None:
        """Keep everything."""


@mutants.lmtp("3207/4.2/no-command-survives")
class LmtpCommandsSurvive(CarriesOver, LmtpSession):
    """What was sent in the clear behind STARTTLS is carried out inside TLS."""
