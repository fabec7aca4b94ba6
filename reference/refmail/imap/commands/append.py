"""APPEND (RFC 3501 section 6.3.11)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.dates import date_time
from refmail.imap.parsing.flags import flag_list
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.services import Policy
from refmail.store.api import SYSTEM_FLAGS, Flags, MailStore, NoSuchMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Append", "Appended"]


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a message was put."""

    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Append(Command):
    """Add a message to a mailbox, all of it or nothing."""

    mailbox: bytes
    flags: Flags
    internal_date: dt.datetime | None
    message: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal."""
        mailbox = space_and_mailbox(cursor)
        cursor.space("append")
        flags: Flags = frozenset()
        if cursor.peek() == b"(":
            flags = flag_list(cursor)
            cursor.space("append")
        moment = None
        if cursor.peek() == b'"':
            moment = date_time(cursor)
            cursor.space("append")
        return cls(mailbox, flags, moment, cursor.literal())

    @classmethod
    def literal_limit(cls, policy: Policy) -> int:
        return policy.message_size

    def run(self, session: ImapSession) -> Steps[Status]:
        name = mailbox_argument(self.mailbox)
        moment = self.internal_date or session.services.now()
        try:
            appended = yield from session.call(self.add, session.services.store, session.user, name, moment)
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox", b"TRYCREATE")) from None
        return ok(b"APPEND completed", self.code(appended))

    def add(self, store: MailStore, user: str, name: str, moment: dt.datetime) -> Appended:
        """Add the message; blocks. System flags that no RFC defines are left out."""
        mailbox = store.open(user, name)
        flags = [flag for flag in self.flags if flag in SYSTEM_FLAGS or not flag.startswith(b"\\")]
        return Appended(mailbox.uid_validity, mailbox.add(self.message, flags, moment))

    def code(self, appended: Appended) -> bytes | None:
        """Return the response code of the success."""
        del appended
        return None
