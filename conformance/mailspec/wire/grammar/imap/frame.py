"""Where one response ends: a line, and on after each literal that it announces."""

from __future__ import annotations

import re

__all__ = ["announced_literal"]

# literal = "{" number "}" CRLF at the end of a line; literal8 of RFC 3516 begins with "~".
ANNOUNCED = re.compile(rb"\{([0-9]+)\}\r?\n\Z")

# Lines that end in human text: braces at their end announce nothing.
TEXT_LINE = re.compile(rb"(?:\+|[^ \r\n]+ (?:OK|NO|BAD|BYE|PREAUTH)(?= |\r))", re.IGNORECASE)


def announced_literal(line: bytes, *, first: bool) -> bytes | None:
    """Return the digits of the literal that follows the line, None if none does.

    Args:
        line: octets up to and including LF.
        first: whether the line begins the response.
    """
    if first and TEXT_LINE.match(line):
        return None
    found = ANNOUNCED.search(line, max(0, len(line) - 64))
    return found[1] if found else None
