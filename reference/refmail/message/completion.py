"""Completing a message that its author's program left incomplete (RFC 6409 section 8): fields are added, none is changed.

What is added goes on top of the header section, so that every octet of the message follows as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from refmail.message.address import AddressError, parse_mailbox
from refmail.message.envelope import Address
from refmail.message.header import fields

__all__ = ["Completion", "completed", "incomplete_domain", "malformed_address"]

#: Fields that hold addresses (RFC 5322 sections 3.6.2, 3.6.3 and 3.6.6).
_PLAIN = frozenset({b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc"})
_ADDRESS_FIELDS = _PLAIN | {b"resent-" + name for name in _PLAIN}

# What may hold an "@" and is no address: quoted-string = DQUOTE *(qtext / quoted-pair) DQUOTE, and comments.
_QUOTED_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_COMMENT = re.compile(rb"\((?:[^()\\]|\\.)*\)", re.DOTALL)
# obs-route, which may stand before the address in angle brackets
_ROUTE = re.compile(rb"<\s*@[^<>:]*:")
_TWO_ATS = re.compile(rb"@[^<>,;:@]*@")
# addr-spec = local-part "@" domain ; domain = dot-atom / domain-literal
_ADDR_SPEC = re.compile(rb"([^\s<>,;:@]+)\s*@\s*(\[[^\]]*\]|[^\s<>,;:@()\[\]]+)")


@dataclass(frozen=True, slots=True)
class Completion:
    """What the missing fields would hold."""

    #: With a time zone.
    date: datetime
    #: In angle brackets.
    message_id: bytes
    #: The address of whoever has logged in; None where it is not known, and nothing is said of it.
    sender: Address | None
    #: Whether an address is one of theirs.
    is_own: Callable[[Address], bool]


def completed(octets: bytes, completion: Completion) -> bytes:
    """Return a message with the fields that RFC 6409 sections 8.1 to 8.3 let a submission server add."""
    present = {field.name for field in fields(octets)}
    added = b""
    if b"date" not in present:
        added += b"Date: %b\r\n" % format_datetime(completion.date).encode("ascii")
    if b"message-id" not in present:
        added += b"Message-ID: %b\r\n" % completion.message_id
    if b"sender" not in present and completion.sender is not None and _needs_sender(octets, completion):
        added += b"Sender: <%b>\r\n" % completion.sender.to_wire()
    return added + octets


def _needs_sender(octets: bytes, completion: Completion) -> bool:
    """Whether From leaves open who has sent the message: it is one other address, or several (RFC 5322 section 3.6.2)."""
    sender = completion.sender
    if sender is None or (not sender.is_ascii and octets.isascii()):
        # A field outside ASCII would change what the message asks of the next host.
        return False
    authors = [address for name, value in _address_fields(octets) if name == b"from" for address in _addresses(value)]
    return bool(authors) and (len(authors) > 1 or not completion.is_own(authors[0]))


def incomplete_domain(octets: bytes) -> bytes | None:
    """Return a domain of an address field that is not fully qualified, as far as its form tells, or None."""
    for _, value in _address_fields(octets):
        for match in _ADDR_SPEC.finditer(_bare(value)):
            domain = match[2]
            if b"." not in domain.strip(b".") and not domain.startswith(b"["):
                return domain
    return None


def malformed_address(octets: bytes) -> bytes | None:
    """Return the value of an address field that can be no list of addresses (RFC 5322 section 3.4), or None.

    Only what is beyond doubt counts: brackets that do not match, and two "@" in one address.
    """
    for _, value in _address_fields(octets):
        bare = _bare(value)
        brackets = re.sub(rb"[^<>]", b"", bare)
        if brackets.replace(b"<>", b"") or _TWO_ATS.search(_ROUTE.sub(b"<", bare)):
            return value.strip()
    return None


def _address_fields(octets: bytes) -> Iterator[tuple[bytes, bytes]]:
    for field in fields(octets):
        if field.name in _ADDRESS_FIELDS:
            yield field.name, octets[field.start : field.end].partition(b":")[2]


def _bare(value: bytes) -> bytes:
    """Return the value of an address field without its comments, quoted strings as one letter."""
    value = _QUOTED_STRING.sub(b"q", value)
    while True:
        shorter = _COMMENT.sub(b" ", value)
        if shorter == value:
            return value
        value = shorter


def _addresses(value: bytes) -> Iterator[Address]:
    """Yield the addresses of a field; one that is malformed, or quoted, is yielded as it looks."""
    for match in _ADDR_SPEC.finditer(_bare(value)):
        octets = match[1] + b"@" + match[2]
        try:
            yield parse_mailbox(octets, utf8=True)[0]
        except AddressError:
            yield Address(match[1], match[2].lower())
