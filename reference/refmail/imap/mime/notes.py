"""What is noted of messages, so that FETCH and SEARCH need not read them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from refmail.imap.mime.bodystructure import bodystructure
from refmail.imap.mime.decode import header_text
from refmail.imap.mime.entity import BODYSTRUCTURE, ENVELOPE, HEADER, Entity
from refmail.imap.mime.envelope import envelope
from refmail.store.notes import Recipe

__all__ = ["RECIPE", "SEARCHED", "needle"]

#: Header field -> the part that has its values as SEARCH compares them, one a line.
SEARCHED: Final[Mapping[bytes, int]] = {
    name: HEADER + 1 + number for number, name in enumerate((b"from", b"to", b"cc", b"bcc", b"subject", b"message-id"))
}

#: Longest part in octets; what is longer is made again when it is asked for.
_LONGEST = 32 * 1024


def needle(text: str) -> bytes:
    """Return a text as it would stand in one of the parts `SEARCHED`."""
    return text.casefold().encode("utf-8", "surrogatepass")


def _make(octets: bytes) -> list[bytes | None]:
    message = Entity(octets)
    parts = [envelope(message), bodystructure(message), message.header, *(_values(message, name) for name in SEARCHED)]
    return [part if len(part) <= _LONGEST else None for part in parts]


def _values(message: Entity, name: bytes) -> bytes:
    return needle("\n".join(map(header_text, message.all(name))))


assert (ENVELOPE, BODYSTRUCTURE, HEADER) == (0, 1, 2)
RECIPE = Recipe("imap-1", HEADER + 1 + len(SEARCHED), _make)
