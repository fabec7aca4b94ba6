r"""Maildir file names: unique names, and flags as letters.

    name   = unique *("," hint) [":2," letters]
    unique = seconds "." delivery-part "." host
    hint   = "S=" disk-size / "W=" wire-size      ; Maildir++
    letter = "D" / "F" / "P" / "R" / "S" / "T"    ; in ASCII order

P, "passed on", is the keyword $Forwarded. Letters that are not ours are kept as they are.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import socket
from collections.abc import Callable
from datetime import datetime

from refmail.store.api import Flags

__all__ = ["IN_NAME", "Namer", "file_name", "flags_of", "letters_of", "size_hint", "split_name"]

_LETTERS: dict[bytes, str] = {
    rb"\Draft": "D",
    rb"\Flagged": "F",
    b"$Forwarded": "P",
    rb"\Answered": "R",
    rb"\Seen": "S",
    rb"\Deleted": "T",
}
_FLAGS = {letter: flag for flag, letter in _LETTERS.items()}
#: The flags that a file name can hold.
IN_NAME: Flags = frozenset(_LETTERS)


_SIZE = re.compile(r",S=(\d{1,18})(?=[,:]|\Z)")


def size_hint(name: str) -> int | None:
    """Return the size in octets that a file name gives, or None."""
    found = _SIZE.search(name)
    return None if found is None else int(found[1])


def split_name(name: str) -> tuple[str, str]:
    """Split a file name into its unique part with hints, and its letters."""
    base, _, info = name.partition(":")
    return base, info[2:] if info.startswith("2,") else ""


def file_name(base: str, letters: str) -> str:
    """Return the name in cur/."""
    return f"{base}:2,{letters}"


def flags_of(letters: str) -> Flags:
    """Return the flags that letters stand for."""
    return frozenset(_FLAGS[letter] for letter in letters if letter in _FLAGS)


def letters_of(flags: Flags, before: str = "") -> str:
    """Return letters for flags, keeping the foreign ones among those before."""
    ours = {_LETTERS[flag] for flag in flags if flag in _LETTERS}
    return "".join(sorted(ours.union(letter for letter in before if letter not in _FLAGS)))


class Namer:
    """Makes unique names, no two alike in this process or another on this or another host."""

    def __init__(self, now: Callable[[], datetime], host: str | None = None) -> None:
        self._now = now
        self._host = (host or socket.gethostname()).replace("/", r"\057").replace(":", r"\072").replace(",", r"\054")
        self._count = itertools.count(1)

    def unique(self) -> str:
        """Return the part of a name that stays the same for the life of a message."""
        seconds, _, fraction = f"{self._now().timestamp():.6f}".partition(".")
        count = next(self._count)
        return f"{seconds}.M{fraction}P{os.getpid()}Q{count}R{secrets.token_hex(4)}.{self._host}"
