"""The files of a result folder: result.jsonl as the run goes, result.json at its start and its end."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from mailspec.result.model import SCHEMA_VERSION, CheckResult, Footer, Header, RunResult, count_verdicts

__all__ = ["Journal", "ResultError", "load", "new_folder"]

JOURNAL = "result.jsonl"
RESULT = "result.json"

Record = Header | CheckResult | Footer


class ResultError(Exception):
    """A result folder cannot be read or written; the message says which file, what is wrong and what to do."""


class Journal:
    """Writes a result folder so that an abort at any moment leaves something that `load` can read.

    Args:
        folder: made if need be; must not hold another run's results.
        header: written at once.

    Raises:
        ResultError: the folder cannot be written, or has results already.
    """

    def __init__(self, folder: Path, header: Header) -> None:
        self._folder = folder
        self._header = header
        self._checks: list[CheckResult] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # "x": two runs into one folder would mix their records.
            self._file = (folder / JOURNAL).open("xb")
        except FileExistsError as error:
            msg = f"{folder} already holds results; name another folder with --out, or remove it"
            raise ResultError(msg) from error
        except OSError as error:
            msg = f"{folder} cannot be written: {error.strerror}; name another folder with --out"
            raise ResultError(msg) from error
        self._append(header)
        self._replace(Footer())

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._folder

    def add(self, check: CheckResult) -> None:
        """Append one record; it is with the operating system when this returns."""
        self._checks.append(check)
        self._append(check)

    def close(self, footer: Footer) -> None:
        """Append the footer, put the whole result in place atomically, and close the files."""
        if self._file.closed:
            return
        self._append(footer)
        self._file.close()
        self._replace(footer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close as incomplete whatever was not closed as complete."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.close(Footer(finished=now, counts=count_verdicts(self._checks)))

    def _append(self, record: Record) -> None:
        self._file.write(msgspec.json.encode(record) + b"\n")
        self._file.flush()

    def _replace(self, footer: Footer) -> None:
        result = RunResult(header=self._header, checks=tuple(self._checks), footer=footer)
        octets = msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"
        temporary = self._folder / f".{RESULT}.{os.getpid()}"
        try:
            with temporary.open("wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._folder / RESULT)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


def new_folder(parent: Path, now: datetime) -> Path:
    """Return the path of a folder for a run that starts now; nothing is made yet."""
    name = now.strftime("%Y%m%d-%H%M%S")
    candidate = parent / name
    number = 1
    while candidate.exists():
        number += 1
        candidate = parent / f"{name}-{number}"
    return candidate


def load(path: Path) -> RunResult:
    """Read a run from its folder, or from its result.json or result.jsonl.

    A folder whose result.json is not complete is read from the journal, which knows more.

    Raises:
        ResultError: there are no results, they are damaged, or a newer version wrote them.
    """
    if path.is_dir():
        whole, journal = path / RESULT, path / JOURNAL
        if whole.is_file():
            try:
                result = _load_whole(whole)
            except ResultError:
                if not journal.is_file():
                    raise
            else:
                if result.footer.complete or not journal.is_file():
                    return result
        elif not journal.is_file():
            msg = f"{path} holds no results: neither {RESULT} nor {JOURNAL}; give the folder that a run wrote"
            raise ResultError(msg)
        return _load_journal(journal)
    if not path.exists():
        msg = f"{path}: no such file or folder; give the folder that a run wrote"
        raise ResultError(msg)
    return _load_journal(path) if path.suffix == ".jsonl" else _load_whole(path)


class _Version(msgspec.Struct):
    """The one key that every version of the files has."""

    schema_version: int


def _check_version(path: Path, octets: bytes) -> None:
    try:
        version = msgspec.json.decode(octets, type=_Version).schema_version
    except msgspec.MsgspecError as error:
        msg = f"{path} is damaged: {error}"
        raise ResultError(msg) from error
    if version > SCHEMA_VERSION:
        msg = f"{path} has schema version {version}, this mailspec reads up to {SCHEMA_VERSION}; use a newer mailspec"
        raise ResultError(msg)


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise ResultError(msg) from error


def _load_whole(path: Path) -> RunResult:
    octets = _octets(path)
    _check_version(path, octets)
    try:
        return msgspec.json.decode(octets, type=RunResult)
    except msgspec.MsgspecError as error:
        msg = f"{path} is damaged: {error}"
        raise ResultError(msg) from error


def _load_journal(path: Path) -> RunResult:
    """Read a journal; only its last line may be cut short, as a crash leaves it."""
    lines = _octets(path).split(b"\n")
    if not lines[0]:
        msg = f"{path} is empty: the run ended before it wrote its header"
        raise ResultError(msg)
    _check_version(path, lines[0])
    header: Header | None = None
    footer = Footer()
    checks: list[CheckResult] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            record: Record = msgspec.json.decode(line, type=Record)
        except msgspec.MsgspecError as error:
            if number == len(lines):
                break
            msg = f"{path}:{number} is damaged: {error}"
            raise ResultError(msg) from error
        match record:
            case Header():
                header = record
            case CheckResult():
                checks.append(record)
            case Footer():
                footer = record
    if header is None:
        msg = f"{path} has no header: its first lines are missing"
        raise ResultError(msg)
    if not footer.counts:
        footer = msgspec.structs.replace(footer, counts=count_verdicts(checks))
    return RunResult(header=header, checks=tuple(checks), footer=footer)
