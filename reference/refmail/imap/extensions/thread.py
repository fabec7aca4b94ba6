"""THREAD (RFC 5256)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.search import SearchBase
from refmail.imap.extensions.base import Extension
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import atom
from refmail.imap.search.parse import search_criteria
from refmail.imap.states import SELECTED_ONLY
from refmail.imap.status import Status, ok
from refmail.imap.threads.message import Threadable, threadable
from refmail.imap.threads.orderedsubject import by_ordered_subject
from refmail.imap.threads.references import by_references
from refmail.imap.threads.tree import Node, thread_data
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["ALGORITHMS", "THREAD_ORDEREDSUBJECT", "THREAD_REFERENCES", "Algorithm", "Thread", "UidThread"]

#: Makes threads of messages in the order of the mailbox.
Algorithm = Callable[[Sequence[Threadable]], list[Node]]

#: thread-alg = "ORDEREDSUBJECT" / "REFERENCES" / thread-alg-ext
ALGORITHMS: Mapping[bytes, Algorithm] = {b"ORDEREDSUBJECT": by_ordered_subject, b"REFERENCES": by_references}


@dataclass(frozen=True, slots=True)
class Thread(SearchBase):
    """Show the numbers of the messages that match as trees."""

    algorithm: Algorithm

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: thread = "THREAD" SP thread-alg SP search-criteria."""
        cursor.space("thread")
        algorithm = ALGORITHMS.get(atom(cursor).upper())
        if algorithm is None:
            cursor.fail("thread-alg", "no such algorithm")
        cursor.space("thread")
        return cls(search_criteria(cursor), algorithm)

    def run(self, session: ImapSession) -> Steps[Status]:
        messages = yield from self.find(session, threadable)
        view = session.view
        threads = yield from session.call(self.algorithm, messages)
        data = thread_data(threads, (lambda uid: uid) if self.by_uid else view.number)
        session.send(b"* THREAD %s\r\n" % data if data else b"* THREAD\r\n")
        return ok(b"THREAD completed")


@dataclass(frozen=True, slots=True)
class UidThread(Thread):
    """Show the UIDs of the messages that match as trees."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True


THREAD_ORDEREDSUBJECT = Extension(
    b"THREAD=ORDEREDSUBJECT",
    {b"THREAD": Thread, b"UID THREAD": UidThread},
    {b"THREAD": SELECTED_ONLY, b"UID THREAD": SELECTED_ONLY},
)

#: The same commands with the other algorithm.
THREAD_REFERENCES = Extension(b"THREAD=REFERENCES")
