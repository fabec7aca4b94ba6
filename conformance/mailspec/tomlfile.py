"""TOML files read into msgspec structs, with errors that name file, line, key and what would be accepted."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

__all__ = ["TomlFileError", "line_of", "read_toml"]

S = TypeVar("S", bound=msgspec.Struct)

#: A place in a document: names of keys, and numbers for members of arrays of tables.
KeyPath = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(?P<open>\[\[?)\s*(?P<name>[^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*(?P<key>(?:[A-Za-z0-9_.-]+|"[^"]*"|'[^']*'|\s*\.\s*)+?)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_AT = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


class TomlFileError(Exception):
    """A TOML file cannot be used; the message names the file, the line and the remedy.

    Args:
        path: the file.
        line: number of the line, from 1, or None where the file as a whole is meant.
        problem: what is wrong.
        hint: what to write instead.
    """

    def __init__(self, path: Path, line: int | None, problem: str, hint: str = "") -> None:
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {problem}" + (f"\n  {hint}" if hint else ""))
        self.path = path
        self.line = line
        self.problem = problem
        self.hint = hint


def read_toml(path: Path, kind: type[S]) -> S:
    """Read a file into a struct.

    Raises:
        TomlFileError: it cannot be read, is no TOML, or has a key or value that `kind` does not know.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise TomlFileError(path, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TomlFileError(path, None, f"is not UTF-8 at octet {error.start}", "TOML files are UTF-8") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise TomlFileError(path, int(found[1]) if found else None, f"is no TOML: {error}") from error
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise _explained(path, text, kind, str(error)) from error


def line_of(text: str, path: KeyPath) -> int | None:
    """Return the number of the line that sets `path`, or of the nearest thing around it."""
    best: tuple[int, int] | None = None
    for number, key in _assignments(text):
        shared = len(key) if path[: len(key)] == key else 0
        if shared and (best is None or shared > best[0]):
            best = (shared, number)
    return best[1] if best else None


def _assignments(text: str) -> list[tuple[int, KeyPath]]:
    """List every table header and key with its line; enough TOML for messages, not for values."""
    found: list[tuple[int, KeyPath]] = []
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header["name"])
            if header["open"] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.append((number, table))
        elif key := _KEY.match(line):
            found.append((number, (*table, *_parts(key["key"]))))
    return found


def _parts(dotted: str) -> KeyPath:
    return tuple(quoted or literal or bare for quoted, literal, bare in _PART.findall(dotted))


def _explained(path: Path, text: str, kind: type[msgspec.Struct], message: str) -> TomlFileError:
    """Turn msgspec's message into one that names the line and the accepted alternatives."""
    parts = _AT.match(message)
    assert parts is not None
    what = parts["what"]
    place: KeyPath = tuple(
        name or (int(index) if index.isdigit() else index) for name, index in _STEP.findall(parts["path"] or "")
    )
    around = _type_at(msgspec.inspect.type_info(kind), place)
    if unknown := re.match(r"Object contains unknown field `(.*)`", what):
        names = [name.encode_name for name in around.fields] if isinstance(around, msgspec.inspect.StructType) else []
        line = line_of(text, (*place, unknown[1]))
        return TomlFileError(path, line, f"unknown key {unknown[1]!r}{_in(place)}", _choice(unknown[1], names))
    if missing := re.match(r"Object missing required field `(.*)`", what):
        return TomlFileError(path, line_of(text, place), f"key {missing[1]!r} is missing{_in(place)}")
    if wrong := re.match(r"Invalid enum value '?(.*?)'?$", what):
        values = [str(value) for value in around.values] if isinstance(around, msgspec.inspect.LiteralType) else []
        problem = f"{_dotted(place)} cannot be {wrong[1]!r}"
        return TomlFileError(path, line_of(text, place), problem, _choice(wrong[1], values))
    return TomlFileError(path, line_of(text, place), f"{_dotted(place) or 'the file'}: {_plain(what)}")


def _type_at(info: msgspec.inspect.Type, place: KeyPath) -> msgspec.inspect.Type:
    """Return the type that a place in the document has, unions of it and None taken apart."""
    info = _solid(info)
    for step in place:
        if isinstance(info, msgspec.inspect.StructType):
            named = {entry.encode_name: entry.type for entry in info.fields}
            info = _solid(named.get(str(step), msgspec.inspect.AnyType()))
        elif isinstance(info, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
            info = _solid(info.item_type)
        elif isinstance(info, msgspec.inspect.DictType):
            info = _solid(info.value_type)
    return info


def _solid(info: msgspec.inspect.Type) -> msgspec.inspect.Type:
    if isinstance(info, msgspec.inspect.UnionType):
        solid = [member for member in info.types if not isinstance(member, msgspec.inspect.NoneType)]
        return solid[0] if len(solid) == 1 else info
    return info


def _choice(given: str, accepted: Sequence[str]) -> str:
    if not accepted:
        return ""
    close = difflib.get_close_matches(given, accepted, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return f"{meant}accepted: {', '.join(sorted(accepted))}"


def _dotted(place: KeyPath) -> str:
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _in(place: KeyPath) -> str:
    return f" in {_dotted(place)}" if place else ""


_TOML_NAMES: dict[str, Any] = {"int": "an integer", "str": "a string", "bool": "true or false", "float": "a number"}


def _plain(message: str) -> str:
    """Say types in the words of TOML."""
    words = {"object": "a table", "array": "an array", "null": "nothing", **_TOML_NAMES}
    return re.sub(
        r"`([a-z]+(?: \| [a-z]+)*)`", lambda m: " or ".join(words.get(w, w) for w in m[1].split(" | ")), message
    )
