"""Parameters of MAIL and RCPT (RFC 5321 section 4.1.2)."""

from __future__ import annotations

import re

from refmail.smtp.replies import Rejection

__all__ = ["decode_xtext", "parse_parameters"]

# esmtp-param   = esmtp-keyword ["=" esmtp-value]
# esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
# esmtp-value   = 1*(%d33-60 / %d62-126) ; =/ UTF8-non-ascii  (RFC 6531 section 3.3; a command without it has none)
_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e\x80-\xff]+))?")

# xtext = *( xchar / hexchar ) ; xchar = %d33-42 / %d44-60 / %d62-126 ; hexchar = "+" 2(HEXDIG)  (RFC 3461 section 4)
_XTEXT = re.compile(rb"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*")
_HEXCHAR = re.compile(rb"\+([0-9A-F]{2})")


def parse_parameters(octets: bytes) -> dict[bytes, bytes | None]:
    """Parse what follows a path, which is nothing or begins with a space.

    Returns:
        Keywords in upper case, values as they were sent.

    Raises:
        Rejection: 501 for wrong syntax and for a parameter given twice.
    """
    parameters: dict[bytes, bytes | None] = {}
    if not octets:
        return parameters
    if not octets.startswith(b" "):
        raise Rejection(501, "5.5.4", "A space is missing after the path")
    for word in octets[1:].split(b" "):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise Rejection(501, "5.5.4", "That is not how a parameter is written")
        keyword = match[1].upper()
        if keyword in parameters:
            raise Rejection(501, "5.5.4", "A parameter is given twice")
        parameters[keyword] = match[2]
    return parameters


def decode_xtext(octets: bytes) -> bytes | None:
    """Decode xtext; None where the octets are none."""
    if _XTEXT.fullmatch(octets) is None:
        return None
    return _HEXCHAR.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), octets)
