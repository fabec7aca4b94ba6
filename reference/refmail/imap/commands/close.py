"""CLOSE (RFC 3501 section 6.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.commands.expunge import expunge_deleted
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Close"]


@dataclass(frozen=True, slots=True)
class Close(Command):
    r"""Remove messages flagged \Deleted without telling, and leave the mailbox."""

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        if not view.read_only:
            yield from session.call(expunge_deleted, view.mailbox)
        session.deselect()
        return ok(b"CLOSE completed")
