"""Grammar of POP3 responses (RFC 1939 section 3), line by line.

Each function takes a line without its CRLF and raises GrammarError where it departs from its form.
"""

from __future__ import annotations

import re
from typing import NoReturn

from mailspec.wire.grammar.error import GrammarError

__all__ = [
    "LINE_LIMIT",
    "MULTI_LINE_FORM",
    "REPLY_FORM",
    "check_continuation",
    "check_multi_line",
    "check_status_line",
    "lenient_status",
    "response_code",
    "unstuffed",
]

REPLY_FORM = "1939/3/reply-form"
MULTI_LINE_FORM = "1939/3/multi-line-form"

#: Longest first line of a response in octets, CRLF included (RFC 1939 section 3, RFC 2449 section 4).
LINE_LIMIT = 512

# The two status indicators, in upper case, and then the end or a space.
STATUS = re.compile(rb"(?:\+OK|-ERR)(?: |\Z)")
LENIENT_STATUS = re.compile(rb"(\+OK|-ERR)\b", re.IGNORECASE)

# schar = %x21-5A / %x5C-7F, "printable ASCII" (RFC 2449 section 3); the space is missing in it, and DEL is not printable.
UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")

# resp-code = "[" resp-level *("/" resp-level) "]" (RFC 2449 section 3)
RESPONSE_CODE = re.compile(rb"(?:\+OK|-ERR) \[([!-.0-\\^-~]+(?:/[!-.0-\\^-~]+)*)\]", re.IGNORECASE)

# continue-req = "+" SP [base64] (RFC 5034 section 6)
CONTINUATION = re.compile(rb"\+ (?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")


def check_status_line(line: bytes) -> None:
    """Check the first line of a response.

    Raises:
        GrammarError: it does not begin with "+OK" or "-ERR" in upper case and a space or the end,
            or its text is not printable ASCII.
    """
    if not STATUS.match(line):
        message = "expected +OK or -ERR in upper case, followed by a space or the end"
        _reject("response", line, 0, message, REPLY_FORM)
    if found := UNPRINTABLE.search(line):
        _reject("text", line, found.start(), "expected printable ASCII", REPLY_FORM)


def check_continuation(line: bytes) -> None:
    """Check a request to go on with AUTH (RFC 5034 section 4).

    Raises:
        GrammarError: it is not a plus sign, a space and base64.
    """
    if not CONTINUATION.match(line):
        _reject("continue-req", line, 1, "expected a space and base64", REPLY_FORM)


def check_multi_line(line: bytes) -> None:
    """Check one line of a multi-line response, as it was on the wire.

    Raises:
        GrammarError: a leading dot was not stuffed, or the line holds a bare LF.
    """
    if line.startswith(b".") and not line.startswith(b".."):
        _reject("multi-line", line, 0, "expected a second dot before a line that begins with one", MULTI_LINE_FORM)
    if (position := line.find(b"\n")) >= 0:
        _reject("multi-line", line, position, "a line that ends with LF instead of CRLF", MULTI_LINE_FORM)


def lenient_status(line: bytes) -> bool | None:
    """Return whether the response is positive, None if a lenient client cannot tell either."""
    found = LENIENT_STATUS.match(line)
    return None if found is None else found[1].upper() == b"+OK"


def response_code(line: bytes) -> bytes | None:
    """Return the extended response code in brackets, upper-cased, None if there is none (RFC 2449 section 8)."""
    found = RESPONSE_CODE.match(line)
    return found[1].upper() if found else None


def unstuffed(line: bytes) -> bytes:
    """Return the line without the dot that its sender put before it."""
    return line.removeprefix(b".")


def _reject(production: str, line: bytes, position: int, reason: str, requirement_id: str) -> NoReturn:
    raise GrammarError(production, line, position, reason, requirement_id)
