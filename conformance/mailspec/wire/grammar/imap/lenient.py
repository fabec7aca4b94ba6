"""What a client that does not judge makes of responses that broke the grammar.

The breach has been charged; a check about something else can go on with these values.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mailspec.wire.grammar.error import GrammarError
from mailspec.wire.grammar.imap.text import lenient_code
from mailspec.wire.grammar.imap.values import (
    Capability,
    Continuation,
    Data,
    Exists,
    Expunge,
    Flags,
    ListEntry,
    Recent,
    Response,
    Search,
    Status,
    StatusResponse,
    Tagged,
    Unparsed,
)

__all__ = ["lenient"]

CONDITION = re.compile(rb"([^ \r\n]+) +(OK|NO|BAD|BYE|PREAUTH)(?![A-Z])(?: +([^\r\n]*))?", re.IGNORECASE)
NUMBERED = re.compile(rb"\* +([0-9]{1,18}) +(EXISTS|RECENT|EXPUNGE)\s*\Z", re.IGNORECASE)
NAMED = re.compile(rb"\* +(CAPABILITY|FLAGS|LIST|LSUB|SEARCH|STATUS)\b(.*)", re.IGNORECASE | re.DOTALL)
NUMBER = re.compile(rb"[0-9]{1,18}")
LIST = re.compile(rb'\s*\(([^)]*)\)\s+(NIL|"(?:\\?.)?")\s+(?:"((?:[^"\\]|\\.)*)"|\{[0-9]+\}\r\n(.*)|(\S+))', re.DOTALL)
STATUS = re.compile(rb'\s*(?:"((?:[^"\\]|\\.)*)"|\{[0-9]+\}\r\n(.*?)|(\S+)) +\(([^)]*)\)', re.DOTALL)
STATUS_ITEM = re.compile(rb"([A-Z-]+) +([0-9]{1,18})", re.IGNORECASE)


def lenient(octets: bytes, error: GrammarError) -> Response:
    """Return the best value for the octets of one response, Unparsed if there is none."""
    if octets.startswith(b"+"):
        return Continuation(octets[1:].strip(b" \r\n"))
    if found := NUMBERED.match(octets):
        return NUMBERS[found[2].upper()](int(found[1]))
    if found := CONDITION.match(octets):
        return _condition(found)
    if found := NAMED.match(octets):
        return READERS[found[1].upper()](found[1].upper(), found[2]) or Unparsed(octets, error)
    return Unparsed(octets, error)


def _condition(found: re.Match[bytes]) -> StatusResponse | Tagged:
    status = found[2].decode("ascii").upper()
    code, text = lenient_code(found[3] or b"")
    if found[1] == b"*":
        return StatusResponse(status, code, text)
    return Tagged(found[1], status, code, text)


def _capability(_name: bytes, rest: bytes) -> Response:
    return Capability(tuple(rest.upper().split()))


def _flags(_name: bytes, rest: bytes) -> Response:
    return Flags(tuple(rest.replace(b"(", b" ").replace(b")", b" ").split()))


def _search(_name: bytes, rest: bytes) -> Response:
    return Search(tuple(int(number) for number in NUMBER.findall(rest)))


def _list(name: bytes, rest: bytes) -> Response | None:
    found = LIST.match(rest)
    if found is None:
        return None
    delimiter = None if found[2].upper() == b"NIL" else found[2][1:-1][-1:]
    mailbox = next(group for group in found.groups()[2:] if group is not None)
    return ListEntry(name, tuple(found[1].split()), delimiter, mailbox.rstrip(b"\r\n"), {})


def _status(_name: bytes, rest: bytes) -> Response | None:
    # Cut, because a hostile literal full of spaces would make the pattern slow.
    found = STATUS.match(rest[:4096])
    if found is None:
        return None
    mailbox = next(group for group in found.groups()[:3] if group is not None)
    items: dict[bytes, Data] = {name.upper(): int(number) for name, number in STATUS_ITEM.findall(found[4])}
    return Status(mailbox, items)


NUMBERS: dict[bytes, Callable[[int], Response]] = {b"EXISTS": Exists, b"RECENT": Recent, b"EXPUNGE": Expunge}

READERS: dict[bytes, Callable[[bytes, bytes], Response | None]] = {
    b"CAPABILITY": _capability,
    b"FLAGS": _flags,
    b"LIST": _list,
    b"LSUB": _list,
    b"SEARCH": _search,
    b"STATUS": _status,
}
