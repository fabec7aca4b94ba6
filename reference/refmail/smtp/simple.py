"""RSET, NOOP and QUIT (RFC 5321 sections 4.1.1.5, 4.1.1.9 and 4.1.1.10)."""

from __future__ import annotations

from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Reply

__all__ = ["SimpleCommands"]


class SimpleCommands(SessionBase):
    """The three that need nothing."""

    def do_rset(self, argument: bytes) -> Reply:
        self.no_argument(argument)
        self.reset()
        return Reply.of(250, "2.0.0", "OK")

    def do_noop(self, argument: bytes) -> Reply:
        # A parameter should be ignored.
        del argument
        return Reply.of(250, "2.0.0", "OK")

    def do_quit(self, argument: bytes) -> Reply:
        self.no_argument(argument)
        self.closing = True
        return Reply.of(221, "2.0.0", f"{self.services.hostname} closes the connection")
