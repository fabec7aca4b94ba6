"""THREAD=ORDEREDSUBJECT: a thread is what has the same base subject."""

from __future__ import annotations

from collections.abc import Sequence

from refmail.imap.threads.message import Threadable
from refmail.imap.threads.tree import Node

__all__ = ["by_ordered_subject"]


def by_ordered_subject(messages: Sequence[Threadable]) -> list[Node]:
    """Return the first message of each thread in order of date, with the others as its children."""
    threads: dict[bytes, Node] = {}
    for message in sorted(messages, key=lambda message: message.sent):
        node = Node(message)
        head = threads.setdefault(message.subject, node)
        if head is not node:
            head.adopt(node)
    # Made in order of date, and so the threads are in the order of their first messages.
    return list(threads.values())
