"""LOGOUT (RFC 3501 section 6.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.states import State
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Logout"]


@dataclass(frozen=True, slots=True)
class Logout(Command):
    """Say BYE; the connection closes after the tagged OK."""

    def run(self, session: ImapSession) -> Steps[Status]:
        session.deselect()
        session.state = State.LOGOUT
        session.send(b"* BYE Logging out\r\n")
        yield from ()
        return ok(b"LOGOUT completed")
