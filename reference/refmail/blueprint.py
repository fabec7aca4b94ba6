"""What a refmail server is made of: one frozen value, so that a mutant or a variant is `replace(...)`.

Honest code never asks "am I a mutant?". A mutant or a variant swaps one part:
a session class, the router, the relay client, the store, or it filters what one
protocol sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

__all__ = ["Blueprint", "WireFilter"]

#: Rewrites the octets of one Send before they leave: (octets) -> octets. One is made for each connection.
WireFilter = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The exchangeable parts of a server, by name.

    `parts` maps a part's name to what replaces the default, for instance
    {"smtp": RcptWithoutMail}; `filters` maps a protocol to factories of wire filters.
    `server.py` knows the defaults and refuses names it does not know.
    """

    parts: Mapping[str, object] = field(default_factory=dict[str, object])
    filters: Mapping[str, tuple[Callable[[], WireFilter], ...]] = field(
        default_factory=dict[str, tuple[Callable[[], WireFilter], ...]]
    )

    def with_part(self, name: str, part: object) -> Blueprint:
        """Return a blueprint in which one part is replaced."""
        return replace(self, parts={**self.parts, name: part})

    def with_filter(self, protocol: str, factory: Callable[[], WireFilter]) -> Blueprint:
        """Return a blueprint that also filters what `protocol` sends."""
        filters = {**self.filters, protocol: (*self.filters.get(protocol, ()), factory)}
        return replace(self, filters=filters)
