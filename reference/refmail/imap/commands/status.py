"""STATUS (RFC 3501 section 6.3.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap import wire
from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import keyword
from refmail.imap.status import Refused, no, ok
from refmail.imap.status import Status as Response
from refmail.machine import Steps
from refmail.store.api import MailStore, NoSuchMailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Status"]

# status-att = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN"
_ITEMS = frozenset({b"MESSAGES", b"RECENT", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"})


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
        cursor.expect(b"(", "status")
        items = [status_att(cursor)]
        while cursor.skip(b" "):
            items.append(status_att(cursor))
        cursor.expect(b")", "status")
        return cls(mailbox, tuple(dict.fromkeys(items)))

    def run(self, session: ImapSession) -> Steps[Response]:
        name = mailbox_argument(self.mailbox)
        try:
            counts = yield from session.call(count, session.services.store, session.user, name)
        except NoSuchMailbox:
            raise Refused(no(b"There is no such mailbox")) from None
        if session.view_or_none is not None and session.view_or_none.name == name:
            # What this session has claimed is \Recent to it.
            counts[b"RECENT"] += 0 if session.view_or_none.read_only else len(session.view_or_none.recent)
        shown = b" ".join(b"%s %d" % (item, counts[item]) for item in self.items)
        session.send(b"* STATUS %s (%s)\r\n" % (wire.mailbox(name), shown))
        return ok(b"STATUS completed")


def status_att(cursor: Cursor) -> bytes:
    """status-att, in upper case."""
    item = keyword(cursor, "status-att")
    if item not in _ITEMS:
        cursor.fail("status-att", "no such status item")
    return item


def count(store: MailStore, user: str, name: str) -> dict[bytes, int]:
    r"""Return every status item of a mailbox; claims no \Recent; blocks."""
    mailbox = store.open(user, name)
    messages = mailbox.messages()
    return {
        b"MESSAGES": len(messages),
        b"RECENT": mailbox.recent_count(),
        b"UIDNEXT": mailbox.uid_next,
        b"UIDVALIDITY": mailbox.uid_validity,
        b"UNSEEN": sum(rb"\Seen" not in meta.flags for meta in messages),
    }
