"""ENABLE (RFC 5161): a client says which extensions it is ready for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command
from refmail.imap.extensions.base import Extension
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import atom
from refmail.imap.states import ANY, State
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
        asked = dict.fromkeys(name.upper() for name in self.capabilities)
        known = {each.capability.upper(): each for each in session.extensions if each.enables}
        enabled = [known[name] for name in asked if name in known]
        for extension in enabled:
            session.enabled |= extension.enables
        # RFC 5161 section 3.2: what this command enabled, or asked for again.
        session.send(b"* ENABLED%s\r\n" % b"".join(b" " + each.capability for each in enabled))
        yield from ()
        return ok(b"ENABLE completed")


# Offered before it can be used: Python's imaplib looks at the capabilities only once, when it connects.
ENABLE = Extension(b"ENABLE", {b"ENABLE": Enable}, {b"ENABLE": frozenset({State.AUTHENTICATED})}, offered=ANY)
