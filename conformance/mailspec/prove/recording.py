"""Which parts of the reference server each check makes work, noted by subclasses that add nothing else.

A part's members have addresses: "smtp.do_data" is a method of the SMTP session, "imap.commands[FETCH].run" one of the
command that its table holds, "pop3.legal[DELE]" a row of a table that was looked up.
"""

from __future__ import annotations

import functools
import importlib
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any, TypeGuard

from refmail.blueprint import Blueprint

__all__ = ["DEFAULTS", "Note", "default", "is_table", "member", "members", "recording", "recording_blueprint", "row"]

#: Told of the address of each member that is used; it may be called from any thread.
Note = Callable[[str], None]

#: The parts that are classes, and where their defaults stand.
DEFAULTS: Mapping[str, tuple[str, str]] = {
    "smtp": ("refmail.smtp.session", "SmtpSession"),
    "lmtp": ("refmail.smtp.lmtp", "LmtpSession"),
    "pop3": ("refmail.pop3.session", "Pop3Session"),
    "imap": ("refmail.imap.session", "ImapSession"),
    "router": ("refmail.queue.router", "Router"),
    "relay": ("refmail.queue.client", "RelayClient"),
}


def default(part: str) -> type:
    """Return the default class of a part."""
    module, name = DEFAULTS[part]
    found: type = getattr(importlib.import_module(module), name)
    return found


def member(prefix: str, name: str) -> str:
    """Return the address of a method or value of a class."""
    return f"{prefix}.{name}"


def row(prefix: str, key: object) -> str:
    """Return the address of a row of a table."""
    return f"{prefix}[{key.decode('latin-1') if isinstance(key, bytes) else key}]"


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield name and raw value of what refmail's classes in the bases of `cls` define, the nearest definition of each."""
    seen: set[str] = set()
    for base in cls.__mro__:
        if not base.__module__.startswith("refmail."):
            continue
        for name, value in vars(base).items():
            if name not in seen and not (name.startswith("__") and name.endswith("__")):
                seen.add(name)
                yield name, value


def is_table(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a member is a table of rows."""
    return isinstance(value, Mapping)


class _Noting(UserDict[Any, Any]):
    """A table that notes which rows are looked up; whoever walks through it sees them all."""

    def __init__(self, rows: Mapping[Any, Any], prefix: str, note: Note) -> None:
        super().__init__(rows)
        self._prefix, self._note = prefix, note

    def __getitem__(self, key: Any) -> Any:
        self._note(row(self._prefix, key))
        return self.data[key]

    def __contains__(self, key: object) -> bool:
        self._note(row(self._prefix, key))
        return key in self.data

    def __iter__(self) -> Iterator[Any]:
        for key in self.data:
            self._note(row(self._prefix, key))
            yield key


def recording(cls: type, prefix: str, note: Note) -> type:
    """Return a subclass that behaves the same and notes the address of each member that is used."""
    changed = {
        name: new for name, value in members(cls) if (new := _noted(value, member(prefix, name), note)) is not None
    }
    # Slots of their own, or a frozen dataclass with slots would grow a __dict__.
    return type(
        cls.__name__, (cls,), {"__slots__": (), "__module__": cls.__module__, "__doc__": cls.__doc__, **changed}
    )


def _noted(value: object, address: str, note: Note) -> object | None:
    """Return what notes the use of a member, None where it cannot be noted."""
    if isinstance(value, FunctionType):
        return _function(value, address, note)
    if isinstance(value, classmethod):
        return classmethod(_function(_plain(value), address, note))
    if isinstance(value, staticmethod):
        return staticmethod(_function(_plain(value), address, note))
    if isinstance(value, property) and value.fget is not None:
        return property(_function(value.fget, address, note), value.fset, value.fdel)
    if is_table(value):
        return _Noting({key: _in_table(each, row(address, key), note) for key, each in value.items()}, address, note)
    return None


def _plain(method: Any) -> Callable[..., Any]:
    """Return the function within a classmethod or staticmethod."""
    function: Callable[..., Any] = method.__func__
    return function


def _in_table(value: Any, address: str, note: Note) -> object:
    if isinstance(value, type) and value.__module__.startswith("refmail."):
        return recording(value, address, note)
    return value


def _function(function: Callable[..., Any], address: str, note: Note) -> Callable[..., Any]:
    @functools.wraps(function)
    def noting(*args: Any, **options: Any) -> Any:
        note(address)
        return function(*args, **options)

    return noting


def recording_blueprint(note: Note) -> Blueprint:
    """Return the reference with every part in `DEFAULTS` noting its use."""
    blueprint = Blueprint()
    for part in DEFAULTS:
        blueprint = blueprint.with_part(part, recording(default(part), part, note))
    return blueprint
