"""What one session knows of its selected mailbox: numbers, and changes it has not been told of.

The store's mailbox moves under several sessions at once; a client's message
numbers may only move by what its own server told it. So changes are first taken
in (`absorb`) and later told (`report`), with EXPUNGE held back as long as the
command in hand forbids it (RFC 3501 sections 5.2, 5.5 and 7.4.1). A client that
knows mod-sequences takes the highest one that it was shown for the point it has
reached; where something older is still held back it is told the true one (RFC 7162
section 3.2).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from refmail.imap import wire
from refmail.imap.parsing.sequences import SequenceSet
from refmail.imap.status import Refused, bad
from refmail.store.api import SYSTEM_FLAGS, Changes, Flags, Mailbox, MailStore, MessageMeta, NoSuchMailbox

__all__ = ["News", "View", "gather", "open_view"]


@dataclass(frozen=True, slots=True)
class News:
    """What the store said since the last time it was asked."""

    changes: Changes
    #: UIDs that this session is the first to hear of.
    recent: frozenset[int]


class View:
    """A selected mailbox as one session sees it."""

    def __init__(self, mailbox: Mailbox, messages: Sequence[MessageMeta], modseq: int, *, read_only: bool) -> None:
        self.mailbox = mailbox
        self.uid_validity = mailbox.uid_validity
        self.read_only = read_only
        self.modseq = modseq
        #: What the client has enabled; the session's own set once this is selected.
        self.enabled: AbstractSet[bytes] = frozenset()
        #: All that happened up to this mod-sequence has been told.
        self._reached = modseq
        #: The highest mod-sequence shown since the last report.
        self._shown = 0
        #: Whether the client was last told a mod-sequence lower than it had been shown.
        self._holds_back = False
        #: UIDs the client knows, by message number less one.
        self.uids = [meta.uid for meta in messages]
        #: The latest of every message known here, told or not.
        self.metas = {meta.uid: meta for meta in messages}
        self.recent: set[int] = set()
        #: UIDs that "$" stands for, ascending; those expunged since are passed over (RFC 5182 section 2.1).
        self.saved: Sequence[int] = ()
        #: Keywords the client was told of, lower case -> spelling.
        self.keywords: dict[bytes, bytes] = {}
        self._arrived: list[int] = []
        self._expunged: set[int] = set()
        self._reflagged: set[int] = set()
        for meta in messages:
            self.learn_keywords(meta.flags)

    @property
    def name(self) -> str:
        """The mailbox's name now; a RENAME changes it."""
        return self.mailbox.name

    # Numbers.

    def number(self, uid: int) -> int:
        """Return the message number of a UID that the client knows."""
        return bisect_left(self.uids, uid) + 1

    def by_number(self, numbers: SequenceSet) -> list[int]:
        """Return the UIDs of a set of message numbers, or those saved, ascending.

        Raises:
            Refused: a number is beyond the mailbox, or "*" where it is empty (seq-number in section 9).
        """
        if numbers.is_saved:
            return self.by_saved()
        count = len(self.uids)
        if numbers.largest_named > count or (numbers.has_star and not count):
            raise Refused(bad(b"There is no message of that number"))
        return [uid for first, last in numbers.resolve(count) for uid in self.uids[first - 1 : last]]

    def by_uid(self, uids: SequenceSet) -> list[int]:
        """Return those UIDs of a set that exist, or those saved, ascending; "*" is the last message's."""
        if uids.is_saved:
            return self.by_saved()
        if not self.uids:
            return []
        found: list[int] = []
        for first, last in uids.resolve(self.uids[-1]):
            found += self.uids[bisect_left(self.uids, first) : bisect_right(self.uids, last)]
        return found

    def by_saved(self) -> list[int]:
        """Return the saved UIDs that the client still knows of, ascending."""
        known = frozenset(self.uids)
        return [uid for uid in self.saved if uid in known]

    # Mod-sequences (RFC 7162).

    @property
    def shows_modseq(self) -> bool:
        """Whether the client is to be shown mod-sequences."""
        return b"CONDSTORE" in self.enabled

    def highest_code(self) -> bytes:
        """ABNF: "HIGHESTMODSEQ" SP mod-sequence-value: up to where the client has been told everything."""
        return b"HIGHESTMODSEQ %d" % self._reached

    def modseq_item(self, uid: int) -> bytes:
        """ABNF: fetch-mod-resp = "MODSEQ" SP "(" permsg-modsequence ")"; notes that it is shown."""
        modseq = self.metas[uid].modseq
        self._shown = max(self._shown, modseq)
        return b"MODSEQ (%d)" % modseq

    # Flags.

    def flags(self, uid: int) -> bytes:
        r"""Return the flags of a message as FETCH shows them, \Recent included."""
        flags = self.metas[uid].flags
        return wire.flag_list(flags | {rb"\Recent"} if uid in self.recent else flags)

    def spelling(self, flags: Iterable[bytes]) -> Flags:
        """Return flags as this mailbox spells them: keywords do not differ by case; unknown system flags are dropped."""
        known = (self.keywords.get(flag.lower(), flag) for flag in flags)
        return frozenset(flag for flag in known if flag in SYSTEM_FLAGS or not flag.startswith(b"\\"))

    def learn_keywords(self, flags: Flags) -> bool:
        """Note keywords, and say whether one of them is new."""
        new = [flag for flag in flags - SYSTEM_FLAGS if flag.lower() not in self.keywords]
        self.keywords.update((flag.lower(), flag) for flag in new)
        return bool(new)

    def flag_lines(self) -> Iterator[bytes]:
        """Yield FLAGS and PERMANENTFLAGS (RFC 3501 sections 7.2.6 and 7.1)."""
        known = SYSTEM_FLAGS | frozenset(self.keywords.values())
        yield b"* FLAGS %s\r\n" % wire.flag_list(known)
        permanent = b"()" if self.read_only else wire.flag_list(known)[:-1] + rb" \*)"
        yield b"* OK [PERMANENTFLAGS %s] Flags that are kept\r\n" % permanent

    def counts(self) -> bytes:
        """Return EXISTS and RECENT (RFC 3501 sections 7.3.1 and 7.3.2)."""
        return b"* %d EXISTS\r\n* %d RECENT\r\n" % (len(self.uids), len(self.recent))

    # Changes.

    def absorb(self, news: News) -> None:
        """Take in what happened, to be told by `report`."""
        changes = news.changes
        self.modseq = changes.modseq
        gone = frozenset(changes.expunged)
        last = max(self._arrived[-1:] + self.uids[-1:], default=0)
        for meta in changes.changed:
            known = self.metas.get(meta.uid)
            if meta.uid in gone or (known is None and meta.uid <= last):
                continue
            self.metas[meta.uid] = meta
            if known is None:
                self._arrived.append(meta.uid)
            elif known.flags != meta.flags or (self.shows_modseq and known.modseq != meta.modseq):
                self._reflagged.add(meta.uid)
        self.recent |= news.recent
        self._expunged |= gone & self.metas.keys()

    def lose(self) -> None:
        """Take in that the mailbox is gone: every message is expunged, and the view stays empty."""
        self._expunged |= self.metas.keys()

    def settle(self, meta: MessageMeta, expected: Flags) -> None:
        """Take in flags that this session changed itself; told only where they are not what the client expects."""
        self.metas[meta.uid] = meta
        if meta.flags == expected:
            self._reflagged.discard(meta.uid)
        else:
            self._reflagged.add(meta.uid)

    def told(self, uid: int) -> None:
        """Note that the client is being told the present flags of a message."""
        self._reflagged.discard(uid)

    def report(self, *, may_expunge: bool, with_uid: bool = False) -> Iterator[bytes]:
        """Yield the untagged responses that bring the client up to date (RFC 3501 sections 7.3 and 7.4)."""
        if may_expunge:
            yield from self._report_expunged()
        if self._arrived:
            self.uids += self._arrived
            self._arrived.clear()
            yield self.counts()
        for uid in sorted(self._reflagged - self._expunged):
            yield from self.announce(self.metas[uid].flags)
            yield self.fetch_line(uid, with_uid=with_uid)
        self._reflagged.clear()
        yield from self._report_modseq()

    def fetch_line(self, uid: int, *, with_flags: bool = True, with_uid: bool = False) -> bytes:
        """Return FETCH for what changed of a message; UID and MODSEQ too where they are wanted (RFC 7162 section 3.2.4).

        Args:
            uid: the message.
            with_flags: whether the flags are among it.
            with_uid: whether the UID is shown in any case.
        """
        items = [b"FLAGS " + self.flags(uid)] if with_flags else []
        if with_uid or self.shows_modseq:
            items.append(b"UID %d" % uid)
        if self.shows_modseq:
            items.append(self.modseq_item(uid))
        return b"* %d FETCH (%s)\r\n" % (self.number(uid), b" ".join(items))

    def _report_modseq(self) -> Iterator[bytes]:
        """Yield HIGHESTMODSEQ where the client would otherwise take another point for the one it has reached."""
        pending = bool(self._expunged or self._arrived)
        if not pending:
            self._reached = self.modseq
        too_high = self._shown > self._reached
        if self.shows_modseq and (too_high or (self._holds_back and not pending)):
            yield b"* OK [%s] Up to there all is told\r\n" % self.highest_code()
        self._holds_back = too_high or (self._holds_back and pending)
        self._shown = 0

    def announce(self, flags: Flags) -> Iterator[bytes]:
        """Yield FLAGS again where keywords are about to be shown that the client has not heard of."""
        if self.learn_keywords(flags):
            yield from self.flag_lines()

    def _report_expunged(self) -> Iterator[bytes]:
        unheard = self._expunged.intersection(self._arrived)
        self._arrived = [uid for uid in self._arrived if uid not in unheard]
        told = sorted(self._expunged - unheard)
        if told and b"QRESYNC" in self.enabled:
            # RFC 7162 section 3.2.10.2
            self.uids = [uid for uid in self.uids if uid not in self._expunged]
            yield b"* VANISHED %s\r\n" % wire.uid_set(told)
            told = []
        # From the end, so that no number moves before it was sent.
        for uid in reversed(told):
            number = self.number(uid)
            del self.uids[number - 1]
            yield b"* %d EXPUNGE\r\n" % number
        for uid in self._expunged:
            del self.metas[uid]
        self.recent -= self._expunged
        self._reflagged -= self._expunged
        self._expunged.clear()


def open_view(
    store: MailStore, user: str, name: str, *, read_only: bool, view_type: type[View] = View
) -> tuple[View, int]:
    """Open a mailbox and return the view of it and its UIDNEXT; blocks.

    Raises:
        NoSuchMailbox
    """
    mailbox = store.open(user, name)
    snapshot = mailbox.changes_since(0)
    view = view_type(mailbox, snapshot.changed, snapshot.modseq, read_only=read_only)
    view.recent |= _recent(mailbox, view.uids, read_only=read_only) & view.metas.keys()
    return view, mailbox.uid_next


def gather(view: View) -> News:
    """Ask the store what happened since; blocks.

    Raises:
        NoSuchMailbox: the mailbox was deleted, even if another has its name now.
    """
    mailbox = view.mailbox
    if mailbox.uid_validity != view.uid_validity:
        raise NoSuchMailbox(view.name)
    changes = mailbox.changes_since(view.modseq)
    if not changes.complete:
        # This session has slept so long that the store has forgotten removals.
        present = {meta.uid for meta in mailbox.messages()}
        gone = (uid for uid in view.metas if uid not in present)
        changes = replace(changes, expunged=sorted({*changes.expunged, *gone}))
    arrived = [meta.uid for meta in changes.changed if meta.uid not in view.metas]
    recent = _recent(mailbox, arrived, read_only=view.read_only) if arrived else frozenset[int]()
    return News(changes, recent.intersection(arrived))


def _recent(mailbox: Mailbox, uids: Sequence[int], *, read_only: bool) -> frozenset[int]:
    r"""Return which messages are \Recent here; a read-only session takes the flag from nobody (section 6.3.2)."""
    if not read_only:
        return mailbox.claim_recent()
    # Each claim takes all there is, so the unclaimed ones are always the last.
    unclaimed = mailbox.recent_count()
    return frozenset(uids[-unclaimed:] if unclaimed else ())
