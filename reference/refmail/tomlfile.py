"""Reading a TOML file into a msgspec Struct, with errors that say where and what is accepted."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

__all__ = ["ConfigError", "has_key", "read_toml"]

S = TypeVar("S", bound=msgspec.Struct)

#: The place in a message of msgspec: "... - at `$.listeners.smtp.port`", or "... - at `key` in `$.listeners`".
_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at (?P<key>`key` in )?`(?P<path>\$[^`]*)`)?$", re.DOTALL)
_VALUE = re.compile(r"'([^']+)'")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"(?:unknown|required) field `([^`]+)`")
_HEADER = re.compile(r"\s*(\[{1,2})\s*([^\]]+?)\s*\]{1,2}\s*(?:#.*)?$")


class ConfigError(Exception):
    """The file cannot be used; the message says where, why, and what is accepted."""


def read_toml(path: Path, kind: type[S]) -> S:
    """Read the file into a value of `kind`.

    Raises:
        ConfigError: names the file, the line, the key, and what is accepted there.
    """
    text, tables = _tables(path)
    try:
        return msgspec.convert(tables, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(path, text, tables, kind, str(error))) from error


def has_key(path: Path, key: str) -> bool:
    """Say whether a file has a key or table at its top, to tell one kind of file from another.

    Raises:
        ConfigError: it cannot be read.
    """
    return key in _tables(path)[1]


def _tables(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(msg) from error
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{path}: not TOML: {error}"
        raise ConfigError(msg) from error


def _explain(path: Path, text: str, tables: dict[str, Any], kind: type[msgspec.Struct], message: str) -> str:
    match = _PLACE.match(message)
    problem, place = (match["problem"], match["path"] or "$") if match else (message, "$")
    steps = [name or index for name, index in _STEP.findall(place)]
    wrong_key = _VALUE.search(problem) if match and match["key"] else None
    accepted = _accepted(inspect.type_info(kind), steps, of_key=wrong_key is not None)
    if wrong_key is not None:
        steps.append(wrong_key[1])
    steps = _named(steps, tables, kind, message)
    field = _FIELD.search(problem)
    if field is not None and problem.startswith("Object contains unknown"):
        steps.append(field[1])
    where = f"{path}, line {_line(text, steps)}" if steps else str(path)
    key = f", key {'.'.join(steps)}" if steps else ""
    return f"{where}{key}: {problem[:1].lower()}{problem[1:]}" + (f"; accepted: {accepted}" if accepted else "")


def _named(steps: list[str], tables: dict[str, Any], kind: type[msgspec.Struct], message: str) -> list[str]:
    """Replace "...", by which msgspec means some key of a table, by the key: without it the error is another."""
    for depth, step in enumerate(steps):
        if step == "...":
            for key in _at(tables, steps[:depth]):
                others = copy.deepcopy(tables)
                del _at(others, steps[:depth])[key]
                if _error(others, kind) != message:
                    return _named([*steps[:depth], key, *steps[depth + 1 :]], tables, kind, message)
    return steps


def _at(tables: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        # A list is indexed by number; both come from `$.users[0].name`.
        tables = tables[int(step) if step.isdigit() else step]
    return tables


def _error(tables: dict[str, Any], kind: type[msgspec.Struct]) -> str:
    try:
        msgspec.convert(tables, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _accepted(node: inspect.Type, steps: Sequence[str], *, of_key: bool = False) -> str:
    """Say what may stand at a place of the type's tree, or what its keys may be."""
    if isinstance(node, inspect.UnionType):
        node = next((option for option in node.types if not isinstance(option, inspect.NoneType)), node)
    if isinstance(node, inspect.StructType):
        if not steps:
            return ", ".join(field.encode_name for field in node.fields)
        inner = next((field.type for field in node.fields if field.encode_name == steps[0]), None)
        return _accepted(inner, steps[1:], of_key=of_key) if inner is not None else ""
    if isinstance(node, inspect.DictType):
        if not steps:
            return _accepted(node.key_type, ()) if of_key else "a table"
        return _accepted(node.value_type, steps[1:], of_key=of_key)
    if isinstance(node, inspect.ListType | inspect.VarTupleType):
        return _accepted(node.item_type, steps[1:], of_key=of_key) if steps else "a list"
    if isinstance(node, inspect.LiteralType):
        return ", ".join(f'"{value}"' for value in node.values)
    return type(node).__name__.removesuffix("Type").lower()


def _line(text: str, steps: list[str]) -> int:
    """Return the line where the key stands, or that of the nearest table around it."""
    table: list[str] = []
    counts: dict[str, int] = {}
    best, best_depth = 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = [part.strip().strip("\"'") for part in header[2].split(".")]
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
                table.append(str(counts[header[2]]))
            here = table
        else:
            key = line.partition("=")[0].strip().strip("\"'")
            here = [*table, *key.split(".")] if "=" in line else []
        depth = len(here)
        if depth > best_depth and here == steps[:depth]:
            best, best_depth = number, depth
    return best
