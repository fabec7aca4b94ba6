"""Which messages of an mbox that another program rewrote are known, and which are new."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime

from refmail.store.api import MessageMeta
from refmail.store.index import Added, Index
from refmail.store.mbox_extent import Extent
from refmail.store.mbox_format import flags_of
from refmail.store.mbox_scan import Seen

__all__ = ["adopt", "arrived", "recognise"]


def recognise(index: Index, extents: Mapping[int, Extent], seen: Sequence[Seen]) -> list[int | None]:
    """Return for each message the UID of the same one in the index, in ascending order, or None."""
    uids = list(index.entries)
    known: dict[str, list[int]] = {}
    for number, uid in enumerate(uids):
        known.setdefault(extents[uid].digest, []).append(number)
    found: list[int | None] = []
    after = 0
    for each in seen:
        position = _next(known, each, after)
        if position is None or not _is_same(extents[uids[position]], index.entries[uids[position]], each):
            found.append(None)
        else:
            found.append(uids[position])
            after = position + 1
    return found


def _next(known: Mapping[str, Sequence[int]], each: Seen, after: int) -> int | None:
    candidates: list[int] = []
    for digest in (each.raw_digest, each.digest):
        positions = known.get(digest, ())
        candidates += positions[bisect_left(positions, after) :][:1]
    return min(candidates, default=None)


def _is_same(extent: Extent, meta: MessageMeta, each: Seen) -> bool:
    """Whether what would be fetched is the same, as far as a file can show it."""
    if meta.ends_in_crlf and not each.ends_in_crlf:
        return False
    return extent.digest == each.digest or (extent.own and extent.digest == each.raw_digest)


def adopt(index: Index, uid: int, extent: Extent, each: Seen) -> Added:
    """Record where a known message is now, and the flags that another program has changed."""
    meta = index.entries[uid]
    # That the last line has no end does not show in the file.
    text = each.text - (1 if each.ends_in_crlf and not meta.ends_in_crlf else 0)
    own = extent.own and extent.digest == each.raw_digest
    letters = extent.letters if own else each.letters
    before, after = flags_of(extent.letters), flags_of(letters)
    flags = (meta.flags - (before - after)) | (after - before)
    modseq = meta.modseq if flags == meta.flags else index.modseq + 1
    name = Extent(0, each.separator, text, each.length, own, letters, extent.digest).to_text(uid)
    return Added(modseq, uid, meta.size, flags, meta.internal_date, name, meta.ends_in_crlf)


def arrived(index: Index, seen: Sequence[Seen], changed: datetime, lead: int = 0) -> list[Added]:
    """Record messages that nobody had seen before.

    Args:
        index: gives them their UIDs.
        seen: the messages.
        changed: the date of those whose separators have none.
        lead: octets before the first separator that belong to no message.
    """
    records: list[Added] = []
    for uid, each in enumerate(seen, index.uid_next):
        extent = Extent(lead, each.separator, each.text, lead + each.length, False, each.letters, each.digest)
        date, name = each.date or changed, extent.to_text(uid)
        records.append(Added(index.modseq + 1, uid, each.size, each.flags, date, name, each.ends_in_crlf))
        lead = 0
    return records
