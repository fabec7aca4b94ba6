"""Grammar of SMTP replies (RFC 5321 sections 4.2 and 4.1.1.1), line by line.

Each function takes one line without its CRLF and raises GrammarError where the line departs from its production.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, NoReturn

from mailspec.wire.grammar.error import GrammarError

__all__ = [
    "EHLO_REPLY",
    "EHLO_SEPARATOR",
    "GREETING_LINE",
    "LINE_LENGTH",
    "LINE_LIMIT",
    "REPLY_LINE",
    "ReplyLine",
    "check_ehlo_first",
    "check_ehlo_line",
    "check_greeting",
    "check_reply_line",
    "lenient_reply_line",
]

REPLY_LINE = "5321/4.2/reply-line"
GREETING_LINE = "5321/4.2/greeting-line"
EHLO_REPLY = "5321/4.1.1.1/ehlo-reply"
EHLO_SEPARATOR = "5321/4.1.1.1/ehlo-separator"
LINE_LENGTH = "5321/4.5.3.1.5/reply-line-length"

#: Longest reply line in octets, code and CRLF included (RFC 5321 section 4.5.3.1.5).
LINE_LIMIT = 512

# What any client can make sense of: three digits, and then nothing, a space, or a hyphen.
LENIENT = re.compile(rb"([0-9]{3})(?:([ -])(.*))?\Z", re.DOTALL)

# Reply-code = %x32-35 %x30-35 %x30-39
REPLY_CODE = re.compile(rb"[2-5][0-5][0-9]")

# textstring = 1*(%d09 / %d32-126)
TEXTSTRING = re.compile(rb"[\t\x20-\x7e]*")
# RFC 6531 section 3.7.4.2 lets replies carry UTF-8 once the client has used SMTPUTF8.
TEXTSTRING_UTF8 = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")

# What most lines are, so that they need one look.
REPLY_LINE_FORM = re.compile(rb"[2-5][0-5][0-9](?:[ -][\t\x20-\x7e]*)?\Z")

# sub-domain = Let-dig [Ldh-str]        Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig
# Domain     = sub-domain *("." sub-domain)
SUB_DOMAIN = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
DOMAIN = re.compile(SUB_DOMAIN + rb"(?:\." + SUB_DOMAIN + rb")*\Z")

# General-address-literal = Standardized-tag ":" 1*dcontent
# dcontent                = %d33-90 / %d94-126
GENERAL_LITERAL = re.compile(rb"[A-Za-z0-9-]*[A-Za-z0-9]:[\x21-\x5a\x5e-\x7e]+\Z")

# ehlo-greet = 1*(%d0-9 / %d11-12 / %d14-127)
EHLO_GREET = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x7f]+\Z")

# ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
EHLO_KEYWORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*")
# ehlo-param   = 1*(%d33-126)
EHLO_PARAMS = re.compile(rb"(?: [\x21-\x7e]+)*")


class ReplyLine(NamedTuple):
    """One line of a reply: its code, whether it is the last one, and its text."""

    code: int
    last: bool
    text: bytes


def lenient_reply_line(line: bytes) -> ReplyLine | None:
    """Return what a lenient client reads from the line, None if it is not a reply line at all."""
    found = LENIENT.match(line)
    if found is None:
        return None
    return ReplyLine(int(found[1]), found[2] != b"-", found[3] or b"")


def check_reply_line(line: bytes, *, utf8: bool = False) -> None:
    """Check one line against Reply-line.

    Args:
        line: octets without the CRLF.
        utf8: whether octets above 127 are allowed in the text (RFC 6531 section 3.7.4.2).

    Raises:
        GrammarError: with the position of the first wrong octet.
    """
    # Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
    if REPLY_LINE_FORM.match(line):
        return
    if not REPLY_CODE.match(line):
        _reject("Reply-code", line, 0, "expected a code from 200 to 559", REPLY_LINE)
    if len(line) == 3:
        return
    if line[3:4] not in {b" ", b"-"}:
        _reject("Reply-line", line, 3, "expected a space or a hyphen after the code", REPLY_LINE)
    # Where there is no text, section 4.2.1 recommends the space that this grammar does not have.
    found = (TEXTSTRING_UTF8 if utf8 else TEXTSTRING).match(line, 4)
    assert found is not None
    if found.end() < len(line):
        _reject("textstring", line, found.end(), "expected TAB or printable ASCII", REPLY_LINE)


def check_greeting(line: bytes) -> None:
    """Check the first line of a 220 greeting.

    Raises:
        GrammarError: no domain or address literal stands behind the code.
    """
    # Greeting = ( "220 " (Domain / address-literal) [ SP textstring ] CRLF )
    #          / ( "220-" (Domain / address-literal) [ SP textstring ] CRLF ... )
    name = line[4:].split(b" ", 1)[0]
    if not is_domain(name) and not is_address_literal(name):
        _reject("Greeting", line, 4, "expected a domain or an address literal", GREETING_LINE)
    if line[4:] == name + b" ":
        _reject("Greeting", line, len(line), "expected text after the space", GREETING_LINE)


def check_ehlo_first(line: bytes) -> None:
    """Check the first line of a positive EHLO reply.

    Raises:
        GrammarError: no domain stands behind the code, or the greeting is malformed.
    """
    # ehlo-ok-rsp = "250" SP Domain [ SP ehlo-greet ] CRLF / "250-" Domain [ SP ehlo-greet ] CRLF ...
    name, space, greet = line[4:].partition(b" ")
    # RFC 5321 section 4.1.3 gives a host without a name its address literal in place of the domain.
    if not is_domain(name) and not is_address_literal(name):
        _reject("ehlo-ok-rsp", line, 4, "expected a domain", EHLO_REPLY)
    if space and not EHLO_GREET.match(greet):
        _reject("ehlo-greet", line, 5 + len(name), "expected ASCII text after the space", EHLO_REPLY)


def check_ehlo_line(line: bytes) -> None:
    """Check a further line of a positive EHLO reply.

    Raises:
        GrammarError: it is not a keyword with parameters.
    """
    # ehlo-line = ehlo-keyword *( SP ehlo-param )
    keyword = EHLO_KEYWORD.match(line, 4)
    if keyword is None:
        _reject("ehlo-keyword", line, 4, "expected a letter or digit", EHLO_REPLY)
    if line[keyword.end() : keyword.end() + 1] == b"=":
        # Older than the grammar and still about: AUTH=LOGIN, XVERP=Courier.
        _reject("ehlo-line", line, keyword.end(), "expected a space, not an equals sign", EHLO_SEPARATOR)
    params = EHLO_PARAMS.match(line, keyword.end())
    assert params is not None
    if params.end() < len(line):
        _reject("ehlo-line", line, params.end(), "expected a space and a parameter, or the end", EHLO_REPLY)


def is_domain(name: bytes) -> bool:
    """Whether the octets are a Domain of RFC 5321 section 4.1.2."""
    return DOMAIN.match(name) is not None


def is_address_literal(name: bytes) -> bool:
    """Whether the octets are an address-literal of RFC 5321 section 4.1.3."""
    # address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
    if not (name.startswith(b"[") and name.endswith(b"]")):
        return False
    inner = name[1:-1]
    try:
        text = inner.decode("ascii")
        if text[:5].upper() == "IPV6:":
            # A zone index is no part of IPv6-addr, but the standard library accepts one.
            return "%" not in text and bool(ipaddress.IPv6Address(text[5:]))
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return GENERAL_LITERAL.match(inner) is not None


def _reject(production: str, line: bytes, position: int, reason: str, requirement_id: str) -> NoReturn:
    raise GrammarError(production, line, position, reason, requirement_id)
