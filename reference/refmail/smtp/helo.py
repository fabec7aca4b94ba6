"""HELO (RFC 5321 section 4.1.1.1)."""

from __future__ import annotations

from refmail.message.address import is_address_literal, is_domain
from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.states import State

__all__ = ["HeloCommand"]


class HeloCommand(SessionBase):
    """Greets without extensions."""

    def do_helo(self, argument: bytes) -> Reply:
        self.greet(self.client_name_from(argument), extended=False)
        return Reply.of(250, "", f"{self.services.hostname} greets {self.client_name.decode('ascii')}")

    def client_name_from(self, argument: bytes) -> bytes:
        """Return the name the client gives itself; what follows it is ignored, as older clients add words.

        Nobody is refused because the name does not match the address (section 4.1.4).

        Raises:
            Rejection: 501 where it is neither a domain nor an address literal.
        """
        # ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
        # helo = "HELO" SP Domain CRLF
        name = argument.partition(b" ")[0]
        if not (is_domain(name) or is_address_literal(name)):
            # RFC 2034 section 4: no reply to HELO or EHLO has an enhanced code.
            raise Rejection(501, "", "Expected a domain name or an address literal")
        return name

    def greet(self, client_name: bytes, *, extended: bool) -> None:
        """Begin afresh, as RSET does (section 4.1.4)."""
        self.reset()
        self.state = State.READY
        self.client_name = client_name
        self.extended = extended
