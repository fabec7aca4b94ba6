"""Named deviations from the default server: what mutants and variants have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from refmail.blueprint import Blueprint

__all__ = ["Deviation", "first_sentence", "kebab"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A named way in which a server differs from the reference."""

    name: str
    #: One sentence about the server.
    says: str
    #: Turns the reference blueprint into this one.
    apply: Callable[[Blueprint], Blueprint]


def kebab(name: str) -> str:
    """Turn a Python name into the kebab case that the command line uses."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()


def first_sentence(thing: object) -> str:
    """Return the first line of a docstring, which every deviation must have."""
    doc = getattr(thing, "__doc__", None)
    if not doc:
        msg = f"{thing!r} needs a docstring that says how it differs"
        raise TypeError(msg)
    return str(doc).strip().splitlines()[0]
