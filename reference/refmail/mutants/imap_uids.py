"""Wrong IMAP servers: UIDs and the commands that use them (RFC 3501 sections 2.3.1.1 and 6.4.8)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import ClassVar

from refmail import mutants
from refmail.imap.commands.fetch import Fetch, UidFetch
from refmail.imap.commands.store import UidStore
from refmail.imap.mime.entity import Entity
from refmail.imap.parsing.fetch import BodyItem, FetchItem
from refmail.imap.parsing.sequences import SequenceSet
from refmail.imap.session import ImapSession
from refmail.imap.status import Refused, no
from refmail.imap.view import View
from refmail.mutants.imap_parts import command

#: A UID that no message gets.
_NOBODYS = 0xFFFF_FFFF


@command(b"UID FETCH", "3501/6.4.8/uid-fetch-includes-uid")
class UidFetchWithoutUid(UidFetch):
    """UID FETCH shows the UID only where it was asked for."""

    by_uid = False


@command(b"UID FETCH", "3501/6.4.8/uid-nonexistent-ok")
class UidFetchOfNothingFails(UidFetch):
    """UID FETCH of UIDs that no message has gets NO."""

    def targets(self, view: View) -> list[int]:
        found = super().targets(view)
        if not found:
            raise Refused(no(b"There is no message with that UID"))
        return found


@command(b"UID FETCH", "3501/6.4.8/uid-star")
class StarBeyondEndIsNothing(UidFetch):
    """A range of UIDs from beyond the last message to * is empty."""

    def targets(self, view: View) -> list[int]:
        last = view.uids[-1] if view.uids else 0
        kept = [(a, b) for a, b in self.messages.ranges if b is not None or a is None or a <= last]
        return view.by_uid(SequenceSet(tuple(kept)))


def _with_uid(items: Iterator[bytes], show: Callable[[int], int]) -> Iterator[bytes]:
    """Change the UID among the items of a FETCH response."""
    for item in items:
        name, _, value = item.partition(b" ")
        yield b"UID %d" % show(int(value)) if name == b"UID" else item


def _named(messages: SequenceSet, meant: Callable[[int], int]) -> SequenceSet:
    """Change the UIDs that a client names; "*" stays."""
    return SequenceSet(tuple((a and meant(a), b and meant(b)) for a, b in messages.ranges))


#: What UIDs are counted down from.
_TOP = 2000


def _mirrored(uid: int) -> int:
    return _TOP - uid if uid < _TOP else _NOBODYS


class _FetchDescending(Fetch):
    def show(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        return _with_uid(super().show(view, uid, message, items), _mirrored)


class _UidFetchDescending(_FetchDescending, UidFetch):
    def targets(self, view: View) -> list[int]:
        return view.by_uid(_named(self.messages, _mirrored))


class _UidStoreDescending(UidStore):
    def targets(self, view: View) -> list[int]:
        return view.by_uid(_named(self.messages, _mirrored))


@mutants.imap("3501/2.3.1.1/uids-ascend")
class UidsDescend(ImapSession):
    """UIDs become smaller from message to message."""

    commands = {  # noqa: RUF012 - the base has it as a ClassVar
        **ImapSession.commands,
        b"FETCH": _FetchDescending,
        b"UID FETCH": _UidFetchDescending,
        b"UID STORE": _UidStoreDescending,
    }


class _ShiftedView(View):
    """Its UIDs begin elsewhere than those of every view before."""

    _starts: ClassVar[Iterator[int]] = itertools.count(1000, 1000)
    shift: int = 0

    def shifted(self) -> int:
        """Return how much is added to each UID."""
        self.shift = self.shift or next(self._starts)
        return self.shift


def _shift(view: View) -> int:
    assert isinstance(view, _ShiftedView)
    return view.shifted()


class _FetchShifted(Fetch):
    def show(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        return _with_uid(super().show(view, uid, message, items), lambda each: each + _shift(view))


class _UidFetchShifted(_FetchShifted, UidFetch):
    def targets(self, view: View) -> list[int]:
        return view.by_uid(_named(self.messages, lambda uid: max(1, uid - _shift(view))))


class _UidStoreShifted(UidStore):
    def targets(self, view: View) -> list[int]:
        return view.by_uid(_named(self.messages, lambda uid: max(1, uid - _shift(view))))


@mutants.imap("3501/2.3.1.1/uids-persist")
class UidsOfEachSelection(ImapSession):
    """A message has another UID each time the mailbox is selected, and UIDVALIDITY stays."""

    view_type = _ShiftedView
    commands = {  # noqa: RUF012 - the base has it as a ClassVar
        **ImapSession.commands,
        b"FETCH": _FetchShifted,
        b"UID FETCH": _UidFetchShifted,
        b"UID STORE": _UidStoreShifted,
    }


@mutants.wire("imap", "3501/2.3.1.1/uidnext-not-below")
def uidnext_too_high(octets: bytes) -> bytes:
    """UIDNEXT is higher than the UID that the next message gets."""
    return re.sub(rb"\bUIDNEXT ([0-9]+)", lambda found: b"UIDNEXT %d" % (int(found[1]) + 1000), octets)
