"""STLS (RFC 2595 section 4)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import Refusal, ok
from refmail.pop3.states import State

__all__ = ["StlsCommand"]


class StlsCommand(SessionBase):
    """Turns on TLS; nothing said in the clear survives it, neither a name nor buffered octets."""

    def do_stls(self, argument: bytes | None) -> Steps[bytes]:
        arguments.none(argument)
        if self.secure:
            text = "TLS is on already"
            raise Refusal(text)
        if self.utf8:
            text = "STLS comes before UTF8"
            raise Refusal(text, because="6856/2.1/stls-refused")
        if not self.services.tls_available:
            text = "TLS is not offered"
            raise Refusal(text)
        self.reply(ok("begin the TLS handshake"))
        yield from self.start_tls()
        self.state = State.AUTHORIZATION
        self.name = b""
        return b""
