"""What went while a client was away (RFC 7162 sections 3.2.5 and 3.2.6)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from refmail.imap import wire
from refmail.imap.parsing.modifiers import Resync
from refmail.imap.parsing.sequences import SequenceSet
from refmail.imap.search.candidate import within
from refmail.imap.view import View
from refmail.store.api import Mailbox, NoSuchMailbox

__all__ = ["Departures", "departures", "last_match"]

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Departures:
    """Which messages were removed after some mod-sequence, as far as the store remembers."""

    #: UIDs, or None where the store does not remember all of them: then whatever is not there may have gone.
    uids: Sequence[int] | None
    uid_next: int

    def line(self, view: View, among: SequenceSet | None, above: int = 0) -> bytes:
        """Return VANISHED (EARLIER), or nothing where nothing has gone (RFC 7162 section 3.2.10.1).

        Args:
            view: messages that its client still counts are left out: they go in a VANISHED of their own.
            among: UIDs that the client asks about; "*" is the last UID that was given, None stands for all.
            above: the client knows of everything that has gone up to this UID.
        """
        last = self.uid_next - 1
        asked = [(1, last)] if among is None else among.resolve(last)
        ranges = [(max(first, above + 1), min(end, last)) for first, end in asked if end > above and first <= last]
        if self.uids is None:
            gone = list(_gaps(view.uids, ranges))
        else:
            here = view.metas
            gone = [(uid, uid) for uid in self.uids if uid not in here and within(uid, ranges)]
        return b"* VANISHED (EARLIER) %s\r\n" % wire.ranges(gone) if gone else b""


def departures(mailbox: Mailbox, modseq: int) -> Departures:
    """Ask the store which messages went after a mod-sequence; blocks."""
    try:
        changes = mailbox.changes_since(modseq)
        return Departures(changes.expunged if changes.complete else None, mailbox.uid_next)
    except NoSuchMailbox:
        # The session is about to be told of that.
        return Departures((), 1)


def last_match(view: View, known: Resync) -> int:
    """Return the highest UID whose message number is what the client says, 0 for none.

    Numbers only fall, and only by removals below them: where one is as it was, so is all before it
    (RFC 7162 section 3.2.5.2).
    """
    if known.sample is None:
        return 0
    last = 0
    for number, uid in zip(_each(known.sample[0]), _each(known.sample[1]), strict=False):
        if number > len(view.uids):
            break
        if view.uids[number - 1] == uid:
            last = uid
    return last


def _each(numbers: SequenceSet) -> Iterator[int]:
    for first, last in numbers.ranges:
        yield from range(first or 0, (last or 0) + 1)


def _gaps(uids: Sequence[int], ranges: Sequence[Range]) -> Iterator[Range]:
    """Yield the parts of ascending ranges in which there are no UIDs."""
    for first, last in ranges:
        start = first
        for uid in uids[bisect_left(uids, first) : bisect_right(uids, last)]:
            if uid > start:
                yield start, uid - 1
            start = uid + 1
        if start <= last:
            yield start, last
