"""What one address, one user and one session may take of the server; the numbers stand in `Policy`.

Everything here is called on the loop's thread only.
"""

from __future__ import annotations

from collections import Counter

__all__ = ["Door", "Tally"]


class Tally:
    """How many of something each name has at the moment; names that have none take no memory."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def enter(self, name: str, most: int) -> bool:
        """Count one more, unless there are `most` already; say whether it was counted."""
        if self._counts[name] >= most:
            return False
        self._counts[name] += 1
        return True

    def leave(self, name: str) -> None:
        """Count one less."""
        self._counts[name] -= 1
        if self._counts[name] <= 0:
            del self._counts[name]

    def __len__(self) -> int:
        return len(self._counts)


class Door:
    """Lets connections in.

    Args:
        most: connections at a time.
        of_one_address: connections at a time from one IP address.
    """

    def __init__(self, most: int, of_one_address: int) -> None:
        self._most = most
        self._of_one_address = of_one_address
        self._addresses = Tally()
        self.inside = 0

    def enter(self, address: str) -> bool:
        """Count a connection, unless there are too many; say whether it was counted."""
        if self.inside >= self._most or not self._addresses.enter(address, self._of_one_address):
            return False
        self.inside += 1
        return True

    def leave(self, address: str) -> None:
        """Count a connection that was let in as gone."""
        self.inside -= 1
        self._addresses.leave(address)
