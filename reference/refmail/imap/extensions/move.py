"""MOVE and UID MOVE (RFC 6851): COPY and the removal of what was copied, as one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.commands.copy import Copy, UidCopy
from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.uidplus import copyuid
from refmail.imap.states import SELECTED_ONLY
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import Mailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["MOVE", "Move", "UidMove"]


@dataclass(frozen=True, slots=True)
class Move(Copy):
    """Move messages to the end of a mailbox, all or none; their new UIDs are told before they go."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if session.view.read_only:
            raise Refused(no(b"The mailbox is open read-only"))
        copied = yield from self.transfer(session)
        code = copyuid(copied)
        if code is None:
            return ok(b"MOVE completed, of no message")
        # RFC 6851 section 4.3: a client that hears of removals first can make nothing of COPYUID.
        session.send(ok(b"The messages are there", code).to_wire(b"*"))
        yield from session.report(may_expunge=True, with_uid=self.by_uid)
        return ok(b"MOVE completed", session.view.highest_code())

    def put(self, source: Mailbox, target: Mailbox, uids: list[int]) -> Sequence[int]:
        return source.move_to(target, uids)


@dataclass(frozen=True, slots=True)
class UidMove(Move, UidCopy):
    """Move messages named by UID; UIDs that do not exist are passed over."""


MOVE = Extension(b"MOVE", {b"MOVE": Move, b"UID MOVE": UidMove}, {b"MOVE": SELECTED_ONLY, b"UID MOVE": SELECTED_ONLY})
