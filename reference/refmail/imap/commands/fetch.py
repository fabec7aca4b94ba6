"""FETCH and UID FETCH (RFC 3501 sections 6.4.5 and 6.4.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import wire
from refmail.imap.batch import Batch
from refmail.imap.commands.base import Command
from refmail.imap.mime.binary import UnknownEncoding, binary_section
from refmail.imap.mime.bodystructure import body, bodystructure
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.mime.section import section_octets
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.fetch import BinaryItem, BodyItem, FetchItem, Section, fetch_items
from refmail.imap.parsing.modifiers import NO_MODIFIERS, FetchModifiers, fetch_modifiers
from refmail.imap.parsing.sequences import SequenceSet, sequence_set
from refmail.imap.resync import departures
from refmail.imap.status import Refused, Status, bad, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import NoSuchMessage

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Fetch", "UidFetch"]

#: Items that can be answered without reading the message.
_FROM_META = frozenset({b"FLAGS", b"INTERNALDATE", b"MODSEQ", b"RFC822.SIZE", b"UID"})
#: What can be told of the header alone.
_HEADERS = frozenset({b"HEADER", b"HEADER.FIELDS", b"HEADER.FIELDS.NOT"})
_FLAGS = FetchItem(b"FLAGS")
_MODSEQ = FetchItem(b"MODSEQ")
_UID = FetchItem(b"UID")

#: So many messages are no work worth a thread, if nothing is read.
_FEW = 64
#: Messages in one step, and octets that end it where whole messages are read.
_MANY = 512
_OCTETS = 512 * 1024


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
    modifiers: FetchModifiers = NO_MODIFIERS

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / ...) [fetch-modifiers]."""
        cursor.space("fetch")
        messages = sequence_set(cursor)
        cursor.space("fetch")
        items = fetch_items(cursor)
        modifiers = fetch_modifiers(cursor, by_uid=cls.by_uid)
        if modifiers.changed_since is not None and _MODSEQ not in items:
            items = (*items, _MODSEQ)
        return cls(messages, items, modifiers)

    def before(self, session: ImapSession) -> Steps[None]:
        if not self.modifiers.vanished or self.modifiers.changed_since is None:
            return
        if b"QRESYNC" not in session.enabled:
            raise Refused(bad(b"QRESYNC must be enabled first"))
        # Before any FETCH, even one that only happens to come now (RFC 7162 section 3.2.6).
        gone = yield from session.call(departures, session.view.mailbox, self.modifiers.changed_since)
        session.send(gone.line(session.view, self.messages))

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        uids = self.targets(view)
        if _MODSEQ in self.items:
            session.make_aware()
        since = self.modifiers.changed_since
        if since is not None:
            uids = [uid for uid in uids if view.metas[uid].modseq > since]
        job = Fetching(self, view, uids, blocking=session.services.store.blocking or len(uids) > _FEW)
        while not job.finished:
            octets = (yield from session.call(job.next)) if job.is_dear else job.next()
            self.note_reading(session, job.shown)
            session.send(octets)
        if job.unknown:
            return no(b"The encoding of a part is not known", b"UNKNOWN-CTE")
        if job.missing and not self.by_uid:
            return no(b"Some of the messages have been expunged")
        return ok(b"FETCH completed")

    def note_reading(self, session: ImapSession, uids: Iterable[int]) -> None:
        """Tell the journal of messages whose octets are shown."""
        journal = session.services.journal
        if journal.has_listeners and any(isinstance(item, BodyItem) for item in self.items):
            for uid in uids:
                journal.note("imap.read", user=session.user, mailbox=session.view.mailbox.name, uid=uid)

    def targets(self, view: View) -> list[int]:
        """Return the UIDs to show."""
        return view.by_number(self.messages)

    @property
    def reads(self) -> bool:
        """Whether messages must be read, or what is noted of them."""
        return any(isinstance(item, BodyItem) or item.name not in _FROM_META for item in self.items)

    @property
    def reads_whole(self) -> bool:
        """Whether the octets of whole messages are needed in any case: what is noted does not do."""
        return any(
            item.section.path != () or item.section.text not in _HEADERS or isinstance(item, BinaryItem)
            if isinstance(item, BodyItem)
            else item.name == b"BODY"
            for item in self.items
        )

    @property
    def sets_seen(self) -> bool:
        r"""Whether an item implies \Seen."""
        return any(isinstance(item, BodyItem) and not item.peek for item in self.items)

    def responses(self) -> Sequence[tuple[FetchItem | BodyItem, ...]]:
        """Return the items of each FETCH response that is sent for a message."""
        return (self.items,)

    def respond(self, view: View, uid: int, message: Entity | None, *, news: bool) -> Iterator[bytes]:
        """Yield the responses for one message.

        Args:
            view: where it is.
            uid: the message.
            message: its octets, where they are needed.
            news: whether the flags changed on the way, so that they are shown, too.

        Raises:
            NoSuchMessage: it must be read and is gone.
        """
        *others, last = self.responses()
        if news:
            # Who knows mod-sequences needs the new one (RFC 7162 section 3.2.4).
            more = (_FLAGS, _UID, _MODSEQ) if view.shows_modseq else (_FLAGS,)
            last = (*last, *(item for item in more if item not in last))
        for items in (*others, last):
            yield from self.response(view, uid, message, items)

    def response(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        """Yield one response, and before it what the client must know to understand it."""
        if self.by_uid and _UID not in items:
            items = (_UID, *items)
        if _FLAGS in items:
            yield from view.announce(view.metas[uid].flags)
            if not view.shows_modseq or _MODSEQ in items:
                view.told(uid)
        shown = b" ".join(self.show(view, uid, message, items))
        yield b"* %d FETCH (" % view.number(uid)
        yield shown
        yield b")\r\n"

    def show(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        """Yield each item as msg-att spells it."""
        meta = view.metas[uid]
        for item in items:
            if isinstance(item, BinaryItem):
                assert message is not None
                yield self.show_binary(item, message)
            elif isinstance(item, BodyItem):
                assert message is not None
                yield self.show_body(item, message)
            elif item.name == b"FLAGS":
                yield b"FLAGS " + view.flags(uid)
            elif item.name == b"UID":
                yield b"UID %d" % uid
            elif item.name == b"MODSEQ":
                yield view.modseq_item(uid)
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
        # One copy of what may be long, not two.
        return b"%s {%d}\r\n%s" % (item.label(), len(octets), wire.char8(octets))

    def show_binary(self, item: BinaryItem, message: Entity) -> bytes:
        """Return a part's decoded octets or their number; as a literal8 only where these hold NUL."""
        octets = binary_section(message, item.section.path)
        if item.name == b"BINARY.SIZE":
            return b"%s %d" % (item.label(), len(octets or b""))
        if octets is None:
            return item.label() + b" NIL"
        if item.partial is not None:
            first, count = item.partial
            octets = octets[first : first + count]
        return b"%s %s" % (item.label(), wire.literal8(octets) if b"\0" in octets else wire.literal(octets))

    def section(self, section: Section, message: Entity) -> bytes | None:
        """Return the octets of a section, None where the message has no such part."""
        return section_octets(message, section)


class Fetching:
    """One FETCH on its way: some messages at a time, so that neither the server nor a slow client holds a mailbox.

    Args:
        command: what to show.
        view: of which mailbox.
        uids: the messages.
        blocking: whether it may take long; the machine waits while it does.
    """

    def __init__(self, command: Fetch, view: View, uids: Sequence[int], *, blocking: bool) -> None:
        #: Calls of `next` are run as calls of a store that has this.
        self.blocking = blocking
        self.is_dear = command.reads or len(uids) > _FEW
        #: UIDs of the messages that the last step showed.
        self.shown: Sequence[int] = ()
        #: Whether a message was gone; whether one had a part that cannot be decoded.
        self.missing = self.unknown = False
        self._command = command
        self._view = view
        self._uids = uids
        self._position = 0

    @property
    def finished(self) -> bool:
        """Whether all messages were shown."""
        return self._position >= len(self._uids)

    def next(self) -> bytes:
        r"""Return the responses for the next messages, those marked \Seen whose items imply it."""
        uids = self._some()
        self._position += len(uids)
        messages = self._messages(uids) if self._command.reads else dict.fromkeys(uids)
        changed = self._mark_seen(messages)
        lines: list[bytes] = []
        shown: list[int] = []
        for uid, message in messages.items():
            try:
                lines += self._command.respond(self._view, uid, message, news=uid in changed)
                shown.append(uid)
            except NoSuchMessage:
                self.missing = True
        self.shown = shown
        return b"".join(lines)

    def _some(self) -> Sequence[int]:
        """Return the next messages: some hundred, or fewer where all their octets are read."""
        uids = self._uids[self._position : self._position + _MANY]
        if self._command.reads_whole:
            octets = 0
            for count, uid in enumerate(uids, 1):
                octets += self._view.metas[uid].size
                if octets >= _OCTETS:
                    return uids[:count]
        return uids

    def _messages(self, uids: Sequence[int]) -> dict[int, Entity | None]:
        """Return the messages that can be shown."""
        batch = Batch(self._view.mailbox, uids)
        if not self._command.reads_whole:
            return {uid: batch.message(uid) for uid in uids}
        found: dict[int, Entity | None] = {}
        for uid, message in batch.whole():
            try:
                for item in self._command.items:
                    if isinstance(item, BinaryItem):
                        binary_section(message, item.section.path)
                found[uid] = message
            except UnknownEncoding:
                self.unknown = True
        self.missing |= len(found) < len(uids) and not self.unknown
        return found

    def _mark_seen(self, messages: Iterable[int]) -> frozenset[int]:
        """Mark messages where the command does, and return those whose flags changed."""
        view = self._view
        if not self._command.sets_seen or view.read_only:
            return frozenset()
        unseen = [uid for uid in messages if rb"\Seen" not in view.metas[uid].flags]
        changed = view.mailbox.change_flags(unseen, "add", [rb"\Seen"]) if unseen else ()
        for meta in changed:
            view.settle(meta, view.metas[meta.uid].flags)
        return frozenset(meta.uid for meta in changed)


@dataclass(frozen=True, slots=True)
class UidFetch(Fetch):
    """Show data of messages named by UID; UIDs that do not exist are passed over."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True

    def targets(self, view: View) -> list[int]:
        return view.by_uid(self.messages)
