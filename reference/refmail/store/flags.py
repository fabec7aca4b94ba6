"""Flags: their canonical spelling, and how an action changes a set of them."""

from __future__ import annotations

from collections.abc import Collection

from refmail.store.api import SYSTEM_FLAGS, FlagAction, Flags

__all__ = ["canonical_flags", "combine"]

_SPELLING = {flag.lower(): flag for flag in SYSTEM_FLAGS}


def canonical_flags(flags: Collection[bytes]) -> Flags:
    r"""Spell system flags as RFC 3501 does and leave out \Recent, which no client can set (section 2.3.2)."""
    return frozenset(_SPELLING.get(flag.lower(), flag) for flag in flags if flag.lower() != rb"\recent")


def combine(old: Flags, action: FlagAction, flags: Flags) -> Flags:
    """Return what `action` makes of a message's flags."""
    if action == "replace":
        return flags
    return old | flags if action == "add" else old - flags
