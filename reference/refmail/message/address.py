"""Paths, mailboxes and domains as SMTP commands spell them (RFC 5321 sections 4.1.2 and 4.1.3, RFC 6531 section 3.3).

No length limit is imposed here: section 4.5.3.1 asks for none where it can be
avoided, and the command line's own limit bounds everything.
"""

from __future__ import annotations

import functools
import ipaddress
import re

from refmail.message.envelope import DOT_STRING_8, Address, ReversePath
from refmail.message.idn import is_u_label, is_utf8

__all__ = [
    "AddressError",
    "address_literal",
    "is_address_literal",
    "is_domain",
    "literal_address",
    "parse_forward_path",
    "parse_mailbox",
    "parse_reverse_path",
]


class AddressError(ValueError):
    """The octets are no address.

    Args:
        octets: what was parsed.
        position: offset of the first octet that does not fit.
        reason: what was expected there.
    """

    def __init__(self, octets: bytes, position: int, reason: str) -> None:
        super().__init__(f"{reason} at octet {position} of {octets!r}")
        self.octets = octets
        self.position = position
        self.reason = reason


# Let-dig    = ALPHA / DIGIT
# Ldh-str    = *( ALPHA / DIGIT / "-" ) Let-dig
# sub-domain = Let-dig [Ldh-str]
# Domain     = sub-domain *("." sub-domain)
_SUB_DOMAIN = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rb"%b(?:\.%b)*" % (_SUB_DOMAIN, _SUB_DOMAIN))

# Atom       = 1*atext                            (atext: RFC 5322 section 3.2.3)
# Dot-string = Atom *("." Atom)
_ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_STRING = re.compile(_ATOM + rb"(?:\." + _ATOM + rb")*")

# qtextSMTP       = %d32-33 / %d35-91 / %d93-126
# quoted-pairSMTP = %d92 %d32-126
# Quoted-string   = DQUOTE *QcontentSMTP DQUOTE   (an empty one is legal here; erratum 5414 says otherwise)
_QUOTED_STRING = re.compile(rb'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*)"')
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)

# address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
# dcontent        = %d33-90 / %d94-126
_LITERAL = re.compile(rb"\[([\x21-\x5a\x5e-\x7e]+)\]")

# IPv4-address-literal = Snum 3("." Snum)         (Snum: one to three digits, 0 to 255)
_IPV4 = re.compile(rb"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})")

# General-address-literal = Standardized-tag ":" 1*dcontent
# Standardized-tag        = Ldh-str
_GENERAL = re.compile(rb"[A-Za-z0-9-]*[A-Za-z0-9]:.+")

# At-domain = "@" Domain
# A-d-l     = At-domain *( "," At-domain )
_SOURCE_ROUTE = re.compile(rb"@%b(?:,@%b)*:" % (_DOMAIN.pattern, _DOMAIN.pattern))

# What nearly every path is: "<" Dot-string "@" Domain ">"
_PLAIN_PATH = re.compile(rb"<(%b)@(%b)>" % (_DOT_STRING.pattern, _DOMAIN.pattern))

# RFC 6531 section 3.3. What is found by these is looked at again: it must be UTF-8, and the labels U-labels.
# sub-domain =/ U-label ; atext =/ UTF8-non-ascii ; qtextSMTP =/ UTF8-non-ascii
_SUB_DOMAIN_8 = rb"[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff-]*[A-Za-z0-9\x80-\xff])?"
_DOMAIN_8 = re.compile(rb"%b(?:\.%b)*" % (_SUB_DOMAIN_8, _SUB_DOMAIN_8))
_QUOTED_STRING_8 = re.compile(rb'"((?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\x20-\x7e])*)"')
_SOURCE_ROUTE_8 = re.compile(rb"@%b(?:,@%b)*:" % (_DOMAIN_8.pattern, _DOMAIN_8.pattern))


def is_domain(octets: bytes, *, utf8: bool = False) -> bool:
    """Say whether the octets are a Domain; with `utf8` its labels may be U-labels."""
    if utf8 and not octets.isascii():
        return _DOMAIN_8.fullmatch(octets) is not None and _has_good_labels(octets)
    return _DOMAIN.fullmatch(octets) is not None


def _has_good_labels(domain: bytes) -> bool:
    return all(label.isascii() or is_u_label(label) for label in domain.split(b"."))


def is_address_literal(octets: bytes) -> bool:
    """Say whether the octets are an address-literal, brackets included (RFC 5321 section 4.1.3)."""
    match = _LITERAL.fullmatch(octets)
    if match is None:
        return False
    content = match[1]
    if content[:5].lower() == b"ipv6:":
        return _is_ipv6(content[5:])
    ipv4 = _IPV4.fullmatch(content)
    if ipv4 is not None:
        return all(int(number) <= 255 for number in ipv4.groups())
    return _GENERAL.fullmatch(content) is not None


def _is_ipv6(octets: bytes) -> bool:
    # IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
    # A "::" stands for at least two groups of zeros, so at most six (with IPv4: four) may stand beside it.
    if re.fullmatch(rb"[0-9A-Fa-f:.]+", octets) is None:
        return False
    try:
        ipaddress.IPv6Address(octets.decode("ascii"))
    except ValueError:
        return False
    if b"::" not in octets:
        return True
    groups = [group for group in octets.split(b":") if group]
    return len(groups) <= (5 if b"." in octets else 6)


@functools.lru_cache(maxsize=1024)
def address_literal(ip: str) -> bytes:
    """Return the address literal of an IP address; a scope (`%eth0`) is left out."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    tag = "IPv6:" if address.version == 6 else ""
    return f"[{tag}{address}]".encode("ascii")


def literal_address(domain: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a domain names if it is the literal of one, however it is written."""
    if not domain.startswith(b"[") or not is_address_literal(domain):
        return None
    text = domain[1:-1].decode("ascii")
    text = text[5:] if text[:5].lower() == "ipv6:" else text
    try:
        # Leading zeros of a Snum are decimal (RFC 5321 section 4.1.3), which the library refuses to guess.
        return ipaddress.ip_address(re.sub(r"(?<![0-9A-Fa-f:])0+(?=\d)", "", text) if ":" not in text else text)
    except ValueError:
        return None


def parse_mailbox(octets: bytes, position: int = 0, *, utf8: bool = False) -> tuple[Address, int]:
    """Parse a Mailbox and return it with the offset after it; with `utf8` as RFC 6531 extends it.

    Raises:
        AddressError: there is no mailbox at `position`.
    """
    local_part, position = _local_part(octets, position, utf8=utf8)
    # Mailbox = Local-part "@" ( Domain / address-literal )
    if octets[position : position + 1] != b"@":
        raise AddressError(octets, position, 'expected "@"')
    domain, position = _domain_or_literal(octets, position + 1, utf8=utf8)
    return Address(local_part, domain), position


def _local_part(octets: bytes, position: int, *, utf8: bool) -> tuple[bytes, int]:
    # Local-part = Dot-string / Quoted-string
    quoted, dotted = (_QUOTED_STRING_8, DOT_STRING_8) if utf8 else (_QUOTED_STRING, _DOT_STRING)
    match = quoted.match(octets, position)
    local_part = _QUOTED_PAIR.sub(rb"\1", match[1]) if match is not None else b""
    if match is None:
        match = dotted.match(octets, position)
        if match is None:
            raise AddressError(octets, position, "expected a local part")
        local_part = match[0]
    if not is_utf8(local_part):
        raise AddressError(octets, position, "expected a local part in UTF-8")
    return local_part, match.end()


def _domain_or_literal(octets: bytes, position: int, *, utf8: bool) -> tuple[bytes, int]:
    match = _LITERAL.match(octets, position)
    if match is not None and is_address_literal(match[0]):
        return match[0].lower(), match.end()
    match = (_DOMAIN_8 if utf8 else _DOMAIN).match(octets, position)
    if match is None:
        raise AddressError(octets, position, "expected a domain or an address literal")
    if not _has_good_labels(match[0]):
        raise AddressError(octets, position, "expected a domain of letters, digits, hyphens and valid U-labels")
    return match[0].lower(), match.end()


def parse_reverse_path(octets: bytes, *, utf8: bool = False) -> tuple[ReversePath, int]:
    """Parse what follows `MAIL FROM:` and return the path (None for `<>`) with the offset after it.

    Raises:
        AddressError: there is no path.
    """
    # Reverse-path = Path / "<>"
    if octets.startswith(b"<>"):
        return None, 2
    return _path(octets, utf8=utf8)


def parse_forward_path(octets: bytes, *, utf8: bool = False) -> tuple[Address, int]:
    """Parse what follows `RCPT TO:` and return the address with the offset after it.

    A bare `<Postmaster>` in any case becomes an address without a domain.

    Raises:
        AddressError: there is no path.
    """
    # rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) ...
    if octets[:12].lower() == b"<postmaster>":
        return Address(octets[1:11], b""), 12
    return _path(octets, utf8=utf8)


def _path(octets: bytes, *, utf8: bool) -> tuple[Address, int]:
    # Path = "<" [ A-d-l ":" ] Mailbox ">"
    plain = None if utf8 else _PLAIN_PATH.match(octets)
    if plain is not None:
        return Address(plain[1], plain[2].lower()), plain.end()
    if not octets.startswith(b"<"):
        raise AddressError(octets, 0, 'expected "<"')
    position = 1
    route = (_SOURCE_ROUTE_8 if utf8 else _SOURCE_ROUTE).match(octets, position)
    if route is not None:
        # The route must be understood and should be ignored (RFC 5321 section 3.3 and appendix C).
        position = route.end()
    address, position = parse_mailbox(octets, position, utf8=utf8)
    if octets[position : position + 1] != b">":
        raise AddressError(octets, position, 'expected ">"')
    return address, position + 1
