"""Flags: their canonical spelling, and what an action makes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from refmail.store.api import SYSTEM_FLAGS, ConditionalChange, FlagAction, Flags
from refmail.store.index import Flagged, Index

__all__ = ["FlagPlan", "canonical_flags", "plan_flags"]

#: One for all messages that have none: an empty frozenset takes 216 octets.
_NO_FLAGS: Flags = frozenset()
_SPELLING = {flag.lower(): flag for flag in SYSTEM_FLAGS}


def canonical_flags(flags: Collection[bytes]) -> Flags:
    r"""Spell system flags as RFC 3501 does and leave out \Recent, which no client can set (section 2.3.2)."""
    if not flags:
        return _NO_FLAGS
    return frozenset(_SPELLING.get(flag.lower(), flag) for flag in flags if flag.lower() != rb"\recent")


def _combine(old: Flags, action: FlagAction, flags: Flags) -> Flags:
    """Return what `action` makes of a message's flags."""
    if action == "replace":
        return flags
    return old | flags if action == "add" else old - flags


@dataclass(frozen=True, slots=True)
class FlagPlan:
    """What a change of flags comes to, before it is done; the mailbox's lock is held from here to `outcome`."""

    #: The messages that were named, ascending.
    uids: Sequence[int]
    #: What changes; messages whose flags stay the same keep their MODSEQ (RFC 7162 section 3.1.11).
    records: Sequence[Flagged]
    #: UIDs of messages that have changed meanwhile.
    modified: frozenset[int]

    def outcome(self, index: Index) -> ConditionalChange:
        """Return what there is after the change."""
        return ConditionalChange([index.entries[uid] for uid in self.uids if uid in index.entries], self.modified)


def plan_flags(
    index: Index, uids: Iterable[int], action: FlagAction, flags: Collection[bytes], since: int | None
) -> FlagPlan:
    """Plan a change of flags.

    Args:
        index: the mailbox.
        uids: the messages; those that are gone are passed over.
        action: what to do.
        flags: with which flags.
        since: messages in which the same flags have changed after this MODSEQ are left alone; None for none.
    """
    wanted = canonical_flags(flags)
    modseq = index.modseq + 1
    present = [uid for uid in sorted(set(uids)) if uid in index.entries]
    modified: frozenset[int] = frozenset()
    if since is not None:
        modified = frozenset(uid for uid in present if index.has_changed(uid, action, wanted, since))
    records: list[Flagged] = []
    for uid in present:
        before = index.entries[uid].flags
        after = _combine(before, action, wanted)
        if after != before and uid not in modified:
            records.append(Flagged(modseq, uid, after))
    return FlagPlan(present, records, modified)
