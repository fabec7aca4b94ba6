"""EXPUNGE (RFC 3501 section 6.4.3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import Mailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Expunge", "expunge_deleted"]


@dataclass(frozen=True, slots=True)
class Expunge(Command):
    r"""Remove messages flagged \Deleted; the session tells their numbers before the tagged OK."""

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        if view.read_only:
            raise Refused(no(b"The mailbox is open read-only"))
        yield from session.call(expunge_deleted, view.mailbox)
        return ok(b"EXPUNGE completed")


def expunge_deleted(mailbox: Mailbox, among: Collection[int] | None = None) -> None:
    r"""Remove messages flagged \Deleted, all or those among some UIDs; blocks."""
    deleted = [meta.uid for meta in mailbox.messages() if rb"\Deleted" in meta.flags]
    mailbox.expunge(deleted if among is None else [uid for uid in deleted if uid in among])
