"""Which members of the reference server a subject changes, in the addresses that `recording` notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailspec.prove.recording import DEFAULTS, default, is_table, member, members, row
from refmail.blueprint import Blueprint

__all__ = ["touched"]

#: What every class body has, and what decorators of the standard library leave in one.
_FURNITURE = frozenset(
    {"__module__", "__qualname__", "__doc__", "__slots__", "__annotations__", "__match_args__", "__parameters__"}
    | {"__orig_bases__", "__abstractmethods__", "_abc_impl", "__dataclass_fields__", "__dataclass_params__"}
    | {"__firstlineno__", "__static_attributes__", "__repr__", "__weakref__", "__dict__"}
)


def touched(blueprint: Blueprint) -> frozenset[str] | None:
    """Return the addresses of what a blueprint changes.

    Only a check that makes the reference use one of them can see a difference: the wrong code stands in their places and
    nowhere else. None means that this cannot be said.
    """
    if blueprint.filters or not set(blueprint.parts) <= set(DEFAULTS):
        return None
    found: set[str] = set()
    for part, changed in blueprint.parts.items():
        addresses = _of_class(default(part), changed, part)
        if addresses is None:
            return None
        found |= addresses
    return frozenset(found)


def _of_class(before: type, after: object, prefix: str) -> set[str] | None:
    if not (isinstance(after, type) and issubclass(after, before)):
        return None
    known = dict(members(before))
    found: set[str] = set()
    for base in after.__mro__:
        if base in before.__mro__:
            continue
        for name, value in vars(base).items():
            if name in _FURNITURE:
                continue
            if name.startswith("__"):
                # A constructor, a comparison: they are at work everywhere.
                return None
            if name in known:
                addresses = _of_member(known[name], value, member(prefix, name))
                if addresses is None:
                    return None
                found |= addresses
    return found


def _of_member(before: object, after: object, address: str) -> set[str] | None:
    if callable(before) or isinstance(before, classmethod | staticmethod | property):
        return None if isinstance(before, type) else {address}
    if is_table(before) and is_table(after):
        return _of_table(before, after, address)
    return None


def _of_table(before: Mapping[Any, Any], after: Mapping[Any, Any], address: str) -> set[str]:
    found: set[str] = set()
    for key in {*before, *after}:
        if before.get(key) != after.get(key):
            found |= _of_row(before.get(key), after.get(key), row(address, key))
    return found


def _of_row(before: object, after: object, address: str) -> set[str]:
    inner = _of_class(before, after, address) if isinstance(before, type) else None
    return {address} if inner is None else inner
