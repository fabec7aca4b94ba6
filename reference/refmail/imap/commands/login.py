"""LOGIN (RFC 3501 section 6.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import astring
from refmail.imap.status import Refused, Status, no
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Login"]


@dataclass(frozen=True, slots=True)
class Login(Command):
    """Authenticate by user name and password."""

    user: bytes
    password: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: login = "LOGIN" SP userid SP password."""
        cursor.space("login")
        user = astring(cursor)
        cursor.space("login")
        return cls(user, astring(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        if not session.allows_passwords:
            raise Refused(no(b"LOGIN is disabled without TLS"))
        user = yield from session.call(session.services.users.authenticate, self.user, self.password)
        if user is None:
            session.note_failed_login()
            raise Refused(no(b"Wrong user name or password"))
        return session.authenticated_as(user, b"LOGIN completed")
