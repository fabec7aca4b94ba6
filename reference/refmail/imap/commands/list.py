"""LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap import names, wire
from refmail.imap.commands.base import Command, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import list_mailbox
from refmail.imap.patterns import Pattern
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import MailboxInfo

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["List", "Lsub"]

_DELIMITER = wire.quoted(names.DELIMITER.encode())


@dataclass(frozen=True, slots=True)
class List(Command):
    """Show the mailboxes whose names match; the reference is put in front of the pattern."""

    reference: bytes
    pattern: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: list = "LIST" SP mailbox SP list-mailbox."""
        reference = space_and_mailbox(cursor)
        cursor.space("list")
        return cls(reference, list_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        if not self.pattern:
            # The special request for the delimiter; names here have no root.
            session.send(b'* LIST (\\Noselect) %s ""\r\n' % _DELIMITER)
            return ok(b"LIST completed")
        pattern = self.interpreted()
        mailboxes = yield from session.call(session.services.store.list, session.user)
        for info in mailboxes:
            if pattern.matches(info.name):
                session.send(line(session, b"LIST", self.attributes(info), info.name))
        return ok(b"LIST completed")

    def interpreted(self) -> Pattern:
        """Return the pattern with the reference before it.

        Raises:
            Refused: it is not modified UTF-7.
        """
        try:
            return Pattern.from_wire(self.reference + self.pattern)
        except names.BadName:
            raise Refused(no(b"That is not a pattern in modified UTF-7")) from None

    def attributes(self, info: MailboxInfo) -> Sequence[bytes]:
        """Return the name attributes of one mailbox (RFC 3501 section 7.2.2)."""
        selectable = () if info.selectable else (rb"\Noselect",)
        return (*selectable, rb"\Noinferiors") if info.no_inferiors else selectable


@dataclass(frozen=True, slots=True)
class Lsub(List):
    """Show the subscribed names that match, and for a "%" at the end the levels above others."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if not self.pattern:
            session.send(b'* LSUB (\\Noselect) %s ""\r\n' % _DELIMITER)
            return ok(b"LSUB completed")
        pattern = self.interpreted()
        subscribed = yield from session.call(session.services.store.subscriptions, session.user)
        shown = {name for name in subscribed if pattern.matches(name)}
        levels = set(levels_above(subscribed)) - shown if pattern.wants_levels else set[str]()
        for name in sorted(shown | {level for level in levels if pattern.matches(level)}):
            session.send(line(session, b"LSUB", () if name in shown else (rb"\Noselect",), name))
        return ok(b"LSUB completed")


def levels_above(subscribed: Sequence[str]) -> Iterator[str]:
    """Yield every level of the hierarchy above the names."""
    for name in subscribed:
        levels = name.split(names.DELIMITER)
        for count in range(1, len(levels)):
            yield names.DELIMITER.join(levels[:count])


def line(session: ImapSession, kind: bytes, attributes: Sequence[bytes], name: str) -> bytes:
    """Return one LIST or LSUB response (mailbox-list in section 9)."""
    return b"* %s (%s) %s %s\r\n" % (kind, b" ".join(attributes), _DELIMITER, session.revision.mailbox(name))
