"""SMTP sessions that count errors in a row: what servers that lose patience have in common, rightly or wrongly."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.services import Peer, Services
from refmail.smtp.replies import Reply
from refmail.smtp.session import SmtpSession

__all__ = ["CountsErrors"]


class CountsErrors(SmtpSession):
    """Counts replies of 5yz with no other reply between."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.errors = 0

    def answer(self, line: bytes) -> Steps[Reply | None]:
        reply = yield from super().answer(line)
        self.errors = self.errors + 1 if reply is not None and reply.code >= 500 else 0
        return self.counted(reply)

    def counted(self, reply: Reply | None) -> Reply | None:
        """Return what is sent in place of a reply that has been counted."""
        return reply
