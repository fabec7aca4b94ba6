"""STORE and UID STORE (RFC 3501 sections 6.4.6 and 6.4.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.base import Command
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.flags import flag_list, flags
from refmail.imap.parsing.sequences import SequenceSet, sequence_set
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import FlagAction, Flags

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Store", "UidStore"]

_ACTIONS: dict[bytes, FlagAction] = {b"+": "add", b"-": "remove"}


@dataclass(frozen=True, slots=True)
class Store(Command):
    """Change flags of messages."""

    may_expunge: ClassVar[bool] = False
    looks_first: ClassVar[bool] = True

    messages: SequenceSet
    action: FlagAction
    flags: Flags
    silent: bool

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: store = "STORE" SP sequence-set SP store-att-flags."""
        cursor.space("store")
        messages = sequence_set(cursor)
        cursor.space("store")
        sign = cursor.peek()
        action = _ACTIONS.get(sign, "replace")
        if action != "replace":
            cursor.position += 1
        cursor.expect(b"FLAGS", "store-att-flags")
        silent = cursor.skip(b".SILENT")
        cursor.space("store-att-flags")
        return cls(messages, action, flag_list(cursor) if cursor.peek() == b"(" else flags(cursor), silent)

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        if view.read_only:
            raise Refused(no(b"The mailbox is open read-only"))
        uids = self.targets(view)
        wanted = view.spelling(self.flags)
        changed = yield from session.call(view.mailbox.change_flags, uids, self.action, wanted)
        for meta in changed:
            view.settle(meta, self.apply(view.metas[meta.uid].flags, wanted))
            if not self.silent:
                self.show(session, view, meta.uid)
        if len(changed) < len(uids) and not self.by_uid:
            return no(b"Some of the messages have been expunged")
        return ok(b"STORE completed")

    def targets(self, view: View) -> list[int]:
        """Return the UIDs to change."""
        return view.by_number(self.messages)

    def apply(self, before: Flags, wanted: Flags) -> Flags:
        """Return the flags that the client expects to follow from `before`."""
        if self.action == "add":
            return before | wanted
        return before - wanted if self.action == "remove" else wanted

    def show(self, session: ImapSession, view: View, uid: int) -> None:
        """Send the new flags of one message."""
        for line in view.announce(view.metas[uid].flags):
            session.send(line)
        view.told(uid)
        item = b" UID %d" % uid if self.by_uid else b""
        session.send(b"* %d FETCH (FLAGS %s%s)\r\n" % (view.number(uid), view.flags(uid), item))


@dataclass(frozen=True, slots=True)
class UidStore(Store):
    """Change flags of messages named by UID; UIDs that do not exist are passed over."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True

    def targets(self, view: View) -> list[int]:
        return view.by_uid(self.messages)
