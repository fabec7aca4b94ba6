"""Reading an mbox from one end to the other, once, with no more in memory than its longest message."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from refmail.store.api import Flags
from refmail.store.lineends import ends_in_crlf, wire_size
from refmail.store.mbox_format import (
    LONGEST_SEPARATOR,
    date_of,
    flags_of,
    is_internal_data,
    is_separator,
    keywords_of,
    letters_of,
    split_terminator,
    unmarked,
    unquote,
)

__all__ = ["Seen", "digest_of", "entries", "measure", "read_range", "scan"]

#: Octets that are read at once.
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one message."""

    #: Octets of the separator line, of the message in the file, and of the whole entry.
    separator: int
    text: int
    length: int
    #: Identify the message as it is read without the marks of mail readers, and as it stands in the file.
    digest: str
    raw_digest: str
    #: Octets on the wire, without the marks of mail readers.
    size: int
    ends_in_crlf: bool
    letters: str
    flags: Flags
    date: datetime | None


def digest_of(text: bytes) -> str:
    """Identify a message by its octets in the file; whether its last line is ended makes no difference."""
    return hashlib.blake2b(text.removesuffix(b"\n"), digest_size=16).hexdigest()


def read_range(descriptor: int, start: int, end: int) -> bytes:
    """Return the octets from `start` to `end`, fewer where the file ends before."""
    pieces: list[bytes] = []
    while start < end and (piece := os.pread(descriptor, end - start, start)):
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _blocks(descriptor: int, start: int, end: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the file in blocks that end with a line, and whether each begins with one.

    A line that is too long for a separator may come in several blocks.
    """
    carry, whole = b"", True
    while start < end and (chunk := os.pread(descriptor, min(_CHUNK, end - start), start)):
        start += len(chunk)
        data = carry + chunk
        cut = data.rfind(b"\n") + 1
        if cut == 0 and not (whole and len(data) <= LONGEST_SEPARATOR):
            cut = len(data)
        block, carry = data[:cut], data[cut:]
        if block:
            yield block, whole
            whole = block.endswith(b"\n")
    if carry:
        yield carry, whole


def _separators(block: bytes, *, whole: bool) -> Iterator[int]:
    """Yield where separator lines begin."""
    at = 0 if whole and block.startswith(b"From ") else _candidate(block, 0)
    while at >= 0:
        end = block.find(b"\n", at) + 1 or len(block)
        if is_separator(block[at:end]):
            yield at
        at = _candidate(block, end - 1)


def _candidate(block: bytes, start: int) -> int:
    found = block.find(b"\nFrom ", start)
    return found + 1 if found >= 0 else -1


def entries(descriptor: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield for each entry how many octets before it belong to none, and the entry.

    Where there is no entry at all, an empty one comes with what there is.
    """
    stray = 0
    entry: list[bytes] | None = None
    for block, whole in _blocks(descriptor, start, end):
        last = 0
        for at in _separators(block, whole=whole):
            if entry is None:
                stray += at
            else:
                yield stray, b"".join([*entry, block[last:at]])
                stray = 0
            entry, last = [], at
        if entry is None:
            stray += len(block)
        else:
            entry.append(block[last:])
    if entry is not None or stray:
        yield stray, b"".join(entry or ())


def measure(entry: bytes) -> Seen:
    """Say what must be known of an entry."""
    line = entry.find(b"\n") + 1 or len(entry)
    body = entry[line:]
    text = body[: split_terminator(body)]
    plain = unmarked(text)
    read = unquote(plain)
    letters = letters_of(text)
    return Seen(
        separator=line,
        text=len(text),
        length=len(entry),
        digest=digest_of(plain),
        raw_digest=digest_of(text),
        size=wire_size(read),
        ends_in_crlf=ends_in_crlf(read),
        letters=letters,
        flags=flags_of(letters) | keywords_of(text),
        date=date_of(entry[:line]),
    )


def scan(descriptor: int, start: int, end: int) -> tuple[int, list[Seen]]:
    """Return how many octets at the beginning belong to no message, and the messages."""
    before, seen = 0, list[Seen]()
    for stray, entry in entries(descriptor, start, end):
        before += stray
        hidden = start == 0 and not seen and is_internal_data(entry[entry.find(b"\n") + 1 :])
        if hidden:
            before += len(entry)
        elif entry:
            seen.append(measure(entry))
    return before, seen
