"""UTF8 (RFC 6856 section 2), and which messages need it."""

from __future__ import annotations

import re

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import ok

__all__ = ["Utf8Command", "is_internationalized"]

# A boundary line that opens a part, and the part's header section.
_PART_HEADER = re.compile(rb"(?:^|\r\n)--[^\r\n]+\r\n((?:[!-9;-~\x80-\xff]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+)\r\n")


def is_internationalized(octets: bytes) -> bool:
    """Say whether a header section, of the message or of one of its parts, holds UTF-8 beyond ASCII (RFC 6532).

    Octets in a header that are not UTF-8 do not count: UTF-8 mode would not make them legal either.
    """
    if octets.isascii():
        return False
    header, _, body = octets.partition(b"\r\n\r\n")
    sections = [header, *(match[1] for match in _PART_HEADER.finditer(body))]
    return any(not section.isascii() and _is_utf8(section) for section in sections)


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class Utf8Command(SessionBase):
    """Switches the session to UTF-8, for good."""

    def do_utf8(self, argument: bytes | None) -> bytes:
        arguments.none(argument)
        self.utf8 = True
        return ok("UTF-8 from here on")
