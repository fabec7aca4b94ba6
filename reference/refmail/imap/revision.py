"""The two revisions of the protocol that one session can speak: IMAP4rev1, and IMAP4rev2 once it is enabled.

Everything else is written for IMAP4rev1 and asks the session's revision for the
few things below; what IMAP4rev2 puts there stands in `rev2` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from refmail.imap import wire
from refmail.imap.commands.base import Command
from refmail.imap.view import View

__all__ = ["REV1", "Revision"]


@dataclass(frozen=True, slots=True)
class Revision:
    """What differs between revisions."""

    #: Whether strings and the names of mailboxes are UTF-8 in commands, instead of US-ASCII and modified UTF-7.
    utf8: bool = False
    #: Writes the name of a mailbox.
    mailbox: Callable[[str], bytes] = wire.mailbox
    #: Commands that stand in the place of the session's own.
    commands: Mapping[bytes, type[Command]] = field(default_factory=dict[bytes, type[Command]])
    #: Commands that there are no more.
    gone: frozenset[bytes] = frozenset()
    #: Whether SELECT says CLOSED of the mailbox that was open; IMAP4rev1 does so with CONDSTORE only.
    says_closed: bool = False
    #: Makes of a session's view of mailboxes the one of this revision.
    view: Callable[[type[View]], type[View]] = lambda base: base

    def command(self, name: bytes, of_session: Mapping[bytes, type[Command]]) -> type[Command] | None:
        """Return what serves a command, or None where there is none of that name."""
        if name in self.gone or name not in of_session:
            return None
        return self.commands.get(name, of_session[name])


REV1 = Revision()
