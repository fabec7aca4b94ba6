"""EXPUNGE (RFC 3501 section 6.4.3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from refmail.imap.commands.base import Command
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import Mailbox

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Expunge", "expunge", "expunge_deleted"]


@dataclass(frozen=True, slots=True)
class Expunge(Command):
    r"""Remove messages flagged \Deleted; the session tells their numbers before the tagged OK."""

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        if view.read_only:
            raise Refused(no(b"The mailbox is open read-only"))
        return (yield from expunge(session, ok(b"EXPUNGE completed")))


def expunge(session: ImapSession, status: Status, among: Collection[int] | None = None) -> Steps[Status]:
    r"""Remove messages flagged \Deleted, all or those among some UIDs, and tell it.

    Returns:
        The status, with the mod-sequence up to which a client that knows of them is then up to date
        (RFC 7162 sections 3.2.7 and 3.2.9).
    """
    view = session.view
    removed = yield from session.call(expunge_deleted, view.mailbox, among)
    if not removed or not view.shows_modseq:
        return status
    yield from session.report(may_expunge=True)
    return replace(status, code=view.highest_code())


def expunge_deleted(mailbox: Mailbox, among: Collection[int] | None = None) -> Sequence[int]:
    r"""Remove messages flagged \Deleted, all or those among some UIDs, and return their UIDs; blocks."""
    deleted = [meta.uid for meta in mailbox.messages() if rb"\Deleted" in meta.flags]
    return mailbox.expunge(deleted if among is None else [uid for uid in deleted if uid in among])
