"""Wrong SMTP servers: the data, where it ends, and what becomes of it."""

from __future__ import annotations

import re

from msgspec import structs

from refmail import mutants
from refmail.machine import Disconnected, Steps
from refmail.message.envelope import Envelope
from refmail.services import Peer, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.smtp("5321/4.1.1.4/data-354", "5321/4.3.2/data-replies", "3030/2/data-still-works")
class DataOf350(SmtpSession):
    """DATA is answered with 350."""

    def reply(self, reply: Reply) -> None:
        super().reply(structs.replace(reply, code=350) if reply.code == 354 else reply)


@mutants.smtp("5321/4.1.1.4/data-clears")
class TransactionOutlivesData(SmtpSession):
    """After the final reply the transaction is still open."""

    def do_data(self, argument: bytes) -> Steps[Reply]:
        state, transaction = self.state, self.transaction
        reply = yield from super().do_data(argument)
        self.state, self.transaction = state, transaction
        return reply


@mutants.smtp("5321/4.5.2/unstuff", "6152/3/dots-the-same", "6152/3/lines-of-1000")
class DotsStay(SmtpSession):
    """The periods that the client put in for transparency stay in the message."""

    def unstuff(self, octets: bytes) -> bytes:
        relayed = any(recipient.user is None for recipient in self.transaction.recipients)
        return super().unstuff(octets) if relayed else octets


@mutants.smtp("5321/4.5.2/only-leading-period")
class DotsFallOut(SmtpSession):
    """Two periods inside a line become one."""

    def unstuff(self, octets: bytes) -> bytes:
        return re.sub(rb"(?<=[A-Za-z])\.\.", b".", super().unstuff(octets))


@mutants.smtp(
    "5321/4.5.3.1.6/text-line-1000",
    "5321/4.1.1.4/content-delivered",
    "3030/3/octets-kept",
    "6152/3/lines-of-1000",
    "3030/3/conversion-lossless",
    "6152/3/relayed-whole",
)
class LongLinesCut(SmtpSession):
    """Lines over 990 octets are cut in two."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        return super().stamped(envelope, re.sub(rb"([^\r\n]{990})(?=[^\r\n])", b"\\1\r\n", content))


@mutants.smtp("5321/4.1.1.10/dropped-data")
class HalfMessagesDelivered(SmtpSession):
    """What has arrived of a message is delivered when the connection is lost."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.so_far = bytearray()

    def find_end(self, raw: bytearray, start: int) -> tuple[int, int] | None:
        self.so_far = raw
        return super().find_end(raw, start)

    def read_content(self) -> Steps[bytes | None]:
        try:
            return (yield from super().read_content())
        except Disconnected:
            return bytes(self.so_far[2:])


@mutants.smtp("5321/4.2.5/refused-not-delivered")
class RefusedAndDelivered(SmtpSession):
    """A message is refused for its line ends, and delivered."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        envelope = self.envelope()
        try:
            return (yield from super().take(content))
        except Rejection:
            if content is not None:
                yield from self.call(self.services.accept, envelope, self.stamped(envelope, content))
            raise
