"""NOOP and CHECK (RFC 3501 sections 6.1.2 and 6.4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Check", "Noop"]


@dataclass(frozen=True, slots=True)
class Noop(Command):
    """Do nothing; the session tells what is new, as after every command."""

    def run(self, session: ImapSession) -> Steps[Status]:
        del session
        yield from ()
        return ok(b"NOOP completed")


@dataclass(frozen=True, slots=True)
class Check(Command):
    """Ask for a checkpoint; the store is always at one."""

    def run(self, session: ImapSession) -> Steps[Status]:
        del session
        yield from ()
        return ok(b"CHECK completed")
