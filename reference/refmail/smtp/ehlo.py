"""EHLO (RFC 5321 section 4.1.1.1)."""

from __future__ import annotations

from refmail.smtp.helo import HeloCommand
from refmail.smtp.replies import Reply

__all__ = ["EhloCommand"]


class EhloCommand(HeloCommand):
    """Greets and lists the extensions."""

    def do_ehlo(self, argument: bytes) -> Reply:
        self.greet(self.client_name_from(argument), extended=True)
        first = f"{self.services.hostname} greets {self.client_name.decode('ascii')}".encode("ascii")
        return Reply.of(250, "", first, *self.ehlo_lines())

    def ehlo_lines(self) -> list[bytes]:
        """Return what is offered, one extension a line."""
        # ehlo-line = ehlo-keyword *( SP ehlo-param )
        return [keyword + b" " + values if values else keyword for keyword, values in self.offers().items()]
