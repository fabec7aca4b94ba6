"""Wrong SMTP servers: the form of enhanced status codes (RFC 3463 section 2), and 556 (RFC 7504)."""

from __future__ import annotations

from msgspec.structs import replace

from refmail import mutants
from refmail.message.envelope import Address
from refmail.services import Destination
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.wire("smtp", "2034/3/no-parameter")
def status_codes_with_parameter(octets: bytes) -> bytes:
    """ENHANCEDSTATUSCODES has a parameter."""
    return octets.replace(b"250-ENHANCEDSTATUSCODES\r\n", b"250-ENHANCEDSTATUSCODES 2034\r\n")


class _OfBdat(SmtpSession):
    """Changes the reply to BDAT without a number."""

    def odd(self, reply: Reply) -> Reply:
        return reply

    def reply(self, reply: Reply) -> None:
        super().reply(self.odd(reply) if self.verb == "BDAT" and reply.code == 501 else reply)


@mutants.smtp("3463/2/code-form")
class StatusOfTwoNumbers(_OfBdat):
    """The status code of a wrong BDAT has two numbers."""

    def odd(self, reply: Reply) -> Reply:
        return replace(reply, enhanced="5.5")


@mutants.smtp("3463/2/no-leading-zeros")
class StatusWithLeadingZeros(_OfBdat):
    """The status code of a wrong BDAT has leading zeros."""

    def odd(self, reply: Reply) -> Reply:
        return replace(reply, enhanced="5.05.04")


@mutants.smtp("3463/2/known-subjects")
class StatusOfUnknownSubject(_OfBdat):
    """The status code of a wrong BDAT has a subject that nobody defined."""

    def odd(self, reply: Reply) -> Reply:
        return replace(reply, enhanced="5.9.4")


@mutants.smtp("2034/3/space-after-code")
class StatusWithColon(_OfBdat):
    """The status code of a wrong BDAT is followed by a colon."""

    def odd(self, reply: Reply) -> Reply:
        return replace(reply, enhanced="", lines=(reply.enhanced.encode() + b": " + reply.lines[0],))


@mutants.smtp("7504/4/556-for-no-mail", "5321/4.3.2/rcpt-replies")
class UnknownUserOf556(SmtpSession):
    """An unknown mailbox gets 556."""

    def check_destination(self, address: Address, destination: Destination) -> str | None:
        if destination.kind == "unknown":
            raise Rejection(556, "5.1.10", "That takes no mail")
        return super().check_destination(address, destination)
