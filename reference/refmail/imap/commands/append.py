"""APPEND (RFC 3501 section 6.3.11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.mime.binary import UnstorableBinary, storable
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.dates import date_time
from refmail.imap.parsing.flags import flag_list
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.services import Policy
from refmail.store.api import SYSTEM_FLAGS, Flags, MailStore, NewMessage, NoSuchMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Append", "Appended", "Upload"]


#: Octets of one command; its messages are held until the last of them is there.
_MOST_TOGETHER = 0x1000_0000


@dataclass(frozen=True, slots=True)
class Upload:
    """A message as the client sent it."""

    flags: Flags
    internal_date: dt.datetime | None
    octets: bytes
    #: Whether it came as a literal8 (RFC 3516), so that it may hold any octets.
    is_binary: bool = False

    def to_store(self, now: dt.datetime) -> NewMessage:
        """Return what is stored; system flags that no RFC defines are left out.

        Raises:
            UnstorableBinary
        """
        flags = [flag for flag in self.flags if flag in SYSTEM_FLAGS or not flag.startswith(b"\\")]
        octets = storable(self.octets) if self.is_binary else self.octets
        return NewMessage(octets, flags, self.internal_date or now)


@dataclass(frozen=True, slots=True)
class Appended:
    """Where messages were put."""

    uid_validity: int
    uids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Append(Command):
    """Add a message to a mailbox, all of it or nothing."""

    #: Whether the client may send more than one message.
    several: ClassVar[bool] = False

    mailbox: bytes
    uploads: tuple[Upload, ...]

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: append = "APPEND" SP mailbox 1*append-message; RFC 3501 has only one of these."""
        mailbox = space_and_mailbox(cursor)
        uploads = [append_message(cursor)]
        while cls.several and cursor.peek() == b" ":
            cursor.literal_limit = min(cursor.literal_limit, max(0, _MOST_TOGETHER - cursor.position))
            uploads.append(append_message(cursor))
        return cls(mailbox, tuple(uploads))

    @classmethod
    def literal_limit(cls, policy: Policy) -> int:
        return policy.message_size

    def run(self, session: ImapSession) -> Steps[Status]:
        name = mailbox_argument(self.mailbox)
        now = session.services.now()
        try:
            appended = yield from session.call(self.add, session.services.store, session.user, name, now)
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox", b"TRYCREATE")) from None
        except UnstorableBinary:
            raise Refused(no(b"Binary octets are where they cannot be kept", b"UNKNOWN-CTE")) from None
        return ok(b"APPEND completed", self.code(appended))

    def add(self, store: MailStore, user: str, name: str, now: dt.datetime) -> Appended:
        """Add the messages, all or none; blocks."""
        mailbox = store.open(user, name)
        messages = [upload.to_store(now) for upload in self.uploads]
        return Appended(mailbox.uid_validity, mailbox.add_all(messages))

    def code(self, appended: Appended) -> bytes | None:
        """Return the response code of the success."""
        del appended
        return None


def append_message(cursor: Cursor) -> Upload:
    """ABNF: append-message = [SP flag-list] [SP date-time] SP (literal / literal8)."""
    cursor.space("append")
    flags: Flags = frozenset()
    if cursor.peek() == b"(":
        flags = flag_list(cursor)
        cursor.space("append")
    moment = None
    if cursor.peek() == b'"':
        moment = date_time(cursor)
        cursor.space("append")
    if cursor.peek() == b"~":
        return Upload(flags, moment, cursor.literal8(), is_binary=True)
    return Upload(flags, moment, cursor.literal())
