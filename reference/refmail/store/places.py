"""Where the messages of a Maildir are, in little memory: what many file names have in common is kept once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Place", "Places"]

Sub = Literal["new", "cur"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is."""

    sub: Sub
    name: str


#: The folder and what stands behind the unique part of the name; one object for all messages that have it alike.
_Spot = tuple[Sub, str]


class Places(MutableMapping[str, Place]):
    """The place of each message, by the unique part of its name."""

    def __init__(self, spots: dict[str, _Spot] | None = None) -> None:
        self._spots = {} if spots is None else spots
        self._known: dict[_Spot, _Spot] = {}

    def note(self, sub: Sub, base: str, info: str) -> None:
        """Put a message whose name is `base` with `info` behind it."""
        spot = (sub, info)
        self._spots[base] = self._known.setdefault(spot, spot)

    def of(self, bases: Mapping[str, object]) -> Places:
        """Return the places of these messages only; the names are shared with `bases`."""
        spots = self._spots
        return Places({base: spots[base] for base in bases if base in spots})

    def merge(self, other: Places) -> None:
        """Take over all that another look has found."""
        self._spots.update(other._spots)

    def differing(self, other: Places, bases: Mapping[str, object]) -> list[str]:
        """Return those messages that are nowhere, or at another place than in `other`."""
        mine, others = self._spots, other._spots
        return [base for base in bases if (spot := mine.get(base)) is None or spot != others.get(base)]

    def file(self, base: str) -> str | None:
        """Return the path of a message from the mailbox's folder, None where it is nowhere."""
        spot = self._spots.get(base)
        return None if spot is None else f"{spot[0]}/{base}{spot[1]}"

    def __getitem__(self, base: str) -> Place:
        sub, info = self._spots[base]
        return Place(sub, base + info)

    def __setitem__(self, base: str, place: Place) -> None:
        self.note(place.sub, base, place.name[len(base) :])

    def __delitem__(self, base: str) -> None:
        del self._spots[base]

    def __contains__(self, base: object) -> bool:
        return base in self._spots

    def __iter__(self) -> Iterator[str]:
        return iter(self._spots)

    def __len__(self) -> int:
        return len(self._spots)
