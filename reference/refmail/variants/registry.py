"""The registry behind `refmail.variants`: decorators in, a sorted tuple of variants out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import refmail.variants
from refmail.blueprint import WireFilter
from refmail.deviation import Deviation, Registry, filtering, name_of, replacing, says_of

__all__ = ["Variant", "all_variants", "by_name", "imap", "part", "pop3", "smtp", "wire"]

C = TypeVar("C")
F = TypeVar("F", bound=WireFilter)


@dataclass(frozen=True, slots=True)
class Variant(Deviation):
    """A different server that breaks nothing."""


_registry: Registry[Variant] = Registry("variant")


def part(part_name: str) -> Callable[[C], C]:
    """Register the decorated object as a replacement for one part of the blueprint."""

    def decorate(thing: C) -> C:
        _registry.add(Variant(name_of(thing), says_of(thing), replacing(part_name, thing)))
        return thing

    return decorate


def smtp(thing: C) -> C:
    """Register an SMTP session class."""
    return part("smtp")(thing)


def pop3(thing: C) -> C:
    """Register a POP3 session class."""
    return part("pop3")(thing)


def imap(thing: C) -> C:
    """Register an IMAP session class."""
    return part("imap")(thing)


def wire(protocol: str) -> Callable[[F], F]:
    """Register a function over the octets of each Send of one protocol ("smtp", "pop3" or "imap")."""

    def decorate(rewrite: F) -> F:
        _registry.add(Variant(name_of(rewrite), says_of(rewrite), filtering(protocol, rewrite)))
        return rewrite

    return decorate


@functools.cache
def all_variants() -> tuple[Variant, ...]:
    """Return every variant, by name."""
    return _registry.all_of(refmail.variants)


def by_name(name: str) -> Variant:
    """Return the variant of that name.

    Raises:
        KeyError: there is none; the message lists close names.
    """
    return _registry.find(name, refmail.variants)
