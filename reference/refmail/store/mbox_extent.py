"""Where each message of an mbox is: written down as a length, so that offsets are sums and need no rewriting."""

from __future__ import annotations

from dataclasses import dataclass

from refmail.store.index import Index

__all__ = ["Extent", "Places"]


@dataclass(frozen=True, slots=True)
class Extent:
    """What the index knows of an entry in the file, in place of a file name."""

    #: Octets before the separator that complete what was there: missing line ends.
    lead: int
    #: Octets of the separator line and of the message after it.
    separator: int
    text: int
    #: Octets altogether, the blank line at the end included.
    length: int
    #: Whether it was written by us and not rewritten: then every field of its header is the sender's.
    own: bool
    #: Letters of Status and X-Status when last seen.
    letters: str
    digest: str

    def to_text(self, uid: int) -> str:
        """Return it as the name of a message in the index; the UID makes names differ."""
        kind = "o" if self.own else "f"
        return f"{uid}.{self.lead}.{self.separator}.{self.text}.{self.length}.{kind}.{self.letters}.{self.digest}"

    @classmethod
    def from_text(cls, text: str) -> Extent:
        """Read the name of a message.

        Raises:
            ValueError: it is of another form.
        """
        _, lead, separator, octets, length, kind, letters, digest = text.split(".")
        return cls(int(lead), int(separator), int(octets), int(length), kind == "o", letters, digest)


class Places:
    """The extent and the offset of each message by UID; follows an index cheaply as long as it only grows."""

    def __init__(self) -> None:
        self.extents: dict[int, Extent] = {}
        self.offsets: dict[int, int] = {}
        #: Where the last entry ends.
        self.end = 0
        self._index: Index | None = None
        self._followed = (0, 0, 0)
        self._next = 1

    def follow(self, index: Index, prologue: int) -> None:
        """Bring the places up to date.

        Args:
            index: the index.
            prologue: octets before the first entry.

        Raises:
            ValueError: a name in the index is not ours.
        """
        state = (prologue, index.removals, index.renames)
        if index is not self._index or state != self._followed:
            self.extents, self.offsets, self.end, self._next = {}, {}, prologue, 1
        # Where all are new, the gaps between UIDs may be wide.
        for uid in index.names if self._next == 1 else range(self._next, index.uid_next):
            if uid in index.names:
                extent = self.extents[uid] = Extent.from_text(index.names[uid])
                self.offsets[uid] = self.end
                self.end += extent.length
        self._index, self._followed, self._next = index, state, index.uid_next
