"""Which parameters go with MAIL and RCPT, given what the next host offers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from refmail.message.binary import is_binary
from refmail.message.envelope import Envelope, Recipient
from refmail.message.header import fields
from refmail.message.utf8_address import from_unitext, to_xtext

__all__ = ["Unsendable", "for_mail", "for_rcpt", "needs_utf8", "takes_binary"]

Offers = Mapping[bytes, bytes]

#: A media type that holds header sections of its own.
_COMPOSITE = re.compile(rb"^content-type:\s*(?:multipart|message)\s*/", re.IGNORECASE | re.MULTILINE)


class Unsendable(Exception):
    """The message cannot go to this host as it is, now or later.

    Args:
        status: enhanced status code (RFC 3463).
    """

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def takes_binary(offers: Offers) -> bool:
    """Whether a host takes binary messages as they are (RFC 3030 section 3)."""
    return b"BINARYMIME" in offers and b"CHUNKING" in offers


def needs_utf8(envelope: Envelope, octets: bytes) -> bool:
    """Whether a message can go only to a host with SMTPUTF8 (RFC 6531 sections 3.4 and 3.6).

    An address of the envelope outside ASCII is enough. A header section outside ASCII counts where the sender
    said SMTPUTF8; for parts within the message the sender's word is taken where there may be any.
    """
    addresses = [recipient.address for recipient in envelope.recipients]
    if not all(address.is_ascii for address in (*addresses, *filter(None, [envelope.reverse_path]))):
        return True
    if b"SMTPUTF8" not in envelope.parameters or octets.isascii():
        return False
    header = octets[: max((field.end for field in fields(octets)), default=0)]
    return not header.isascii() or _COMPOSITE.search(header) is not None


def has_eight_bit(envelope: Envelope, octets: bytes) -> bool:
    """Whether a message goes as 8-bit content: the sender announced it as such, or did not and it is."""
    if (envelope.parameters.get(b"BODY") or b"").upper() == b"8BITMIME":
        return True
    if b"SMTPUTF8" in envelope.parameters:
        # It announces the header section (RFC 6532 section 3.2).
        octets = octets[max((field.end for field in fields(octets)), default=0) :]
    return not octets.isascii()


def for_mail(envelope: Envelope, octets: bytes, offers: Offers) -> bytes:
    """Return the parameters of MAIL, each with a space before it.

    Raises:
        Unsendable: the host lacks what the message needs (RFC 1870 section 6.2, 6152 section 3, 6531 section 3.2).
    """
    international = needs_utf8(envelope, octets)
    if international and (b"SMTPUTF8" not in offers or b"8BITMIME" not in offers):
        # An address is never rewritten, and a header field never re-coded, to get it through.
        raise Unsendable(status="5.6.7", reason="the host does not offer SMTPUTF8, which the message needs")
    parts: list[bytes] = []
    if b"SIZE" in offers:
        limit = offers[b"SIZE"].strip()
        if limit.isdigit() and 0 < int(limit) < len(octets):
            raise Unsendable(
                status="5.3.4", reason=f"the host takes {int(limit)} octets, the message has {len(octets)}"
            )
        parts.append(b"SIZE=%d" % len(octets))
    if is_binary(envelope.parameters):
        parts.append(b"BODY=BINARYMIME")
    elif has_eight_bit(envelope, octets):
        if b"8BITMIME" in offers:
            parts.append(b"BODY=8BITMIME")
        elif not octets.isascii():
            # It is not re-coded either (RFC 6152 section 3 leaves that choice).
            raise Unsendable(status="5.6.3", reason="the host does not offer 8BITMIME, and the message has 8-bit text")
    if international:
        parts.append(b"SMTPUTF8")
    if b"DSN" in offers:
        parts += _given(envelope.parameters, b"RET", b"ENVID")
    return b"".join(b" " + part for part in parts)


def for_rcpt(recipient: Recipient, offers: Offers) -> bytes:
    """Return the parameters of RCPT, each with a space before it (RFC 3461 section 5.2.1)."""
    if b"DSN" not in offers:
        return b""
    parts = _given(recipient.parameters, b"NOTIFY", b"ORCPT")
    if not all(part.isascii() for part in parts) and b"SMTPUTF8" not in offers:
        # Of type utf-8: the form that ASCII can hold (RFC 6533 section 3).
        parts = [part if part.isascii() else _in_ascii(part) for part in parts]
    return b"".join(b" " + part for part in parts)


def _given(parameters: Mapping[bytes, bytes | None], *names: bytes) -> list[bytes]:
    return [b"%b=%b" % (name, value) for name in names if (value := parameters.get(name)) is not None]


def _in_ascii(orcpt: bytes) -> bytes:
    kind, _, address = orcpt.partition(b";")
    return kind + b";" + to_xtext(from_unitext(address))
