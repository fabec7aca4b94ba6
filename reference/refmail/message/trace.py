"""The trace fields that a server adds: Received and Return-Path (RFC 5321 section 4.4)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from refmail.message.address import address_literal
from refmail.message.dates import date_time
from refmail.message.envelope import Address, ReversePath
from refmail.message.header import at_most, fields, without

__all__ = ["Hop", "count_received", "for_final_delivery", "received", "return_path", "with_protocol"]


class Hop(msgspec.Struct, frozen=True):
    """What a Received field tells."""

    #: The argument of EHLO or HELO: a domain or an address literal.
    client_name: bytes
    #: IP address the connection came from.
    client_address: str
    server_name: str
    #: "ESMTP", "ESMTPS" ...: see `with_protocol`.
    protocol: str
    #: Atom that names the transaction in our logs.
    trace_id: str
    #: With a time zone.
    at: datetime
    #: The recipient, only where there is a single one: more would tell who got a blind copy (section 7.2).
    recipient: Address | None = None
    #: Version and cipher suite of TLS; None without it.
    tls: tuple[str, str] | None = None


def with_protocol(*, extended: bool, tls: bool, authenticated: bool, utf8: bool = False) -> str:
    """Return the keyword of the WITH clause (RFC 3848, RFC 6531 section 4.3)."""
    if not extended:
        return "SMTP"
    return ("UTF8SMTP" if utf8 else "ESMTP") + ("S" if tls else "") + ("A" if authenticated else "")


def received(hop: Hop) -> bytes:
    """Return the time stamp line, folded, CRLF included."""
    # Time-stamp-line = "Received:" FWS Stamp <CRLF>
    # Stamp = From-domain By-domain Opt-info [CFWS] ";" FWS date-time
    # From-domain = "FROM" FWS Extended-Domain ; By-domain = CFWS "BY" FWS Extended-Domain
    # Opt-info = [Via] [With] [ID] [For] ...
    literal = address_literal(hop.client_address)
    recipient = b"\r\n\tfor <%b>" % hop.recipient.to_wire() if hop.recipient is not None else b""
    return b"Received: from %b (%b)\r\n\tby %b with %b id %b%b%b;\r\n\t%b\r\n" % (
        hop.client_name,
        literal,
        hop.server_name.encode("ascii"),
        hop.protocol.encode("ascii"),
        hop.trace_id.encode("ascii"),
        recipient,
        _tls_clause(*hop.tls) if hop.tls is not None else b"",
        date_time(hop.at),
    )


def _tls_clause(version: str, cipher: str) -> bytes:
    """Return the TLS clause, or a comment where the library does not know the suite by its registered name."""
    # tls-clause = CFWS "tls" FWS tls-cipher ; tls-cipher = Atom, from IANA's registry  (RFC 8314 section 4.3)
    text = f"tls {cipher}" if cipher.startswith("TLS_") else f"({version} {cipher})"
    return b"\r\n\t" + text.encode("ascii")


def count_received(octets: bytes) -> int:
    """Count the Received fields: many of them show a loop (RFC 5321 section 6.3)."""
    if not at_most(octets, b"received"):
        return 0
    return sum(1 for field in fields(octets) if field.name == b"received")


def return_path(path: ReversePath) -> bytes:
    """Return the Return-Path line, CRLF included."""
    # Return-path-line = "Return-Path:" FWS Reverse-path <CRLF>
    return b"Return-Path: <%b>\r\n" % (path.to_wire() if path is not None else b"")


def for_final_delivery(octets: bytes, path: ReversePath) -> bytes:
    """Return the message as it leaves the SMTP world: our Return-Path on top and no other."""
    return return_path(path) + without(octets, b"return-path")
