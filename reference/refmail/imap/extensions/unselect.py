"""UNSELECT (RFC 3691): CLOSE that removes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.extensions.base import Extension
from refmail.imap.states import SELECTED_ONLY
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["UNSELECT", "Unselect"]


@dataclass(frozen=True, slots=True)
class Unselect(Command):
    """Leave the mailbox."""

    def run(self, session: ImapSession) -> Steps[Status]:
        session.deselect()
        yield from ()
        return ok(b"UNSELECT completed")


UNSELECT = Extension(b"UNSELECT", {b"UNSELECT": Unselect}, {b"UNSELECT": SELECTED_ONLY})
