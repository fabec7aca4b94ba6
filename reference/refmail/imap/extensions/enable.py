"""ENABLE (RFC 5161): no extension here waits to be enabled, so the answer is an empty ENABLED."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command
from refmail.imap.extensions.base import Extension
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import atom
from refmail.imap.states import AUTHENTICATED_OR_SELECTED, State
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["ENABLE", "Enable"]


@dataclass(frozen=True, slots=True)
class Enable(Command):
    """Enable what is known and can be enabled; all else is ignored (RFC 5161 section 3.1)."""

    capabilities: tuple[bytes, ...]

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: "ENABLE" 1*(SP capability)."""
        cursor.space("enable")
        capabilities = [atom(cursor)]
        while cursor.skip(b" "):
            capabilities.append(atom(cursor))
        return cls(tuple(capabilities))

    def run(self, session: ImapSession) -> Steps[Status]:
        session.send(b"* ENABLED\r\n")
        yield from ()
        return ok(b"ENABLE completed")


ENABLE = Extension(
    b"ENABLE", {b"ENABLE": Enable}, {b"ENABLE": frozenset({State.AUTHENTICATED})}, offered=AUTHENTICATED_OR_SELECTED
)
