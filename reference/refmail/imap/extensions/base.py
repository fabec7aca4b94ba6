"""What an extension is, and how its commands join those of RFC 3501."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from refmail.imap.commands.base import Command
from refmail.imap.states import AUTHENTICATED_OR_SELECTED, State
from refmail.services import Policy

__all__ = ["Extension", "joined"]


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension of the base protocol."""

    #: As CAPABILITY lists it.
    capability: bytes
    #: Commands that it adds, or puts in the place of the base protocol's.
    commands: Mapping[bytes, type[Command]] = field(default_factory=dict[bytes, type[Command]])
    #: The states in which added commands are legal.
    legal: Mapping[bytes, frozenset[State]] = field(default_factory=dict[bytes, frozenset[State]])
    #: The states in which the capability is listed.
    offered: frozenset[State] = AUTHENTICATED_OR_SELECTED
    #: Whether a server with this policy lists it.
    offered_by: Callable[[Policy], bool] = lambda _policy: True
    #: What ENABLE with its name enables, itself included (RFC 5161); nothing where there is nothing to enable.
    enables: frozenset[bytes] = frozenset()


def joined(
    commands: Mapping[bytes, type[Command]],
    legal: Mapping[bytes, frozenset[State]],
    extensions: Iterable[Extension],
) -> tuple[Mapping[bytes, type[Command]], Mapping[bytes, frozenset[State]]]:
    """Return the tables of commands and of legal states with the extensions' rows."""
    all_commands, all_legal = dict(commands), dict(legal)
    for extension in extensions:
        all_commands.update(extension.commands)
        all_legal.update(extension.legal)
    return all_commands, all_legal
