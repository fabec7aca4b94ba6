"""Wrong IMAP servers: SELECT and the commands on mailboxes (RFC 3501 sections 5.1 and 6.3)."""

from __future__ import annotations

import re
from dataclasses import replace

from refmail import mutants
from refmail.imap.commands.base import mailbox_argument, new_mailbox_argument
from refmail.imap.commands.delete import Delete
from refmail.imap.commands.rename import Rename
from refmail.imap.commands.select import Examine, Select
from refmail.imap.commands.status import Status as StatusCommand
from refmail.imap.extensions.special_use import CreateWithUse, ListWithUses
from refmail.imap.patterns import Pattern
from refmail.imap.session import ImapSession
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.mutants.imap_parts import command


@command(b"SELECT", "3501/5.1/inbox-any-case")
class InboxInUpperCaseOnly(Select):
    """INBOX can be selected only in upper case."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if self.mailbox != b"INBOX" and self.mailbox.upper() == b"INBOX":
            raise Refused(no(b"There is no such mailbox"))
        return (yield from super().run(session))


@mutants.wire("imap", "3501/6.3.1/select-data")
def no_recent(octets: bytes) -> bytes:
    """RECENT is never sent."""
    return re.sub(rb"(?m)^\* [0-9]+ RECENT\r\n", b"", octets)


@mutants.wire("imap", "3501/6.3.1/select-data")
def no_flags(octets: bytes) -> bytes:
    """FLAGS is never sent."""
    return re.sub(rb"(?m)^\* FLAGS [^\r\n]*\r\n", b"", octets)


@mutants.wire("imap", "3501/6.3.1/select-uid-codes")
def no_uidnext(octets: bytes) -> bytes:
    """SELECT does not say UIDNEXT."""
    return re.sub(rb"(?m)^\* OK \[UIDNEXT [^\r\n]*\r\n", b"", octets)


@command(b"SELECT", "3501/6.3.1/read-write")
class SelectSaysReadOnly(Select):
    """SELECT says READ-ONLY of a mailbox that can be changed."""

    def run(self, session: ImapSession) -> Steps[Status]:
        status = yield from super().run(session)
        return replace(status, code=b"READ-ONLY")


@command(b"SELECT", "3501/6.3.1/failed-select")
class FailedSelectKeepsMailbox(Select):
    """After a SELECT that failed, the mailbox selected before still is."""

    def run(self, session: ImapSession) -> Steps[Status]:
        before = session.view_or_none
        try:
            return (yield from super().run(session))
        except Refused:
            if before is not None:
                session.select(before)
            raise


@command(b"EXAMINE", "3501/6.3.2/examine-read-only")
class ExamineChanges(Examine):
    r"""EXAMINE says READ-ONLY, and BODY[] sets \Seen all the same."""

    def show(self, session: ImapSession, view: View, uid_next: int) -> None:
        super().show(session, view, uid_next)
        view.read_only = False


@command(b"EXAMINE", "3501/6.3.2/examine-read-only")
class ExamineSaysReadWrite(Examine):
    """EXAMINE says READ-WRITE."""

    def run(self, session: ImapSession) -> Steps[Status]:
        status = yield from super().run(session)
        return replace(status, code=b"READ-WRITE")


@command(b"CREATE", "3501/6.3.3/create")
class CreatesAgain(CreateWithUse):
    """CREATE of a mailbox that exists succeeds."""

    def run(self, session: ImapSession) -> Steps[Status]:
        try:
            return (yield from super().run(session))
        except Refused:
            if mailbox_argument(self.mailbox) == "INBOX":
                raise
            return ok(b"CREATE completed")


@command(b"CREATE", "3501/6.3.3/create-inbox")
class CreatesInbox(CreateWithUse):
    """CREATE INBOX succeeds."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if mailbox_argument(self.mailbox) == "INBOX":
            return ok(b"CREATE completed")
        return (yield from super().run(session))


@command(b"DELETE", "3501/6.3.4/delete")
class DeletesNothing(Delete):
    """DELETE succeeds, and the mailbox is still there."""

    def run(self, session: ImapSession) -> Steps[Status]:
        name = mailbox_argument(self.mailbox)
        if name == "INBOX":
            return (yield from super().run(session))
        yield from session.call(session.services.store.open, session.user, name)
        return ok(b"DELETE completed")


@command(b"DELETE", "3501/6.3.4/delete-inbox")
class DeletesInbox(Delete):
    """DELETE INBOX succeeds."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if mailbox_argument(self.mailbox) == "INBOX":
            return ok(b"DELETE completed")
        return (yield from super().run(session))


@command(b"DELETE", "3501/6.3.4/delete-missing")
class DeletesWhatIsMissing(Delete):
    """DELETE of a mailbox that does not exist succeeds."""

    def run(self, session: ImapSession) -> Steps[Status]:
        try:
            return (yield from super().run(session))
        except Refused:
            if mailbox_argument(self.mailbox) == "INBOX":
                raise
            return ok(b"DELETE completed")


@command(b"RENAME", "3501/6.3.5/rename")
class RenameKeepsOldName(Rename):
    """After RENAME there is still a mailbox under the old name."""

    def run(self, session: ImapSession) -> Steps[Status]:
        status = yield from super().run(session)
        yield from session.call(session.services.store.create, session.user, mailbox_argument(self.old))
        return status


@command(b"RENAME", "3501/6.3.5/rename")
class RenameLosesMessages(Rename):
    """RENAME makes an empty mailbox under the new name."""

    def run(self, session: ImapSession) -> Steps[Status]:
        store, new = session.services.store, new_mailbox_argument(self.new)
        status = yield from super().run(session)
        yield from session.call(store.delete, session.user, new)
        yield from session.call(store.create, session.user, new)
        return status


@command(b"LIST", "3501/6.3.8/list-wildcard")
class StarStopsAtDelimiter(ListWithUses):
    """The * of LIST does not match the delimiter."""

    def interpreted(self) -> Pattern:
        return ListWithUses.interpreted(replace(self, pattern=self.pattern.replace(b"*", b"%")))


@command(b"LIST", "3501/6.3.8/list-percent")
class PercentCrossesDelimiter(ListWithUses):
    """The % of LIST matches the delimiter."""

    def interpreted(self) -> Pattern:
        return ListWithUses.interpreted(replace(self, pattern=self.pattern.replace(b"%", b"*")))


@command(b"LIST", "3501/6.3.8/list-delimiter")
class ListWithoutRoot(ListWithUses):
    """LIST with an empty name shows nothing."""

    def run(self, session: ImapSession) -> Steps[Status]:
        return ok(b"LIST completed") if not self.pattern else (yield from super().run(session))


@mutants.wire("imap", "3501/6.3.10/status-items")
def status_counts_one_more(octets: bytes) -> bytes:
    """STATUS counts one message too many."""
    return re.sub(
        rb"(?m)^(\* STATUS [^\r\n]*\bMESSAGES )([0-9]+)",
        lambda found: found[1] + b"%d" % (int(found[2]) + 1),
        octets,
    )


@command(b"STATUS", "3501/6.3.10/status-keeps-selection")
class StatusDeselects(StatusCommand):
    """After STATUS no mailbox is selected."""

    def run(self, session: ImapSession) -> Steps[Status]:
        status = yield from super().run(session)
        session.deselect()
        return status
