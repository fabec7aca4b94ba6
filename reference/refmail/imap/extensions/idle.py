"""IDLE (RFC 2177): what is new is told as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.extensions.base import Extension
from refmail.imap.states import ANY, AUTHENTICATED_OR_SELECTED
from refmail.imap.status import Refused, Status, bad, ok
from refmail.machine import LineTooLong, Steps, Wake

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["IDLE", "Idle"]

#: Octets of the line that ends IDLE; there is only one such line.
_DONE_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Idle(Command):
    """Tell what is new until the client says DONE."""

    def run(self, session: ImapSession) -> Steps[Status]:
        yield from session.start_watching()
        try:
            session.send(b"+ Idling\r\n")
            yield from self.watch(session)
            line = yield from session.read_line(_DONE_LIMIT)
        except LineTooLong:
            line = b""
        finally:
            session.stop_watching()
        if line.upper() != b"DONE\r\n":
            raise Refused(bad(b"Only DONE ends IDLE"))
        return ok(b"IDLE completed")

    def watch(self, session: ImapSession) -> Steps[None]:
        """Report until octets come in."""
        news = True
        while not session.inbox:
            if news:
                # Looking may take a while; octets that came meanwhile are seen before the next wait.
                yield from session.report(may_expunge=True)
            if not session.inbox:
                news = (yield from session.wait()) is Wake.NEWS


# Offered before it can be used: Python's imaplib looks at the capabilities only once, when it connects.
IDLE = Extension(b"IDLE", {b"IDLE": Idle}, {b"IDLE": AUTHENTICATED_OR_SELECTED}, offered=ANY)
