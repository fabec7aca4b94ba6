"""Profiles as TOML text, for `init`, the quick form and the embedded server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

__all__ = ["Table", "Value", "profile_text"]

Value = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"]
Table = Mapping[str, Value]


def profile_text(document: Mapping[str, Value | Sequence[Table]], comments: Mapping[str, str] | None = None) -> str:
    """Return a document of tables one level deep as TOML, inner tables inline.

    Args:
        document: names to values, tables and arrays of tables.
        comments: by name of a key or table, what to write above it.
    """
    said = comments or {}
    lines: list[str] = []
    for key, value in document.items():
        if not _tables(value):
            lines += _comment(key, said)
            lines += _entries({key: value})
    for name, value in document.items():
        header = f"[{name}]" if isinstance(value, Mapping) else f"[[{name}]]"
        for index, table in enumerate(_tables(value)):
            lines += ["", *(_comment(name, said) if index == 0 else ()), header, *_entries(table)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _comment(key: str, said: Mapping[str, str]) -> Iterable[str]:
    return [f"# {line}".rstrip() for line in said.get(key, "").splitlines()]


def _entries(table: Table) -> Iterable[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _tables(value: Value | Sequence[Table]) -> Sequence[Table]:
    """Return the tables that stand under headers of their own, none for plain values."""
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list | tuple) and value and all(isinstance(inner, Mapping) for inner in value):
        return cast("Sequence[Table]", value)
    return []


def _value(value: Value) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, str | int | float):
        # TOML's basic strings, numbers and booleans are written as JSON writes them, DEL apart.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(_value(inner) for inner in value) + "]"
