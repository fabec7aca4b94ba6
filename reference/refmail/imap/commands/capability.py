"""CAPABILITY (RFC 3501 section 6.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Capability"]


@dataclass(frozen=True, slots=True)
class Capability(Command):
    """List what the server supports now."""

    def run(self, session: ImapSession) -> Steps[Status]:
        session.send(b"* CAPABILITY %s\r\n" % b" ".join(session.capabilities()))
        yield from ()
        return ok(b"CAPABILITY completed")
