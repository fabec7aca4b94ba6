"""STARTTLS (RFC 3501 section 6.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.status import Refused, Status, bad, no, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["StartTls"]


@dataclass(frozen=True, slots=True)
class StartTls(Command):
    """Begin TLS right after the tagged OK; nothing sent in the clear behind the command is ever read."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if session.is_secure:
            raise Refused(bad(b"TLS is active already"))
        if not session.services.tls_available:
            raise Refused(no(b"This server has no certificate"))
        yield from ()
        return ok(b"Begin TLS negotiation now")

    def afterwards(self, session: ImapSession) -> Steps[None]:
        yield from session.start_tls()
