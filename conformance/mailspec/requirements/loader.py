"""Reads the ledger's TOML files and checks what only all of them together can break."""

from __future__ import annotations

import difflib
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from mailspec.requirements.model import Requirement
from mailspec.tomlfile import TomlFileError, read_toml

__all__ = ["Ledger", "LedgerError", "UnknownRequirement", "load_ledger"]

_HEADER = re.compile(r"^\s*\[\[\s*requirement\s*\]\]\s*(#.*)?$")


class LedgerError(TomlFileError):
    """A ledger file cannot be used; the message names file, line, id and what is accepted."""


class UnknownRequirement(KeyError):
    """The ledger has no requirement of that id."""

    def __init__(self, requirement_id: str, near: tuple[str, ...]) -> None:
        close = f"; close ids: {', '.join(near)}" if near else ""
        super().__init__(f"the ledger has no requirement {requirement_id!r}{close}")

    def __str__(self) -> str:
        return str(self.args[0])


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The shape of one ledger file."""

    requirement: tuple[Requirement, ...] = ()


class Ledger(Mapping[str, Requirement]):
    """All requirements by id; an alias finds its requirement too, but is not counted or listed.

    Args:
        requirements: in the order of the files.
        places: id -> "file:line".
        digest: SHA-256 over the files, in hexadecimal.
    """

    def __init__(self, requirements: tuple[Requirement, ...], places: Mapping[str, str], digest: str) -> None:
        self._by_id = {requirement.id: requirement for requirement in requirements}
        self._aliases = {alias: entry for entry in requirements for alias in entry.aliases}
        self._places = dict(places)
        self.digest = digest

    def __getitem__(self, requirement_id: str) -> Requirement:
        found = self._by_id.get(requirement_id) or self._aliases.get(requirement_id)
        if found is None:
            raise UnknownRequirement(requirement_id, self.near(requirement_id))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def near(self, requirement_id: str) -> tuple[str, ...]:
        """Return up to three ids that look like this one."""
        return tuple(difflib.get_close_matches(requirement_id, self._by_id, 3))

    def place(self, requirement_id: str) -> str:
        """Return "file:line" of the entry, or nothing where it was not read from a file."""
        return self._places.get(self[requirement_id].id, "")


def load_ledger(folder: Path | None = None) -> Ledger:
    """Read every ledger file of a folder, by default those of the package (read once per process).

    Raises:
        LedgerError: a file cannot be read, has an unknown key or value, an id that does not belong to
            the file, or one that is taken.
    """
    return _packaged() if folder is None else _load(folder)


@functools.cache
def _packaged() -> Ledger:
    return _load(Path(__file__).parent)


def _load(folder: Path) -> Ledger:
    requirements: list[Requirement] = []
    places: dict[str, str] = {}
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        for requirement, line in zip(_read(path), _headers(path), strict=True):
            _check(path, line, requirement, places)
            requirements.append(requirement)
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return Ledger(tuple(requirements), places, digest.hexdigest())


def _read(path: Path) -> tuple[Requirement, ...]:
    try:
        return read_toml(path, _File).requirement
    except TomlFileError as error:
        entry = _entry_at(path, error.line)
        problem = f"{entry}: {error.problem}" if entry else error.problem
        raise LedgerError(path, error.line, problem, error.hint) from error


def _headers(path: Path) -> list[int]:
    """Return the numbers of the lines at which entries begin; an entry is never written inline."""
    lines = path.read_text(errors="replace").splitlines()
    return [number for number, line in enumerate(lines, 1) if _HEADER.match(line)]


def _entry_at(path: Path, line: int | None) -> str:
    """Return the id of the entry around a line, as far as the text shows it."""
    if line is None:
        return ""
    headers = _headers(path)
    start = max((number for number in headers if number <= line), default=None)
    if start is None:
        return ""
    stop = min((number for number in headers if number > line), default=None)
    for text in path.read_text(errors="replace").splitlines()[start : stop and stop - 1]:
        key, _, value = text.partition("=")
        if key.strip() == "id":
            return value.split("#")[0].strip().strip("\"'")
    return ""


def _check(path: Path, line: int, requirement: Requirement, places: dict[str, str]) -> None:
    """Check one entry against its file and the entries before it, and note its place."""
    document = path.stem.removeprefix("rfc")
    if requirement.document != document:
        problem = f"{requirement.id} does not belong into this file"
        raise LedgerError(path, line, problem, f"accepted here: ids that begin with {document}/")
    for name in (requirement.id, *requirement.aliases):
        if name in places:
            problem = f"{requirement.id}: the id {name} is taken ({places[name]})"
            raise LedgerError(path, line, problem, "every id and alias names one requirement")
        places[name] = f"{path.name}:{line}"
