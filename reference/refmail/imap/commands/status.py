"""STATUS (RFC 3501 section 6.3.10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.status import Refused, no, ok
from refmail.imap.status import Status as Response
from refmail.imap.status_items import count, status_atts
from refmail.machine import Steps
from refmail.store.api import NoSuchMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Status", "status_line"]


@dataclass(frozen=True, slots=True)
class Status(Command):
    """Count what is in a mailbox without opening it."""

    mailbox: bytes
    items: tuple[bytes, ...]

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"."""
        mailbox = space_and_mailbox(cursor)
        cursor.space("status")
        return cls(mailbox, status_atts(cursor))

    def run(self, session: ImapSession) -> Steps[Response]:
        name = mailbox_argument(self.mailbox)
        try:
            session.send((yield from status_line(session, name, self.items)))
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox")) from None
        return ok(b"STATUS completed")


def status_line(session: ImapSession, name: str, items: Sequence[bytes]) -> Steps[bytes]:
    """Return the STATUS response for a mailbox (RFC 3501 section 7.2.4).

    Raises:
        NoSuchMailbox
    """
    if b"HIGHESTMODSEQ" in items:
        session.make_aware()
    counts = yield from session.call(count, session.services.store, session.user, name, items)
    view = session.view_or_none
    if b"RECENT" in counts and view is not None and view.name == name and not view.read_only:
        # What this session has claimed is \Recent to it.
        counts[b"RECENT"] += len(view.recent)
    shown = b" ".join(b"%s %d" % (item, counts[item]) for item in items)
    return b"* STATUS %s (%s)\r\n" % (session.revision.mailbox(name), shown)
