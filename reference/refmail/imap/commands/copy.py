"""COPY and UID COPY (RFC 3501 sections 6.4.7 and 6.4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.sequences import SequenceSet, sequence_set
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import Mailbox, MailStore, NoSuchMailbox, NoSuchMessage

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Copied", "Copy", "UidCopy"]


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied and where it is now."""

    uid_validity: int
    sources: Sequence[int]
    targets: Sequence[int]


@dataclass(frozen=True, slots=True)
class Copy(Command):
    """Copy messages to the end of a mailbox, all or none."""

    looks_first: ClassVar[bool] = True

    messages: SequenceSet
    mailbox: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: copy = "COPY" SP sequence-set SP mailbox."""
        cursor.space("copy")
        return cls(sequence_set(cursor), space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        copied = yield from self.transfer(session)
        return ok(b"COPY completed", self.code(copied))

    def transfer(self, session: ImapSession) -> Steps[Copied]:
        """Bring the messages over.

        Raises:
            Refused: nothing was done.
        """
        name = mailbox_argument(self.mailbox)
        view = session.view
        uids = self.targets(view)
        try:
            return (yield from session.call(self.copy, session.services.store, session.user, view.mailbox, name, uids))
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox", b"TRYCREATE")) from None
        except NoSuchMessage:
            raise Refused(no(b"Some of the messages have been expunged")) from None

    def targets(self, view: View) -> list[int]:
        """Return the UIDs to copy."""
        return view.by_number(self.messages)

    def copy(self, store: MailStore, user: str, source: Mailbox, name: str, uids: list[int]) -> Copied:
        """Copy the messages; blocks."""
        target = store.open(user, name)
        return Copied(target.uid_validity, uids, self.put(source, target, uids) if uids else ())

    def put(self, source: Mailbox, target: Mailbox, uids: list[int]) -> Sequence[int]:
        """Copy what exists and return the new UIDs; blocks."""
        return source.copy_to(target, uids)

    def code(self, copied: Copied) -> bytes | None:
        """Return the response code of the success."""
        del copied
        return None


@dataclass(frozen=True, slots=True)
class UidCopy(Copy):
    """Copy messages named by UID; UIDs that do not exist are passed over."""

    by_uid: ClassVar[bool] = True

    def targets(self, view: View) -> list[int]:
        return view.by_uid(self.messages)

    def copy(self, store: MailStore, user: str, source: Mailbox, name: str, uids: list[int]) -> Copied:
        target = store.open(user, name)
        present = {meta.uid for meta in source.messages()}
        kept = [uid for uid in uids if uid in present]
        return Copied(target.uid_validity, kept, self.put(source, target, kept) if kept else ())
