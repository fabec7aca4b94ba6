"""Which parameters go with MAIL and RCPT, given what the next host offers."""

from __future__ import annotations

from collections.abc import Mapping

from refmail.message.binary import is_binary
from refmail.message.envelope import Envelope, Recipient

__all__ = ["Unsendable", "for_mail", "for_rcpt", "takes_binary"]

Offers = Mapping[bytes, bytes]


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


def for_mail(envelope: Envelope, octets: bytes, offers: Offers) -> bytes:
    """Return the parameters of MAIL, each with a space before it.

    Raises:
        Unsendable: the host lacks what the message needs (RFC 1870 section 6.2, 6152 section 3, 6531 section 3.2).
    """
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
    elif (envelope.parameters.get(b"BODY") or b"").upper() == b"8BITMIME":
        if b"8BITMIME" in offers:
            parts.append(b"BODY=8BITMIME")
        elif not octets.isascii():
            raise Unsendable(status="5.6.3", reason="the host does not offer 8BITMIME, and the message has 8-bit text")
    if b"SMTPUTF8" in envelope.parameters:
        if b"SMTPUTF8" not in offers:
            raise Unsendable(status="5.6.7", reason="the host does not offer SMTPUTF8")
        parts.append(b"SMTPUTF8")
    if b"DSN" in offers:
        parts += _given(envelope.parameters, b"RET", b"ENVID")
    return b"".join(b" " + part for part in parts)


def for_rcpt(recipient: Recipient, offers: Offers) -> bytes:
    """Return the parameters of RCPT, each with a space before it (RFC 3461 section 5.2.1)."""
    if b"DSN" not in offers:
        return b""
    return b"".join(b" " + part for part in _given(recipient.parameters, b"NOTIFY", b"ORCPT"))


def _given(parameters: Mapping[bytes, bytes | None], *names: bytes) -> list[bytes]:
    return [b"%b=%b" % (name, value) for name in names if (value := parameters.get(name)) is not None]
