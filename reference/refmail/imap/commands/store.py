"""STORE and UID STORE (RFC 3501 sections 6.4.6 and 6.4.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import wire
from refmail.imap.commands.base import Command
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.flags import flag_list, flags
from refmail.imap.parsing.modifiers import store_modifiers
from refmail.imap.parsing.sequences import SequenceSet, sequence_set
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import ConditionalChange, FlagAction, Flags, Mailbox, MessageMeta

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
    #: Leave messages alone that have changed after this mod-sequence (RFC 7162 section 3.1.3).
    unchanged_since: int | None = None

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags."""
        cursor.space("store")
        messages = sequence_set(cursor)
        cursor.space("store")
        unchanged_since = store_modifiers(cursor)
        sign = cursor.peek()
        action = _ACTIONS.get(sign, "replace")
        if action != "replace":
            cursor.position += 1
        cursor.expect(b"FLAGS", "store-att-flags")
        silent = cursor.skip(b".SILENT")
        cursor.space("store-att-flags")
        wanted = flag_list(cursor) if cursor.peek() == b"(" else flags(cursor)
        return cls(messages, action, wanted, silent, unchanged_since)

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        if view.read_only:
            raise Refused(no(b"The mailbox is open read-only"))
        uids = self.targets(view)
        if self.unchanged_since is not None:
            session.make_aware()
        wanted = view.spelling(self.flags)
        outcome = yield from session.call(self.change, view.mailbox, uids, wanted)
        for meta in outcome.messages:
            self.settle(session, view, meta, wanted, failed=meta.uid in outcome.modified)
        code = self.code(view, outcome.modified)
        if len(outcome.messages) < len(uids) and not self.by_uid:
            return no(b"Some of the messages have been expunged", code)
        return ok(b"STORE completed" if code is None else b"Some messages had changed meanwhile", code)

    def change(self, mailbox: Mailbox, uids: list[int], wanted: Flags) -> ConditionalChange:
        """Change the flags; blocks."""
        if self.unchanged_since is None:
            return ConditionalChange(mailbox.change_flags(uids, self.action, wanted), frozenset())
        return mailbox.change_flags_unless_modified(uids, self.action, wanted, self.unchanged_since)

    def settle(self, session: ImapSession, view: View, meta: MessageMeta, wanted: Flags, *, failed: bool) -> None:
        """Take in what became of one message, and show it where the client has to know."""
        before = view.metas[meta.uid]
        expected = before.flags if failed else self.apply(before.flags, wanted)
        view.settle(meta, expected)
        if failed or not self.silent:
            self.show(session, view, meta.uid)
        elif view.shows_modseq and (self.unchanged_since is not None or meta.modseq != before.modseq):
            # The flags are what the client expects; that the mod-sequence is another it cannot know.
            if meta.flags == expected:
                session.send(view.fetch_line(meta.uid, with_flags=False))
            else:
                self.show(session, view, meta.uid)

    def code(self, view: View, modified: Iterable[int]) -> bytes | None:
        """ABNF: "MODIFIED" SP sequence-set, of numbers or UIDs as in the command."""
        shown = [uid if self.by_uid else view.number(uid) for uid in sorted(modified)]
        return b"MODIFIED " + wire.uid_set(shown) if shown else None

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
        session.send(view.fetch_line(uid, with_uid=self.by_uid))


@dataclass(frozen=True, slots=True)
class UidStore(Store):
    """Change flags of messages named by UID; UIDs that do not exist are passed over."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True

    def targets(self, view: View) -> list[int]:
        return view.by_uid(self.messages)
