"""The registry behind `refmail.variants`: decorators in, a sorted tuple of variants out."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import refmail.variants
from refmail.blueprint import WireFilter
from refmail.deviation import Deviation, first_sentence, kebab

__all__ = ["Variant", "all_variants", "by_name", "imap", "part", "pop3", "smtp", "wire"]

C = TypeVar("C")
F = TypeVar("F", bound=WireFilter)


@dataclass(frozen=True, slots=True)
class Variant(Deviation):
    """A different server that breaks nothing."""


_registered: dict[str, Variant] = {}


def _register(variant: Variant) -> None:
    if variant.name in _registered:
        msg = f"two variants are called {variant.name}"
        raise ValueError(msg)
    _registered[variant.name] = variant


def part(part_name: str) -> Callable[[C], C]:
    """Register the decorated object as a replacement for one part of the blueprint."""

    def decorate(thing: C) -> C:
        name = kebab(str(getattr(thing, "__name__", "")))
        _register(Variant(name, first_sentence(thing), lambda b: b.with_part(part_name, thing)))
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
        name = kebab(str(getattr(rewrite, "__name__", "")))
        _register(Variant(name, first_sentence(rewrite), lambda b: b.with_filter(protocol, lambda: rewrite)))
        return rewrite

    return decorate


@functools.cache
def all_variants() -> tuple[Variant, ...]:
    """Import every module of `refmail.variants` and return what they registered, by name."""
    for module in pkgutil.iter_modules(refmail.variants.__path__, "refmail.variants."):
        importlib.import_module(module.name)
    return tuple(_registered[name] for name in sorted(_registered))


def by_name(name: str) -> Variant:
    """Return the variant of that name.

    Raises:
        KeyError: there is none; the message lists close names.
    """
    variants = {variant.name: variant for variant in all_variants()}
    if name not in variants:
        near = ", ".join(difflib.get_close_matches(name, variants, 3)) or "none is close"
        msg = f"no variant is called {name!r} ({near}); `refmail variants` lists them"
        raise KeyError(msg)
    return variants[name]
