"""UIDPLUS (RFC 4315): UID EXPUNGE, and where APPEND and COPY put messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.append import Append, Appended
from refmail.imap.commands.base import Command
from refmail.imap.commands.copy import Copied, Copy, UidCopy
from refmail.imap.commands.expunge import expunge
from refmail.imap.extensions.base import Extension
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.sequences import SequenceSet, sequence_set
from refmail.imap.states import SELECTED_ONLY
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.wire import uid_set
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["UIDPLUS", "AppendWithUid", "CopyWithUids", "UidCopyWithUids", "UidExpunge", "copyuid", "uid_set"]


@dataclass(frozen=True, slots=True)
class AppendWithUid(Append):
    """APPEND with the response code APPENDUID."""

    def code(self, appended: Appended) -> bytes | None:
        """ABNF: resp-code-apnd = "APPENDUID" SP nz-number SP append-uid; append-uid =/ uid-set (RFC 4315 section 4)."""
        return b"APPENDUID %d %s" % (appended.uid_validity, uid_set(appended.uids))


@dataclass(frozen=True, slots=True)
class CopyWithUids(Copy):
    """COPY with the response code COPYUID."""

    def code(self, copied: Copied) -> bytes | None:
        return copyuid(copied)


@dataclass(frozen=True, slots=True)
class UidCopyWithUids(UidCopy):
    """UID COPY with the response code COPYUID."""

    def code(self, copied: Copied) -> bytes | None:
        return copyuid(copied)


@dataclass(frozen=True, slots=True)
class UidExpunge(Command):
    r"""Remove messages that are flagged \Deleted and among the UIDs."""

    by_uid: ClassVar[bool] = True

    uids: SequenceSet

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: uid-expunge = "UID" SP "EXPUNGE" SP sequence-set."""
        cursor.space("uid-expunge")
        return cls(sequence_set(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        view = session.view
        if view.read_only:
            raise Refused(no(b"The mailbox is open read-only"))
        among = frozenset(view.by_uid(self.uids))
        return (yield from expunge(session, ok(b"UID EXPUNGE completed"), among))


def copyuid(copied: Copied) -> bytes | None:
    """ABNF: resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set."""
    if not copied.sources:
        return None
    return b"COPYUID %d %s %s" % (copied.uid_validity, uid_set(copied.sources), uid_set(copied.targets))


UIDPLUS = Extension(
    b"UIDPLUS",
    {b"APPEND": AppendWithUid, b"COPY": CopyWithUids, b"UID COPY": UidCopyWithUids, b"UID EXPUNGE": UidExpunge},
    {b"UID EXPUNGE": SELECTED_ONLY},
)
