"""The registry behind `refmail.mutants`: decorators in, a sorted tuple of mutants out."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import refmail.mutants
from refmail.blueprint import Blueprint, WireFilter
from refmail.deviation import Deviation, first_sentence, kebab

__all__ = ["Mutant", "all_mutants", "by_name", "imap", "part", "pop3", "smtp", "stupid", "wire"]

C = TypeVar("C")
F = TypeVar("F", bound=WireFilter)


@dataclass(frozen=True, slots=True)
class Mutant(Deviation):
    """A wrong server and what exactly is wrong with it."""

    #: Ids of the requirements that this mutant violates, all of them.
    breaks: frozenset[str] = frozenset()
    #: A stupid server breaks nearly everything: against it no check may pass.
    is_stupid: bool = False


_registered: dict[str, Mutant] = {}


def _register(mutant: Mutant) -> None:
    if mutant.name in _registered:
        msg = f"two mutants are called {mutant.name}"
        raise ValueError(msg)
    _registered[mutant.name] = mutant


def part(part_name: str, *breaks: str) -> Callable[[C], C]:
    """Register the decorated object as a replacement for one part of the blueprint."""

    def decorate(thing: C) -> C:
        name = kebab(str(getattr(thing, "__name__", "")))
        _register(Mutant(name, first_sentence(thing), lambda b: b.with_part(part_name, thing), frozenset(breaks)))
        return thing

    return decorate


smtp = functools.partial(part, "smtp")
pop3 = functools.partial(part, "pop3")
imap = functools.partial(part, "imap")


def wire(protocol: str, *breaks: str) -> Callable[[F], F]:
    """Register a function over the octets of each Send of one protocol.

    Args:
        protocol: "smtp", "pop3" or "imap".
        breaks: ids of the requirements that the rewritten octets violate.
    """

    def decorate(rewrite: F) -> F:
        name = kebab(str(getattr(rewrite, "__name__", "")))
        _register(
            Mutant(
                name,
                first_sentence(rewrite),
                lambda b: b.with_filter(protocol, lambda: rewrite),
                frozenset(breaks),
            )
        )
        return rewrite

    return decorate


def stupid(name: str, says: str, apply: Callable[[Blueprint], Blueprint]) -> None:
    """Register a server against which no check may pass."""
    _register(Mutant(name, says, apply, is_stupid=True))


@functools.cache
def all_mutants() -> tuple[Mutant, ...]:
    """Import every module of `refmail.mutants` and return what they registered, by name."""
    for module in pkgutil.iter_modules(refmail.mutants.__path__, "refmail.mutants."):
        importlib.import_module(module.name)
    return tuple(_registered[name] for name in sorted(_registered))


def by_name(name: str) -> Mutant:
    """Return the mutant of that name.

    Raises:
        KeyError: there is none; the message lists close names.
    """
    import difflib

    mutants = {mutant.name: mutant for mutant in all_mutants()}
    if name not in mutants:
        near = ", ".join(difflib.get_close_matches(name, mutants, 3)) or "none is close"
        msg = f"no mutant is called {name!r} ({near}); `refmail mutants` lists them"
        raise KeyError(msg)
    return mutants[name]
