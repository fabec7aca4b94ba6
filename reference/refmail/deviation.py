"""Named deviations from the default server: what mutants and variants have in common."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Generic, TypeVar

from refmail.blueprint import Blueprint, WireFilter

__all__ = ["Deviation", "Registry", "filtering", "kebab", "name_of", "replacing", "says_of"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A named way in which a server differs from the reference."""

    name: str
    #: One sentence about the server.
    says: str
    #: Turns the reference blueprint into this one.
    apply: Callable[[Blueprint], Blueprint]


D = TypeVar("D", bound=Deviation)


class Registry(Generic[D]):
    """Deviations of one kind, as the modules of a package register them.

    Args:
        kind: what one of them is called, for messages: "mutant" or "variant".
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._registered: dict[str, D] = {}

    def add(self, deviation: D) -> None:
        """Register a deviation.

        Raises:
            ValueError: there is one of that name.
        """
        if deviation.name in self._registered:
            msg = f"two {self._kind}s are called {deviation.name}"
            raise ValueError(msg)
        self._registered[deviation.name] = deviation

    def all_of(self, package: ModuleType) -> tuple[D, ...]:
        """Import every module of the package and return what they registered, by name."""
        for module in pkgutil.iter_modules(package.__path__):
            # A module that is called like a decorator must not hide it from those that are imported later.
            decorator = vars(package).get(module.name)
            importlib.import_module(f"{package.__name__}.{module.name}")
            if decorator is not None:
                setattr(package, module.name, decorator)
        return tuple(self._registered[name] for name in sorted(self._registered))

    def find(self, name: str, package: ModuleType) -> D:
        """Return the deviation of that name.

        Raises:
            KeyError: there is none; the message lists close names.
        """
        known = {deviation.name: deviation for deviation in self.all_of(package)}
        if name not in known:
            near = ", ".join(difflib.get_close_matches(name, known, 3)) or "none is close"
            msg = f"no {self._kind} is called {name!r} ({near}); `refmail {self._kind}s` lists them"
            raise KeyError(msg)
        return known[name]


def name_of(thing: object) -> str:
    """Return the name that the command line uses for a class or function."""
    return kebab(str(getattr(thing, "__name__", "")))


def kebab(name: str) -> str:
    """Turn a Python name into kebab case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()


def says_of(thing: object) -> str:
    """Return the first line of a docstring, which every deviation must have."""
    doc = getattr(thing, "__doc__", None)
    if not doc:
        msg = f"{thing!r} needs a docstring that says how it differs"
        raise TypeError(msg)
    return str(doc).strip().splitlines()[0]


def replacing(part_name: str, thing: object) -> Callable[[Blueprint], Blueprint]:
    """Return what puts `thing` in the place of one part of a blueprint."""
    return lambda blueprint: blueprint.with_part(part_name, thing)


def filtering(protocol: str, rewrite: WireFilter) -> Callable[[Blueprint], Blueprint]:
    """Return what makes a server rewrite the octets of each Send of one protocol."""
    return lambda blueprint: blueprint.with_filter(protocol, lambda: rewrite)
