"""SUBSCRIBE and UNSUBSCRIBE (RFC 3501 sections 6.3.6 and 6.3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command, mailbox_argument, new_mailbox_argument, space_and_mailbox
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Subscribe", "Unsubscribe"]


@dataclass(frozen=True, slots=True)
class Subscribe(Command):
    """Add a name to the subscriptions, whether or not a mailbox has it now."""

    mailbox: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: subscribe = "SUBSCRIBE" SP mailbox."""
        return cls(space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        name = new_mailbox_argument(self.mailbox)
        yield from session.call(session.services.store.subscribe, session.user, name)
        return ok(b"SUBSCRIBE completed")


@dataclass(frozen=True, slots=True)
class Unsubscribe(Command):
    """Take a name from the subscriptions; one that is not there is already as asked."""

    mailbox: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: unsubscribe = "UNSUBSCRIBE" SP mailbox."""
        return cls(space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        name = mailbox_argument(self.mailbox)
        yield from session.call(session.services.store.unsubscribe, session.user, name)
        return ok(b"UNSUBSCRIBE completed")
