"""SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.modifiers import NO_PARAMS, Resync, SelectParams, select_params
from refmail.imap.resync import departures, last_match
from refmail.imap.status import Refused, Status, bad, no, ok
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
    params: SelectParams = NO_PARAMS

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: select = "SELECT" SP mailbox [select-params]; examine = "EXAMINE" SP mailbox [select-params]."""
        return cls(space_and_mailbox(cursor), select_params(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        known = self.params.resync
        if known is not None and b"QRESYNC" not in session.enabled:
            raise Refused(bad(b"QRESYNC must be enabled first"))
        offered = session.offers(b"CONDSTORE")
        if session.view_or_none is not None and (offered or session.revision.says_closed):
            session.send(b"* OK [CLOSED] What follows is about another selection\r\n")
        session.deselect()
        if self.params.condstore:
            session.make_aware()
        name = mailbox_argument(self.mailbox)
        try:
            view, uid_next = yield from session.call(
                open_view,
                session.services.store,
                session.user,
                name,
                read_only=self.read_only,
                view_type=session.revision.view(session.view_type),
            )
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox")) from None
        self.show(session, view, uid_next)
        session.select(view)
        if offered:
            session.send(ok(b"Nothing has changed after this", view.highest_code()).to_wire(b"*"))
        if known is not None and known.uid_validity == view.uid_validity:
            yield from self.resync(session, view, known)
        return ok(b"EXAMINE completed", b"READ-ONLY") if self.read_only else ok(b"SELECT completed", b"READ-WRITE")

    def resync(self, session: ImapSession, view: View, known: Resync) -> Steps[None]:
        """Send what has changed since the client was here (RFC 7162 section 3.2.5)."""
        gone = yield from session.call(departures, view.mailbox, known.modseq)
        session.send(gone.line(view, known.uids, above=last_match(view, known)))
        for uid in view.uids if known.uids is None else view.by_uid(known.uids):
            if view.metas[uid].modseq > known.modseq:
                session.send(view.fetch_line(uid))

    def show(self, session: ImapSession, view: View, uid_next: int) -> None:
        """Send the untagged data of section 6.3.1; UNSEEN only where something is unseen."""
        for line in view.flag_lines():
            session.send(line)
        session.send(view.counts())
        for line in self.unseen(view):
            session.send(line)
        session.send(b"* OK [UIDVALIDITY %d] UIDs are valid\r\n" % view.uid_validity)
        session.send(b"* OK [UIDNEXT %d] The next UID, or less than it\r\n" % uid_next)

    def unseen(self, view: View) -> Iterator[bytes]:
        """Yield UNSEEN where something is unseen."""
        number = next((n for n, uid in enumerate(view.uids, 1) if rb"\Seen" not in view.metas[uid].flags), None)
        if number is not None:
            yield b"* OK [UNSEEN %d] The first unseen message\r\n" % number


@dataclass(frozen=True, slots=True)
class Examine(Select):
    """Open a mailbox to look only."""

    read_only: ClassVar[bool] = True
