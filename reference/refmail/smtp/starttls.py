"""STARTTLS (RFC 3207)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Rejection, Reply

__all__ = ["StartTlsCommand"]


class StartTlsCommand(SessionBase):
    """Turns on TLS; nothing said in the clear survives it, neither state nor buffered octets."""

    def do_starttls(self, argument: bytes) -> Steps[None]:
        self.no_argument(argument)
        if self.secure:
            raise Rejection(503, "5.5.1", "TLS is on already")
        if not self.services.tls_available:
            raise Rejection(502, "5.5.1", "TLS is not offered")
        self.reply(Reply.of(220, "2.0.0", "Begin the TLS handshake"))
        yield from self.start_tls()
        self.forget()
