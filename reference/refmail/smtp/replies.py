"""SMTP replies as values (RFC 5321 section 4.2, enhanced codes of RFC 3463)."""

from __future__ import annotations

import functools
import re

import msgspec

__all__ = ["Rejection", "Reply"]

#: Octets of a reply line, CRLF included (RFC 5321 section 4.5.3.1.5).
LINE_LIMIT = 512

_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")


class Reply(msgspec.Struct, frozen=True):
    """One reply, of one line or several.

    The enhanced code is empty where RFC 2034 section 4 wants none: greeting, HELO, EHLO and 3yz.
    """

    code: int
    enhanced: str
    lines: tuple[bytes, ...]
    #: Whether the lines may be UTF-8, as the client has asked for it (RFC 6531 section 3.7.4).
    utf8: bool = False

    @classmethod
    def of(cls, code: int, enhanced: str, *lines: str | bytes, utf8: bool = False) -> Reply:
        """Make a reply from text or octets; most are said again and again, and made once."""
        return _reply(code, enhanced, lines, utf8)

    def to_wire(self) -> bytes:
        """Return the octets: printable ASCII or, where it was asked for, UTF-8; each line within the limit.

        Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
        """
        return _wire(self)


@functools.lru_cache(maxsize=256)
def _reply(code: int, enhanced: str, lines: tuple[str | bytes, ...], utf8: bool) -> Reply:
    return Reply(code, enhanced, tuple(line.encode() if isinstance(line, str) else line for line in lines), utf8)


@functools.lru_cache(maxsize=256)
def _wire(reply: Reply) -> bytes:
    forbidden = _CONTROLS if reply.utf8 else _UNPRINTABLE
    last = len(reply.lines) - 1
    prefix = reply.enhanced.encode("ascii") + b" " if reply.enhanced else b""
    wire = bytearray()
    for number, line in enumerate(reply.lines):
        text = _cut(forbidden.sub(b"?", prefix + line))
        wire += b"%d%b%b\r\n" % (reply.code, b" " if number == last else b"-", text)
    return bytes(wire)


def _cut(text: bytes) -> bytes:
    """Return text cut to the limit, and not within a character."""
    if len(text) <= LINE_LIMIT - 6:
        return text
    return text[: LINE_LIMIT - 6].decode(errors="ignore").encode()


class Rejection(Exception):
    """A command is refused; carries the reply that says so."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(code, text)
        self.reply = Reply.of(code, enhanced, text)
