"""BDAT and BODY=BINARYMIME (RFC 3030): the message in chunks whose size is said first.

A chunk belongs to its command even when that is refused: it is read and dropped
before the reply, so that no octet of a message is ever taken for a command. After
a refused BDAT the transaction has failed, and only RSET, EHLO and the like end it.
"""

from __future__ import annotations

import re

from refmail.machine import Steps
from refmail.message.binary import NotMime, encoded, is_binary
from refmail.services import Peer, Services
from refmail.smtp.data import DataCommand
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.states import State

__all__ = ["BdatCommand"]

# bdat-cmd = "BDAT" SP chunk-size [SP end-marker] CRLF ; chunk-size = 1*DIGIT ; end-marker = "LAST"
# More than 20 digits are no number that anyone means.
_ARGUMENT = re.compile(rb"(\d{1,20})( LAST)?", re.IGNORECASE)
#: Any line that says how long its chunk is, right or wrong in other ways.
_ANNOUNCED = re.compile(rb"BDAT +(\d{1,20})(?:[ \t]|\Z)", re.IGNORECASE)


class BdatCommand(DataCommand):
    """Receives the message of a transaction in chunks."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        #: Octets of the present chunk that have not been read.
        self.unread = 0

    def answer(self, line: bytes) -> Steps[Reply | None]:
        return self.answer_bdat(line) if line[:4].upper() == b"BDAT" else super().answer(line)

    def answer_bdat(self, line: bytes) -> Steps[Reply | None]:
        """Carry out one BDAT, and drop what is left of its chunk."""
        announced = _ANNOUNCED.match(line)
        offered = announced is not None and self.extended and b"CHUNKING" in self.offers()
        self.unread = int(announced[1]) if announced is not None and offered else 0
        reply = yield from super().answer(line)
        if self.unread:
            yield from self.read_chunk(None)
        if reply is not None and reply.code >= 400:
            self.fail()
        return reply

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        if not self.extended:
            raise Rejection(503, "5.5.1", "BDAT is possible after EHLO")
        if b"CHUNKING" not in self.offers():
            raise Rejection(502, "5.5.1", "Command not implemented")
        match = _ARGUMENT.fullmatch(argument)
        if match is None:
            raise Rejection(501, "5.5.4", "Expected a number of octets, and perhaps LAST")
        if self.transaction.failed:
            raise Rejection(503, "5.5.1", "A chunk was refused; RSET comes first")
        self.state = State.BDAT
        size = self.unread
        fits = len(self.transaction.content) + size <= self.policy.message_size
        yield from self.read_chunk(self.transaction.content if fits else None)
        if match[2] is None:
            return self.chunk_taken(size, fits=fits)
        content = bytes(self.transaction.content) if fits else None
        try:
            return (yield from self.take(content))
        finally:
            self.reset()

    def chunk_taken(self, size: int, *, fits: bool) -> Reply:
        """Answer a chunk that is not the last one.

        Raises:
            Rejection: 552 for a message over the limit.
        """
        if not fits:
            raise Rejection(552, "5.3.4", f"Messages may have {self.policy.message_size} octets")
        return Reply.of(250, "2.0.0", f"{size} octets received")

    def read_chunk(self, target: bytearray | None) -> Steps[None]:
        """Read what is left of the chunk, into a buffer or into nothing."""
        while self.unread:
            if not self.inbox:
                yield from self.wait()
            piece = self.inbox[: self.unread]
            del self.inbox[: self.unread]
            self.unread -= len(piece)
            if target is not None:
                target += piece

    def fail(self) -> None:
        """Take note that a BDAT of an open transaction was refused."""
        if self.state in {State.RCPT, State.BDAT}:
            self.state = State.BDAT
            self.transaction.failed = True
            self.transaction.content.clear()

    # Binary messages.

    def do_data(self, argument: bytes) -> Steps[Reply]:
        if is_binary(self.transaction.parameters):
            raise Rejection(503, "5.5.1", "A BINARYMIME message comes by BDAT")
        return (yield from super().do_data(argument))

    def check_line_ends(self, content: bytes) -> None:
        if not is_binary(self.transaction.parameters):
            super().check_line_ends(content)

    def check_eight_bit(self, content: bytes) -> None:
        """Let binary content pass that is MIME, as it may have to be encoded for the next host or the mailbox.

        Raises:
            Rejection: 554.
        """
        if not is_binary(self.transaction.parameters):
            super().check_eight_bit(content)
            return
        try:
            encoded(content)
        except NotMime as error:
            raise Rejection(554, "5.6.0", f"This is no binary MIME message: {error}") from error
