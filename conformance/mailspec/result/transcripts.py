"""Transcript files: one JSON object a line, secrets already masked, and how they are shown."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

__all__ = ["FOLDER", "Line", "parse_lines", "read_lines", "shown", "transcript_name", "write_lines"]

#: Folder of the transcripts below the result folder.
FOLDER = "transcripts"

#: Longest name before the suffix, in characters; file systems take 255 octets.
_LONGEST = 180


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One event: octets that were sent (C) or received (S), or a note (*)."""

    #: Seconds since the transcript began.
    at: float
    connection: int
    direction: str
    #: One character for each octet (latin-1).
    octets: str
    #: Number of the event in the whole exchange, from 0; gaps are events that were not kept.
    index: int = -1
    #: Octets of the event that were not kept.
    omitted: int = 0


def transcript_name(check_id: str) -> str:
    """Return the name of a check's transcript file; different ids never share one, whatever the file system.

    What a file system may not tell apart (case) or not take (odd characters, length) is replaced,
    and then a digest of the id keeps the names distinct.
    """
    plain = check_id.replace("/", ".")
    safe = re.sub(r"[^a-z0-9._-]", "_", plain)[:_LONGEST].lstrip(".")
    if safe != plain or "." in check_id:
        safe += "-" + hashlib.sha256(check_id.encode()).hexdigest()[:12]
    return f"{safe}.jsonl"


def write_lines(folder: Path, check_id: str, lines: bytes) -> str:
    """Write a transcript below a result folder and return its name relative to that folder.

    Args:
        folder: the result folder; it and the folder of transcripts are made if need be.
        check_id: whose transcript it is.
        lines: one JSON object a line, each ended by LF.
    """
    name = f"{FOLDER}/{transcript_name(check_id)}"
    path = f"{folder}/{name}"
    try:
        _write(path, lines)
    except FileNotFoundError:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        _write(path, lines)
    return name


def _write(path: str, octets: bytes) -> None:
    # Without a Path and a file object, each of which costs as much as the write.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        rest = memoryview(octets)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def read_lines(folder: Path, name: str) -> tuple[Line, ...]:
    """Read a transcript of a result folder; a line that is damaged becomes a note that says so."""
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return (_note(f"the transcript {name} cannot be read: {error.strerror}"),)
    # Not `splitlines`: octets may stand for characters at which that would end a line.
    return parse_lines(text.removesuffix("\n").split("\n") if text else ())


def parse_lines(lines: Iterable[str | bytes]) -> tuple[Line, ...]:
    """Parse the lines of a transcript; a damaged one becomes a note that says so."""
    parsed: list[Line] = []
    for number, line in enumerate(lines, 1):
        try:
            parsed.append(msgspec.json.decode(line, type=Line))
        except msgspec.MsgspecError as error:
            parsed.append(_note(f"line {number} of the transcript is damaged: {error}"))
    return tuple(parsed)


def _note(text: str) -> Line:
    return Line(at=0.0, connection=0, direction="*", octets=text)


def shown(octets: str) -> str:
    r"""Return octets as printable text: CR and LF as \r and \n, other controls and 8-bit as \xNN."""
    names = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}
    return "".join(
        names.get(char) or (char if " " <= char <= "~" else f"\\x{ord(char):02x}" if char <= "\xff" else char)
        for char in octets
    )
