"""Trees of messages, and the response that shows them; nothing here recurses, threads may be deep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from refmail.imap.threads.message import Threadable

__all__ = ["Node", "bottom_up", "thread_data"]


class Node:
    """A message in a tree, or a dummy that stands for one that is not there."""

    __slots__ = ("children", "message", "parent")

    def __init__(self, message: Threadable | None = None) -> None:
        self.message = message
        self.parent: Node | None = None
        #: A dictionary, so that a child is taken out at once; the order is that of adding.
        self.children: dict[Node, None] = {}

    def adopt(self, child: Node) -> None:
        """Make a node the last child of this one; it leaves the parent that it had."""
        child.leave()
        child.parent = self
        self.children[child] = None

    def leave(self) -> None:
        """Leave the parent, if there is one."""
        if self.parent is not None:
            del self.parent.children[self]
            self.parent = None

    def is_below(self, other: Node) -> bool:
        """Whether `other` is this node or above it."""
        above: Node | None = self
        while above is not None:
            if above is other:
                return True
            above = above.parent
        return False

    @property
    def head(self) -> Threadable:
        """The message, or the first child's where this is a dummy."""
        return self.message or next(iter(self.children)).head

    def sort(self) -> None:
        """Sort the children by sent date."""
        self.children = dict.fromkeys(sorted(self.children, key=lambda child: child.head.sent))


def bottom_up(root: Node) -> Iterator[Node]:
    """Yield every node below a root and the root itself, children before parents; they may be changed meanwhile."""
    pending = [root]
    order: list[Node] = []
    while pending:
        node = pending.pop()
        order.append(node)
        pending += node.children
    return reversed(order)


def thread_data(heads: Iterable[Node], number: Callable[[int], int]) -> bytes:
    """ABNF: 1*thread-list; thread-list = "(" (thread-members / thread-nested) ")".

    Args:
        heads: the first of each thread; a dummy among them has two children at least.
        number: what to show for a UID.
    """
    pieces: list[bytes] = []
    # Nodes still to be shown, and None where a parenthesis closes.
    pending: list[Node | None] = [*heads]
    pending.reverse()
    while pending:
        node = pending.pop()
        if node is None:
            pieces.append(b")")
            continue
        pieces.append(b"(")
        pending.append(None)
        branches = _members(node, number, pieces)
        if branches and node.message is not None:
            pieces.append(b" ")
        pending += branches[::-1]
    return b"".join(pieces)


def _members(node: Node, number: Callable[[int], int], pieces: list[bytes]) -> list[Node]:
    """Show a message and its only child, that one's only child ..., and return the children of the last."""
    while node.message is not None:
        pieces.append(b"%d" % number(node.message.uid))
        if len(node.children) != 1:
            break
        pieces.append(b" ")
        node = next(iter(node.children))
    return list(node.children)
