"""NAMESPACE (RFC 2342): there is one, the user's own, without a prefix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap import names, wire
from refmail.imap.commands.base import Command
from refmail.imap.extensions.base import Extension
from refmail.imap.states import AUTHENTICATED_OR_SELECTED
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["NAMESPACE", "Namespace"]


@dataclass(frozen=True, slots=True)
class Namespace(Command):
    """Show the personal namespace; other users' and shared ones do not exist."""

    def run(self, session: ImapSession) -> Steps[Status]:
        session.send(b'* NAMESPACE (("" %s)) NIL NIL\r\n' % wire.quoted(names.DELIMITER.encode()))
        yield from ()
        return ok(b"NAMESPACE completed")


NAMESPACE = Extension(b"NAMESPACE", {b"NAMESPACE": Namespace}, {b"NAMESPACE": AUTHENTICATED_OR_SELECTED})
