"""THREAD=REFERENCES: messages are linked by what they reply to, and threads by their subjects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from refmail.imap.threads.message import Threadable
from refmail.imap.threads.tree import Node, bottom_up

__all__ = ["by_references"]


def by_references(messages: Sequence[Threadable]) -> list[Node]:
    """Return the first message of each thread in order of date.

    The steps are those of RFC 5256 section 3. A thread whose first message is not
    among the messages may begin with a dummy; nowhere else there are any.

    Args:
        messages: in the order of the mailbox.
    """
    root = _root(_link(messages))
    _prune(root)
    for thread in root.children:
        if thread.message is None:
            thread.sort()
    root.sort()
    _merge(root)
    for node in bottom_up(root):
        node.sort()
    return list(root.children)


def _link(messages: Sequence[Threadable]) -> list[Node]:
    """Do step 1: link messages by their references, and return all nodes."""
    known: dict[bytes, Node] = {}
    nodes: list[Node] = []

    def node_of(message_id: bytes) -> Node:
        if message_id not in known:
            known[message_id] = Node()
            nodes.append(known[message_id])
        return known[message_id]

    own = _own_nodes(messages, known)
    nodes += own
    for message, node in zip(messages, own, strict=True):
        ancestors = [node_of(message_id) for message_id in message.references]
        for parent, child in pairwise(ancestors):
            if child.parent is None:
                _adopt(parent, child)
        if not ancestors:
            node.leave()
        elif node.parent is not ancestors[-1]:
            node.leave()
            _adopt(ancestors[-1], node)
    return nodes


def _own_nodes(messages: Sequence[Threadable], known: dict[bytes, Node]) -> list[Node]:
    """Return a node for each message, known by its message ID if that is the first to have it."""
    nodes = [Node(message) for message in messages]
    for node, message in zip(nodes, messages, strict=True):
        if message.message_id is not None:
            known.setdefault(message.message_id, node)
    return nodes


def _adopt(parent: Node, child: Node) -> None:
    """Link two nodes, unless that makes a loop."""
    # What has no children can be above nothing but itself.
    if parent is not child and not (child.children and parent.is_below(child)):
        parent.adopt(child)


def _root(nodes: Sequence[Node]) -> Node:
    """Do step 2: make all nodes without a parent children of one root."""
    root = Node()
    for node in nodes:
        if node.parent is None:
            root.adopt(node)
    return root


def _prune(root: Node) -> None:
    """Do step 3: take the dummies out, except those that keep several threads together at the top."""
    for node in bottom_up(root):
        children = list(node.children)
        for child in children:
            child.leave()
        for child in children:
            if child.message is not None or (node is root and len(child.children) > 1):
                node.adopt(child)
            else:
                for grandchild in list(child.children):
                    node.adopt(grandchild)


def _merge(root: Node) -> None:
    """Do step 5: put threads with the same subject together."""
    table = _subject_table(root)
    for thread in list(root.children):
        subject = thread.head.subject
        first = table.get(subject, thread)
        # A thread may have been put into another one before its turn came.
        if not subject or first is thread or thread.parent is not root:
            continue
        if thread.message is None and first.message is None:
            for child in list(thread.children):
                first.adopt(child)
            thread.leave()
        elif first.message is None or (_is_reply(thread) and not _is_reply(first)):
            first.adopt(thread)
        else:
            both = Node()
            root.adopt(both)
            both.adopt(first)
            both.adopt(thread)
            table[subject] = both


def _subject_table(root: Node) -> dict[bytes, Node]:
    """Return the thread that all others with the same subject are put together with."""
    table: dict[bytes, Node] = {}
    for thread in root.children:
        first = table.setdefault(thread.head.subject, thread)
        if first.message is not None and (thread.message is None or (_is_reply(first) and not _is_reply(thread))):
            table[thread.head.subject] = thread
    return table


def _is_reply(node: Node) -> bool:
    return node.message is not None and node.message.is_reply
