"""CREATE (RFC 3501 section 6.3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap import names
from refmail.imap.commands.base import Command, new_mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import MailboxExists

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Create"]


@dataclass(frozen=True, slots=True)
class Create(Command):
    """Make a mailbox and the levels above it; a delimiter at the end of the name is ignored."""

    mailbox: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: create = "CREATE" SP mailbox."""
        return cls(space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        name = new_mailbox_argument(self.mailbox.removesuffix(names.DELIMITER.encode()))
        try:
            yield from session.call(session.services.store.create, session.user, name)
        except MailboxExists:
            raise Refused(no(b"There is already a mailbox of that name")) from None
        return ok(b"CREATE completed")
