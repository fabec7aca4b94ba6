"""Wrong IMAP servers: STORE, EXPUNGE, CLOSE, and news of the mailbox (RFC 3501 sections 5.2, 6.4 and 7.4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from refmail import mutants
from refmail.imap.commands.close import Close
from refmail.imap.commands.expunge import Expunge
from refmail.imap.commands.store import Store
from refmail.imap.session import ImapSession
from refmail.imap.status import Status, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.mutants.imap_parts import command, view


@command(b"STORE", "3501/6.4.6/store-replaces")
class StoreNeverReplaces(Store):
    """STORE FLAGS adds flags, as +FLAGS does."""

    def run(self, session: ImapSession) -> Steps[Status]:
        return Store.run(replace(self, action="add") if self.action == "replace" else self, session)


@command(b"STORE", "3501/6.4.6/store-replaces")
class StoreNeverRemoves(Store):
    """STORE -FLAGS changes nothing."""

    def run(self, session: ImapSession) -> Steps[Status]:
        return Store.run(replace(self, flags=frozenset()) if self.action == "remove" else self, session)


@command(b"STORE", "3501/6.4.6/store-echo")
class StoreShowsNothing(Store):
    """STORE does not show the new flags."""

    def show(self, session: ImapSession, view: View, uid: int) -> None:
        del session
        view.told(uid)


@command(b"EXPUNGE", "3501/6.4.3/expunge")
class ExpungesNothing(Expunge):
    """EXPUNGE succeeds and removes nothing."""

    def run(self, session: ImapSession) -> Steps[Status]:
        del session
        yield from ()
        return ok(b"EXPUNGE completed")


@view("3501/7.4.1/expunge-numbers")
class ExpungeWithOldNumbers(View):
    """EXPUNGE responses have the numbers from before the command."""

    def _report_expunged(self) -> Iterator[bytes]:
        # The honest view goes from the end, where no number has moved yet.
        yield from reversed(list(super()._report_expunged()))


@mutants.imap("3501/7.4.1/no-expunge-in-fetch")
class ExpungeAtAnyTime(ImapSession):
    """EXPUNGE responses are sent during every command."""

    def report(self, *, may_expunge: bool, with_uid: bool = False) -> Steps[None]:
        del may_expunge
        return super().report(may_expunge=True, with_uid=with_uid)


@command(b"CLOSE", "3501/6.4.2/close-expunges")
class CloseRemovesNothing(Close):
    """CLOSE leaves what is marked deleted."""

    def run(self, session: ImapSession) -> Steps[Status]:
        session.deselect()
        yield from ()
        return ok(b"CLOSE completed")


@command(b"CLOSE", "3501/6.4.2/close-expunges")
class CloseTells(Close):
    """CLOSE sends EXPUNGE for what it removes."""

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        marked = [n for n, uid in enumerate(view.uids, 1) if rb"\Deleted" in view.metas[uid].flags]
        for number in reversed(marked):
            session.send(b"* %d EXPUNGE\r\n" % number)
        return (yield from super().run(session))


@view("3501/5.2/new-mail-noticed")
class NewMessagesMiscounted(View):
    """Of new messages only their own number is told, not that of all messages."""

    def report(self, *, may_expunge: bool, with_uid: bool = False) -> Iterator[bytes]:
        known = len(self.uids)
        for line in super().report(may_expunge=may_expunge, with_uid=with_uid):
            yield re.sub(rb"\* [0-9]+ EXISTS", b"* %d EXISTS" % (len(self.uids) - known), line)
