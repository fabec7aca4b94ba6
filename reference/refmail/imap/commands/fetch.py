"""FETCH and UID FETCH (RFC 3501 sections 6.4.5 and 6.4.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import wire
from refmail.imap.commands.base import Command
from refmail.imap.mime.bodystructure import body, bodystructure
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.mime.section import section_octets
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.fetch import BodyItem, FetchItem, Section, fetch_items
from refmail.imap.parsing.sequences import SequenceSet, sequence_set
from refmail.imap.status import Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import Mailbox, MessageMeta, NoSuchMessage

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Fetch", "UidFetch"]

#: Items that can be answered without reading the message.
_FROM_META = frozenset({b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"UID"})
_FLAGS = FetchItem(b"FLAGS")
_UID = FetchItem(b"UID")


@dataclass(frozen=True, slots=True)
class Fetch(Command):
    """Show data of messages."""

    may_expunge: ClassVar[bool] = False
    looks_first: ClassVar[bool] = True

    #: Items that are computed from the structure of a message.
    structures: ClassVar[Mapping[bytes, Callable[[Entity], bytes]]] = {
        b"ENVELOPE": envelope,
        b"BODY": body,
        b"BODYSTRUCTURE": bodystructure,
    }

    messages: SequenceSet
    items: tuple[FetchItem | BodyItem, ...]

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / ...)."""
        cursor.space("fetch")
        messages = sequence_set(cursor)
        cursor.space("fetch")
        return cls(messages, fetch_items(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        uids = self.targets(view)
        missing = False
        for uid in uids:
            try:
                yield from self.fetch_one(session, view, uid)
            except NoSuchMessage:
                missing = True
        if missing and not self.by_uid:
            return no(b"Some of the messages have been expunged")
        return ok(b"FETCH completed")

    def targets(self, view: View) -> list[int]:
        """Return the UIDs to show."""
        return view.by_number(self.messages)

    @property
    def reads(self) -> bool:
        """Whether the octets of messages are needed."""
        return any(isinstance(item, BodyItem) or item.name not in _FROM_META for item in self.items)

    @property
    def sets_seen(self) -> bool:
        r"""Whether an item implies \Seen."""
        return any(isinstance(item, BodyItem) and not item.peek for item in self.items)

    def fetch_one(self, session: ImapSession, view: View, uid: int) -> Steps[None]:
        r"""Send one FETCH response; the flags are shown too where \Seen was set on the way.

        Raises:
            NoSuchMessage: the message must be read and is gone.
        """
        items = self.items
        message: Entity | None = None
        if self.reads:
            before = view.metas[uid].flags
            mark = self.sets_seen and not view.read_only and rb"\Seen" not in before
            octets, meta = yield from session.call(read, view.mailbox, uid, mark_seen=mark)
            message = Entity(octets)
            if meta is not None:
                view.settle(meta, before)
                items = items if _FLAGS in items else (*items, _FLAGS)
        if self.by_uid and _UID not in items:
            items = (_UID, *items)
        if _FLAGS in items:
            for line in view.announce(view.metas[uid].flags):
                session.send(line)
            view.told(uid)
        shown = b" ".join(self.show(view, uid, message, items))
        session.send(b"* %d FETCH (%s)\r\n" % (view.number(uid), shown))

    def show(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        """Yield each item as msg-att spells it."""
        meta = view.metas[uid]
        for item in items:
            if isinstance(item, BodyItem):
                assert message is not None
                yield self.show_body(item, message)
            elif item.name == b"FLAGS":
                yield b"FLAGS " + view.flags(uid)
            elif item.name == b"UID":
                yield b"UID %d" % uid
            elif item.name == b"INTERNALDATE":
                yield b"INTERNALDATE " + wire.date_time(meta.internal_date)
            elif item.name == b"RFC822.SIZE":
                yield b"RFC822.SIZE %d" % meta.size
            else:
                assert message is not None
                yield b"%s %s" % (item.name, self.structures[item.name](message))

    def show_body(self, item: BodyItem, message: Entity) -> bytes:
        """Return a body item with its octets, NIL where the message has no such part."""
        octets = self.section(item.section, message)
        if octets is None:
            return item.label() + b" NIL"
        if item.partial is not None:
            first, count = item.partial
            octets = octets[first : first + count]
        return b"%s %s" % (item.label(), wire.literal(octets))

    def section(self, section: Section, message: Entity) -> bytes | None:
        """Return the octets of a section, None where the message has no such part."""
        return section_octets(message, section)


def read(mailbox: Mailbox, uid: int, *, mark_seen: bool) -> tuple[bytes, MessageMeta | None]:
    r"""Return a message's octets and, where it was to be marked \Seen, what it is now; blocks."""
    octets = mailbox.read(uid)
    if not mark_seen:
        return octets, None
    changed = mailbox.change_flags([uid], "add", [rb"\Seen"])
    return octets, changed[0] if changed else None


@dataclass(frozen=True, slots=True)
class UidFetch(Fetch):
    """Show data of messages named by UID; UIDs that do not exist are passed over."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True

    def targets(self, view: View) -> list[int]:
        return view.by_uid(self.messages)
