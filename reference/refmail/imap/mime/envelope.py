"""ENVELOPE (RFC 3501 section 7.4.2)."""

from __future__ import annotations

from refmail.imap import wire
from refmail.imap.mime.addresses import Address, addresses
from refmail.imap.mime.entity import ENVELOPE, Entity

__all__ = ["envelope"]


def envelope(message: Entity) -> bytes:
    """ABNF: envelope = "(" env-date SP env-subject SP env-from SP ... SP env-message-id ")"."""
    if (noted := message.noted(ENVELOPE)) is not None:
        return noted
    sender = _addresses(message, b"from")
    return b"(%s)" % b" ".join(
        (
            wire.nstring(message.first(b"date")),
            wire.nstring(message.first(b"subject")),
            _address_list(sender),
            _address_list(_addresses(message, b"sender") or sender),
            _address_list(_addresses(message, b"reply-to") or sender),
            _address_list(_addresses(message, b"to")),
            _address_list(_addresses(message, b"cc")),
            _address_list(_addresses(message, b"bcc")),
            wire.nstring(message.first(b"in-reply-to")),
            wire.nstring(message.first(b"message-id")),
        )
    )


def _addresses(message: Entity, name: bytes) -> list[Address]:
    return [address for value in message.all(name) for address in addresses(value)]


def _address_list(found: list[Address]) -> bytes:
    """ABNF: env-to = "(" 1*address ")" / nil, and so the other five."""
    return b"(%s)" % b"".join(map(_address, found)) if found else b"NIL"


def _address(address: Address) -> bytes:
    """ABNF: address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"."""
    parts = (address.name, address.route, address.mailbox, address.host)
    return b"(%s)" % b" ".join(map(wire.nstring, parts))
