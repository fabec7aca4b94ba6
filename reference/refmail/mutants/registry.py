"""The registry behind `refmail.mutants`: decorators in, a sorted tuple of mutants out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import refmail.mutants
from refmail.blueprint import Blueprint, WireFilter
from refmail.deviation import Deviation, Registry, filtering, name_of, replacing, says_of

__all__ = ["Mutant", "all_mutants", "by_name", "imap", "lmtp", "part", "pop3", "smtp", "stupid", "wire"]

C = TypeVar("C")
F = TypeVar("F", bound=WireFilter)


@dataclass(frozen=True, slots=True)
class Mutant(Deviation):
    """A wrong server and what exactly is wrong with it."""

    #: Ids of the requirements that this mutant violates, all of them.
    breaks: frozenset[str] = frozenset()
    #: A stupid server breaks nearly everything: against it no check may pass.
    is_stupid: bool = False


_registry: Registry[Mutant] = Registry("mutant")


def part(part_name: str, *breaks: str) -> Callable[[C], C]:
    """Register the decorated object as a replacement for one part of the blueprint.

    Args:
        part_name: a name that `refmail.parts` knows.
        breaks: ids of the requirements that the server then violates.
    """

    def decorate(thing: C) -> C:
        _registry.add(Mutant(name_of(thing), says_of(thing), replacing(part_name, thing), frozenset(breaks)))
        return thing

    return decorate


smtp = functools.partial(part, "smtp")
lmtp = functools.partial(part, "lmtp")
pop3 = functools.partial(part, "pop3")
imap = functools.partial(part, "imap")


def wire(protocol: str, *breaks: str) -> Callable[[F], F]:
    """Register a function over the octets of each Send of one protocol.

    Args:
        protocol: "smtp", "pop3" or "imap".
        breaks: ids of the requirements that the rewritten octets violate.
    """

    def decorate(rewrite: F) -> F:
        _registry.add(Mutant(name_of(rewrite), says_of(rewrite), filtering(protocol, rewrite), frozenset(breaks)))
        return rewrite

    return decorate


def stupid(name: str, says: str, apply: Callable[[Blueprint], Blueprint]) -> None:
    """Register a server against which no check may pass."""
    _registry.add(Mutant(name, says, apply, is_stupid=True))


@functools.cache
def all_mutants() -> tuple[Mutant, ...]:
    """Return every mutant, by name."""
    return _registry.all_of(refmail.mutants)


def by_name(name: str) -> Mutant:
    """Return the mutant of that name.

    Raises:
        KeyError: there is none; the message lists close names.
    """
    return _registry.find(name, refmail.mutants)
