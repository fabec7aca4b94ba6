"""The envelope of a message: what MAIL and RCPT said (RFC 5321 section 2.3.1)."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

__all__ = ["DOT_STRING_8", "Address", "Envelope", "Parameters", "Recipient", "ReversePath"]

#: Parameters of MAIL or RCPT: keyword in upper case, value exactly as it was sent (None where it had none).
Parameters = Mapping[bytes, bytes | None]

# Dot-string = Atom *("." Atom)                   (RFC 5321 section 4.1.2; atext: RFC 5322 section 3.2.3)
# atext      =/ UTF8-non-ascii                    (RFC 6531 section 3.3)
_ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+"
DOT_STRING_8 = re.compile(_ATOM + rb"(?:\." + _ATOM + rb")*")


class Address(msgspec.Struct, frozen=True):
    """A mailbox by its meaning: quoting is gone, so equal mailboxes are equal values.

    RFC 5321 section 4.1.2: a quoted local part and its unquoted form name the same mailbox.
    """

    #: Case is kept: only the destination host may interpret it (section 2.4).
    local_part: bytes
    #: A domain in lower case (U-labels as they were sent) or an address literal with its brackets; empty for the bare `<Postmaster>`.
    domain: bytes

    def to_wire(self) -> bytes:
        """Return `local@domain`, quoted only where the grammar asks for it."""
        return _wire(self)

    @property
    def is_ascii(self) -> bool:
        """Whether it needs no SMTPUTF8 (RFC 6531)."""
        return self.local_part.isascii() and self.domain.isascii()

    def __str__(self) -> str:
        return self.to_wire().decode("utf-8", "backslashreplace")


# The sender and the recipient of one message are asked for it four times.
@functools.lru_cache(maxsize=1024)
def _wire(address: Address) -> bytes:
    local_part = address.local_part
    if DOT_STRING_8.fullmatch(local_part) is None:
        escaped = local_part.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        local_part = b'"' + escaped + b'"'
    return local_part + b"@" + address.domain if address.domain else local_part


#: Where failures are reported; None is the null reverse-path `<>`.
ReversePath = Address | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One accepted RCPT."""

    address: Address
    parameters: Parameters = field(default_factory=dict[bytes, bytes | None])
    #: The local user whose mailbox it is, or None for an alias, a list, or an address elsewhere.
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything about a message that is not its octets."""

    reverse_path: ReversePath
    recipients: tuple[Recipient, ...]
    #: Of MAIL: SIZE, BODY, AUTH, ENVID, RET ...
    parameters: Parameters = field(default_factory=dict[bytes, bytes | None])
    #: When the message arrived (with a time zone), or None where the queue should take its own time.
    arrived: datetime | None = None
    #: The id in our Received field, for logs.
    trace_id: str = ""
