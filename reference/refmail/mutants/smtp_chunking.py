"""Wrong SMTP servers: CHUNKING (RFC 3030 section 2)."""

from __future__ import annotations

import re

from refmail import mutants
from refmail.machine import Steps
from refmail.services import Peer, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import State

_RULE = "3030/2/"


class _Counting(SmtpSession):
    """Knows how many chunks the session has taken."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.chunks = 0

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        reply = yield from super().do_bdat(argument)
        self.chunks += 1
        return reply


@mutants.smtp(f"{_RULE}data-still-works")
class NoDataAfterChunks(_Counting):
    """Once a message came in chunks, DATA is not implemented any more."""

    def do_data(self, argument: bytes) -> Steps[Reply]:
        if self.chunks and self.state is State.RCPT:
            raise Rejection(502, "5.5.1", "Messages come by BDAT in this session")
        return (yield from super().do_data(argument))


@mutants.smtp(f"{_RULE}empty-last")
class EmptyLastChunkRefused(SmtpSession):
    """The last chunk must have octets."""

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        if argument.upper() == b"0 LAST" and self.transaction.content.endswith(b"\r\n"):
            raise Rejection(501, "5.5.4", "The last chunk is empty")
        return (yield from super().do_bdat(argument))


@mutants.smtp(f"{_RULE}after-last-503")
class ChunkAfterLastOf554(SmtpSession):
    """BDAT outside transactions gets 554."""

    def out_of_order(self, verb: bytes) -> Reply:
        reply = super().out_of_order(verb)
        return Reply.of(554, "5.5.1", "No transaction is open") if verb == b"BDAT" else reply


@mutants.smtp(f"{_RULE}each-chunk-250")
class ChunksGet251(SmtpSession):
    """A chunk that is not the last gets 251."""

    def chunk_taken(self, size: int, *, fits: bool) -> Reply:
        reply = super().chunk_taken(size, fits=fits)
        return Reply(251, reply.enhanced, reply.lines) if len(self.transaction.content) < 30 else reply


@mutants.smtp(f"{_RULE}each-chunk-250")
class LastInUpperCase(SmtpSession):
    """The word LAST is known in upper case alone."""

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        if argument.endswith((b"last", b"Last")):
            raise Rejection(501, "5.5.4", "Expected LAST")
        return (yield from super().do_bdat(argument))


@mutants.smtp(f"{_RULE}failed-chunk-swallowed", f"{_RULE}pipelined-chunks-swallowed")
class RefusedChunkLeft(SmtpSession):
    """The octets of a chunk that is out of order are taken for commands."""

    def out_of_order(self, verb: bytes) -> Reply:
        self.unread = 0
        return super().out_of_order(verb)


@mutants.smtp(f"{_RULE}pipelined-chunks-swallowed")
class SecondRefusedChunkLeft(SmtpSession):
    """Only the first of several chunks that are out of order is read."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.refused = 0

    def out_of_order(self, verb: bytes) -> Reply:
        self.refused += verb == b"BDAT"
        if self.refused > 1:
            self.unread = 0
        return super().out_of_order(verb)


@mutants.smtp(f"{_RULE}data-after-chunk-503")
class DataAfterChunkOf554(SmtpSession):
    """DATA after a chunk gets 554."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"DATA" and self.state is State.BDAT:
            return Reply.of(554, "5.5.1", "There are chunks already")
        return super().out_of_order(verb)


@mutants.smtp(f"{_RULE}any-lines")
class LongLineEndsTheSession(SmtpSession):
    """A chunk with a line of 5000 octets ends the session."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if self.verb == "BDAT" and re.search(rb"[^\r\n]{5000}", content or b""):
            self.closing = True
            return Reply.of(554, "5.6.0", "A line is too long")
        return (yield from super().take(content))


@mutants.smtp(f"{_RULE}bad-count-501")
class MissingCountIsZero(SmtpSession):
    """BDAT without a number has no octets."""

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        return (yield from super().do_bdat(argument or b"0"))


@mutants.smtp(f"{_RULE}bad-count-501")
class UnknownWordAfterCount(SmtpSession):
    """A word after the number that is not LAST is ignored."""

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        count, _, word = argument.partition(b" ")
        return (yield from super().do_bdat(argument if word.upper() == b"LAST" else count))


@mutants.smtp(f"{_RULE}octets-as-they-are", "3030/3/octets-kept", "3030/3/conversion-lossless")
class DotsTakenFromChunks(SmtpSession):
    """The first dot of a line in a chunk is taken away."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if self.verb == "BDAT" and content is not None:
            content = self.unstuff(content)
        return (yield from super().take(content))


@mutants.smtp(f"{_RULE}octets-as-they-are")
class DotEndsChunks(SmtpSession):
    """A line with a single dot ends a message that comes in chunks."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if self.verb == "BDAT" and content is not None:
            end = content.find(b"\r\n.\r\n")
            content = content if end < 0 else content[: end + 2]
        return (yield from super().take(content))


@mutants.smtp(f"{_RULE}chunks-joined")
class ChunksAreLines(SmtpSession):
    """A short chunk that ends within a line of the body is given a line end."""

    def chunk_taken(self, size: int, *, fits: bool) -> Reply:
        content = self.transaction.content
        if size < 8 and b"\r\n\r\n" in content and not content.endswith((b"\r", b"\n", b".")):
            content += b"\r\n"
        return super().chunk_taken(size, fits=fits)


@mutants.smtp(f"{_RULE}exact-count")
class ChunkReadToLineEnd(SmtpSession):
    """A chunk that ends within a line is read to the end of the line."""

    def chunk_taken(self, size: int, *, fits: bool) -> Reply:
        if size > 150 and not self.transaction.content.endswith((b"\r\n", b"\r")):
            _, _, behind = bytes(self.inbox).partition(b"\r\n")
            self.inbox[:] = behind
        return super().chunk_taken(size, fits=fits)


@mutants.smtp("5321/4.1.1.5/rset-clears")
class RsetKeepsChunks(SmtpSession):
    """RSET and EHLO leave what came in chunks to the next message."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.kept = bytearray()

    def reset(self) -> None:
        if self.state is State.BDAT and self.verb != "BDAT":
            self.kept = self.transaction.content
        super().reset()

    def take(self, content: bytes | None) -> Steps[Reply]:
        if self.verb == "BDAT" and content is not None:
            content += self.kept
        return (yield from super().take(content))
