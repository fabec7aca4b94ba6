"""The report that tells a sender what could not be delivered (RFC 3464, RFC 6522, RFC 5321 section 6.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from random import Random

from refmail.message.envelope import Envelope, Recipient
from refmail.message.header import fields
from refmail.queue.client import Result

__all__ = ["Failure", "Reporter", "wants_report"]

#: Octets of the returned message above which only its header section is returned.
RETURN_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient that will not be served, and why."""

    recipient: Recipient
    result: Result


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes failure reports in the name of one server."""

    hostname: str
    random: Random

    def report(
        self, envelope: Envelope, failures: Sequence[Failure], octets: bytes, *, arrived: datetime, now: datetime
    ) -> bytes:
        """Return a multipart/report message about the failures.

        Args:
            envelope: of the message that failed; it must have a reverse-path.
            failures: at least one.
            octets: the message that failed.
            arrived: when it arrived, with a time zone.
            now: with a time zone.
        """
        assert envelope.reverse_path is not None
        boundary = f"{self.random.getrandbits(96):024x}/{self.hostname}"
        returned, kind = _returned(envelope, octets)
        eight_bit = not returned.isascii()
        host = self.hostname.encode("ascii")
        parts = (
            b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + _notice(self.hostname, failures),
            b"Content-Type: message/delivery-status\r\n\r\n" + _status(host, envelope, failures, arrived, now),
            b"Content-Type: %b\r\n%b\r\n" % (kind, b"Content-Transfer-Encoding: 8bit\r\n" if eight_bit else b"")
            + returned,
        )
        header = (
            b"From: Mail delivery system <postmaster@%b>\r\n" % host
            + b"To: <%b>\r\n" % envelope.reverse_path.to_wire()
            + b"Subject: Undelivered mail\r\n"
            + b"Date: %b\r\n" % format_datetime(now).encode("ascii")
            + b"Message-ID: <%x@%b>\r\n" % (self.random.getrandbits(96), host)
            # RFC 3834 section 5: so that no other robot answers it.
            + b"Auto-Submitted: auto-replied\r\n"
            + b"MIME-Version: 1.0\r\n"
            + b"Content-Type: multipart/report; report-type=delivery-status;\r\n"
            + b'\tboundary="%b"\r\n' % boundary.encode("ascii")
            + (b"Content-Transfer-Encoding: 8bit\r\n" if eight_bit else b"")
            + b"\r\n"
        )
        delimiter = b"--%b" % boundary.encode("ascii")
        return header + b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts) + delimiter + b"--\r\n"


def wants_report(recipient: Recipient) -> bool:
    """Whether a failure of this recipient may be reported (NOTIFY of RFC 3461 section 4.1)."""
    notify = recipient.parameters.get(b"NOTIFY")
    return notify is None or b"FAILURE" in notify.upper().split(b",")


def _notice(hostname: str, failures: Sequence[Failure]) -> bytes:
    lines = [f"This is the mail system at {hostname}.", "", "Your message could not be delivered to:", ""]
    for failure in failures:
        lines += [f"<{failure.recipient.address}>", f"    {_printable(failure.result.text, 400)}", ""]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii", "backslashreplace")


def _status(host: bytes, envelope: Envelope, failures: Sequence[Failure], arrived: datetime, now: datetime) -> bytes:
    # delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )
    envelope_id = envelope.parameters.get(b"ENVID")
    content = b"Original-Envelope-Id: %b\r\n" % _xtext(envelope_id) if envelope_id else b""
    content += b"Reporting-MTA: dns; %b\r\n" % host
    content += b"Arrival-Date: %b\r\n" % format_datetime(arrived).encode("ascii")
    for failure in failures:
        content += b"\r\n" + _recipient_fields(failure, now)
    return content


def _recipient_fields(failure: Failure, now: datetime) -> bytes:
    recipient, result = failure.recipient, failure.result
    original = recipient.parameters.get(b"ORCPT")
    lines: list[bytes] = []
    if original and b";" in original:
        kind, _, address = original.partition(b";")
        lines.append(b"Original-Recipient: %b; %b" % (kind, _xtext(address)))
    lines.append(b"Final-Recipient: rfc822; %b" % recipient.address.to_wire())
    lines.append(b"Action: failed")
    lines.append(b"Status: %b" % result.status.encode("ascii"))
    if result.code and result.host:
        lines.append(b"Remote-MTA: dns; %b" % result.host.encode("ascii", "backslashreplace"))
    if result.code:
        lines.append(b"Diagnostic-Code: smtp; %b" % _printable(result.text, 900).encode("ascii"))
    if result.host:
        lines.append(b"Last-Attempt-Date: %b" % format_datetime(now).encode("ascii"))
    return b"".join(line + b"\r\n" for line in lines)


def _returned(envelope: Envelope, octets: bytes) -> tuple[bytes, bytes]:
    """Return what of the message goes back, and its content type."""
    whole = (envelope.parameters.get(b"RET") or b"FULL").upper() == b"FULL"
    if whole and len(octets) <= RETURN_LIMIT:
        return octets, b"message/rfc822"
    end = max((field.end for field in fields(octets)), default=0)
    return octets[:end], b"text/rfc822-headers"


def _printable(text: str, limit: int) -> str:
    """Return text as one line of printable ASCII, at most `limit` characters."""
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:limit]


def _xtext(octets: bytes) -> bytes:
    # xtext = *( xchar / hexchar ) ; hexchar = "+" two upper case hexadecimal digits    (RFC 3461 section 4)
    plain = re.sub(rb"\+([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), octets)
    return re.sub(rb"[^\x20-\x7e]+", b" ", plain)
