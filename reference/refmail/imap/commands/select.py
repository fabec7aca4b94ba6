"""SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View, open_view
from refmail.machine import Steps
from refmail.store.api import NoSuchMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Examine", "Select"]


@dataclass(frozen=True, slots=True)
class Select(Command):
    """Open a mailbox; whatever was open is closed, even if this fails."""

    read_only: ClassVar[bool] = False

    mailbox: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: select = "SELECT" SP mailbox; examine = "EXAMINE" SP mailbox."""
        return cls(space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        session.deselect()
        name = mailbox_argument(self.mailbox)
        try:
            view, uid_next = yield from session.call(
                open_view,
                session.services.store,
                session.user,
                name,
                read_only=self.read_only,
                view_type=session.view_type,
            )
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox")) from None
        self.show(session, view, uid_next)
        session.select(view)
        return ok(b"EXAMINE completed", b"READ-ONLY") if self.read_only else ok(b"SELECT completed", b"READ-WRITE")

    def show(self, session: ImapSession, view: View, uid_next: int) -> None:
        """Send the untagged data of section 6.3.1; UNSEEN only where something is unseen."""
        for line in view.flag_lines():
            session.send(line)
        session.send(b"* %d EXISTS\r\n* %d RECENT\r\n" % (len(view.uids), len(view.recent)))
        unseen = next((n for n, uid in enumerate(view.uids, 1) if rb"\Seen" not in view.metas[uid].flags), None)
        if unseen is not None:
            session.send(b"* OK [UNSEEN %d] The first unseen message\r\n" % unseen)
        session.send(b"* OK [UIDVALIDITY %d] UIDs are valid\r\n" % view.uid_validity)
        session.send(b"* OK [UIDNEXT %d] The next UID, or less than it\r\n" % uid_next)


@dataclass(frozen=True, slots=True)
class Examine(Select):
    """Open a mailbox to look only."""

    read_only: ClassVar[bool] = True
