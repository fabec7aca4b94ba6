"""SMTP replies as values (RFC 5321 section 4.2, enhanced codes of RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Rejection", "Reply"]

#: Octets of a reply line, CRLF included (RFC 5321 section 4.5.3.1.5).
LINE_LIMIT = 512

_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, of one line or several.

    The enhanced code is empty where RFC 2034 section 4 wants none: greeting, HELO, EHLO and 3yz.
    """

    code: int
    enhanced: str
    lines: tuple[bytes, ...]

    @classmethod
    def of(cls, code: int, enhanced: str, *lines: str | bytes) -> Reply:
        """Make a reply from text or octets."""
        return cls(code, enhanced, tuple(line.encode() if isinstance(line, str) else line for line in lines))

    def to_wire(self) -> bytes:
        """Return the octets: printable ASCII, each line within the limit.

        Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
        """
        last = len(self.lines) - 1
        prefix = self.enhanced.encode("ascii") + b" " if self.enhanced else b""
        wire = bytearray()
        for number, line in enumerate(self.lines):
            text = _UNPRINTABLE.sub(b"?", prefix + line)[: LINE_LIMIT - 6]
            wire += b"%d%b%b\r\n" % (self.code, b" " if number == last else b"-", text)
        return bytes(wire)


class Rejection(Exception):
    """A command is refused; carries the reply that says so."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(code, text)
        self.reply = Reply.of(code, enhanced, text)
