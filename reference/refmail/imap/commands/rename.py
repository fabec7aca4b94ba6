"""RENAME (RFC 3501 section 6.3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap import names
from refmail.imap.commands.base import Command, mailbox_argument, new_mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import MailboxExists, NoSuchMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Rename"]


@dataclass(frozen=True, slots=True)
class Rename(Command):
    """Give a mailbox and all below it another name; INBOX only gives its messages."""

    old: bytes
    new: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: rename = "RENAME" SP mailbox SP mailbox."""
        old = space_and_mailbox(cursor)
        return cls(old, space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        old = mailbox_argument(self.old)
        new = new_mailbox_argument(self.new.removesuffix(names.DELIMITER.encode()))
        if old != "INBOX" and new.startswith(old + names.DELIMITER):
            raise Refused(no(b"A mailbox cannot be moved below itself"))
        try:
            yield from session.call(session.services.store.rename, session.user, old, new)
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox")) from None
        except MailboxExists:
            raise Refused(no(b"There is already a mailbox of that name")) from None
        return ok(b"RENAME completed")
