"""DELETE (RFC 3501 section 6.3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import NoSuchMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Delete"]


@dataclass(frozen=True, slots=True)
class Delete(Command):
    """Remove a mailbox with its messages; what is below it in the hierarchy stays."""

    mailbox: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: delete = "DELETE" SP mailbox."""
        return cls(space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        name = mailbox_argument(self.mailbox)
        if name == "INBOX":
            raise Refused(no(b"INBOX cannot be deleted"))
        try:
            yield from session.call(session.services.store.delete, session.user, name)
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox")) from None
        return ok(b"DELETE completed")
