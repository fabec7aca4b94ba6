"""Wrong SMTP servers: the data, where it ends, and what becomes of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import ClassVar

from refmail import mutants
from refmail.machine import Disconnected, Steps
from refmail.message.envelope import Envelope
from refmail.services import Peer, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.smtp("5321/4.1.1.4/data-354")
class DataOf350(SmtpSession):
    """DATA is answered with 350."""

    def reply(self, reply: Reply) -> None:
        super().reply(replace(reply, code=350) if reply.code == 354 else reply)


@mutants.smtp("5321/4.1.1.4/data-clears")
class TransactionOutlivesData(SmtpSession):
    """After the final reply the transaction is still open."""

    def do_data(self, argument: bytes) -> Steps[Reply]:
        state, transaction = self.state, self.transaction
        reply = yield from super().do_data(argument)
        self.state, self.transaction = state, transaction
        return reply


class _OtherEnd(SmtpSession):
    """Takes another sequence for the end of the data, too."""

    other_end: ClassVar[bytes]

    def find_end(self, raw: bytearray, start: int) -> tuple[int, int] | None:
        right = super().find_end(raw, start)
        position = raw.find(self.other_end, start)
        if position < 0 or (right is not None and right[0] < position):
            return right
        # What stands before counts as whole lines, so that nothing else is wrong with it.
        raw[position:position] = b"\r\n"
        return position + 2, position + 2 + len(self.other_end)


@mutants.smtp("5321/4.1.1.4/bare-lf-no-end")
class LfDotLfEndsData(_OtherEnd):
    """LF, period, LF ends the data."""

    other_end: ClassVar[bytes] = b"\n.\n"


@mutants.smtp("5321/4.1.1.4/bare-lf-no-end")
class LfDotCrlfEndsData(SmtpSession):
    """LF, period, CRLF ends the data."""

    def find_end(self, raw: bytearray, start: int) -> tuple[int, int] | None:
        found = re.compile(rb"(?<!\r)\n\.\r\n").search(raw, start)
        right = super().find_end(raw, start)
        if found is None or (right is not None and right[0] < found.start()):
            return right
        raw[found.start() : found.start()] = b"\r\n"
        return found.start() + 2, found.end() + 2


@mutants.smtp("5321/4.1.1.4/bare-lf-no-end")
class CrlfDotLfEndsData(_OtherEnd):
    """CRLF, period, LF ends the data."""

    other_end: ClassVar[bytes] = b"\r\n.\n"


@mutants.smtp("5321/2.3.8/bare-cr-no-end")
class CrDotCrEndsData(_OtherEnd):
    """CR, period, CR ends the data."""

    other_end: ClassVar[bytes] = b"\r.\r"


@mutants.smtp("5321/4.5.2/unstuff")
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


@mutants.smtp("5321/4.5.3.1.6/text-line-1000")
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


class _Picky(SmtpSession):
    """Refuses messages for what is in their header."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if content is not None and self.dislikes(content.partition(b"\r\n\r\n")[0]):
            raise Rejection(554, "5.6.0", "The header section is not as it should be")
        return (yield from super().take(content))

    def dislikes(self, header: bytes) -> bool:
        raise NotImplementedError


@mutants.smtp("5321/3.3/defective-header")
class TwoDatesRefused(_Picky):
    """A message with more than one Date field is refused."""

    def dislikes(self, header: bytes) -> bool:
        return len(re.findall(rb"^Date:", header, re.MULTILINE)) > 1


@mutants.smtp("5321/3.7.2/odd-trace")
class OddTraceRefused(_Picky):
    """A message with a Received field that has no FROM clause is refused."""

    def dislikes(self, header: bytes) -> bool:
        return re.search(rb"^Received: by", header, re.MULTILINE) is not None
