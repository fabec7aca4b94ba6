r"""POP3 replies as octets.

    single-line = status [SP text] CRLF        ; 512 octets maximum
    status      = "+OK" / "-ERR"
    text        = *schar / resp-code *CHAR
    multi-line  = single-line *dot-stuffed "." CRLF
    resp-code   = "[" resp-level *("/" resp-level) "]"

(RFC 2449 section 3; the codes used are those of its section 8 and of RFC 3206.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["LINE_LIMIT", "Refusal", "err", "multi_line", "ok", "stuffed"]

#: Octets of the first line of a reply, CRLF included (RFC 1939 section 3).
LINE_LIMIT = 512

_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")


class Refusal(Exception):
    """A command is refused.

    Args:
        text: for people; shows nothing that came from the client.
        code: a response code without its brackets, or "".
        because: id in the ledger of what decided it, where the command and the code do not tell.
    """

    def __init__(self, text: str, code: str = "", *, because: str = "") -> None:
        super().__init__(text)
        self.reply = err(text, code)
        self.code = code
        self.because = because


def _single(status: bytes, text: bytes) -> bytes:
    line = status + b" " + text if text else status
    return _UNPRINTABLE.sub(b"?", line)[: LINE_LIMIT - 2] + b"\r\n"


def ok(text: str = "") -> bytes:
    """Return a positive reply of one line."""
    return _single(b"+OK", text.encode())


def err(text: str, code: str = "") -> bytes:
    """Return a negative reply of one line."""
    return _single(b"-ERR", (f"[{code}] {text}" if code else text).encode())


def stuffed(octets: bytes) -> bytes:
    """Double each dot at the start of a line (RFC 1939 section 3); a missing last CRLF is added."""
    doubled = octets.replace(b"\r\n.", b"\r\n..")
    if doubled.startswith(b"."):
        doubled = b"." + doubled
    return doubled if not doubled or doubled.endswith(b"\r\n") else doubled + b"\r\n"


def multi_line(text: str, lines: Iterable[str]) -> bytes:
    """Return a positive reply of several lines that are not messages."""
    body = b"".join(line.encode("ascii") + b"\r\n" for line in lines)
    return ok(text) + stuffed(body) + b".\r\n"
