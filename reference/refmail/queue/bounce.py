"""The report that tells a sender what became of a message (RFC 3464, RFC 6522, RFC 3461 section 6, RFC 5321 section 6.1)."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from random import Random

from refmail.message.envelope import Envelope, Recipient
from refmail.message.header import fields
from refmail.queue.client import Result

__all__ = ["Action", "Outcome", "Reporter", "wants_report"]

#: Octets of the returned message above which only its header section is returned.
RETURN_LIMIT = 64 * 1024


class Action(enum.Enum):
    """What a report says was done (RFC 3464 section 2.3.3)."""

    #: It will not be delivered.
    FAILED = "failed"
    #: It is in the recipient's mailbox.
    DELIVERED = "delivered"
    #: It was handed to a host that will report no success.
    RELAYED = "relayed"
    #: It was sent on to several addresses.
    EXPANDED = "expanded"


#: How the text for people goes on after "Your message".
_WORDS = {
    Action.FAILED: "could not be delivered to:",
    Action.DELIVERED: "was delivered to:",
    Action.RELAYED: "was sent on, and success will not be reported any further, for:",
    Action.EXPANDED: "was sent on to the members of:",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recipient, and what became of the message for it."""

    recipient: Recipient
    result: Result
    action: Action = Action.FAILED


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes reports in the name of one server."""

    hostname: str
    random: Random

    def report(
        self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: datetime, now: datetime
    ) -> bytes:
        """Return a multipart/report message about the outcomes.

        Args:
            envelope: of the message; it must have a reverse-path.
            outcomes: at least one.
            octets: the message.
            arrived: when it arrived, with a time zone.
            now: with a time zone.
        """
        assert envelope.reverse_path is not None
        boundary = f"{self.random.getrandbits(96):024x}/{self.hostname}"
        failed = any(outcome.action is Action.FAILED for outcome in outcomes)
        returned, kind = _returned(envelope, octets, failed=failed)
        eight_bit = not returned.isascii()
        host = self.hostname.encode("ascii")
        parts = (
            b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + _notice(self.hostname, outcomes),
            b"Content-Type: message/delivery-status\r\n\r\n" + _status(host, envelope, outcomes, arrived, now),
            b"Content-Type: %b\r\n%b\r\n" % (kind, b"Content-Transfer-Encoding: 8bit\r\n" if eight_bit else b"")
            + returned,
        )
        header = (
            b"From: Mail delivery system <postmaster@%b>\r\n" % host
            + b"To: <%b>\r\n" % envelope.reverse_path.to_wire()
            + (b"Subject: Undelivered mail\r\n" if failed else b"Subject: Delivery report\r\n")
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


def wants_report(recipient: Recipient, action: Action = Action.FAILED) -> bool:
    """Whether this may be reported of the recipient; without NOTIFY only failures are (RFC 3461 section 5.2)."""
    notify = recipient.parameters.get(b"NOTIFY")
    if action is Action.FAILED and notify is None:
        return True
    wanted = b"FAILURE" if action is Action.FAILED else b"SUCCESS"
    return wanted in (notify or b"").upper().split(b",")


def _notice(hostname: str, outcomes: Sequence[Outcome]) -> bytes:
    lines = [f"This is the mail system at {hostname}.", ""]
    for action in Action:
        concerned = [outcome for outcome in outcomes if outcome.action is action]
        lines += [f"Your message {_WORDS[action]}", ""] if concerned else []
        for outcome in concerned:
            lines += [f"<{outcome.recipient.address}>", f"    {_printable(outcome.result.text, 400)}", ""]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii", "backslashreplace")


def _status(host: bytes, envelope: Envelope, outcomes: Sequence[Outcome], arrived: datetime, now: datetime) -> bytes:
    # delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )
    envelope_id = envelope.parameters.get(b"ENVID")
    content = b"Original-Envelope-Id: %b\r\n" % _xtext(envelope_id) if envelope_id else b""
    content += b"Reporting-MTA: dns; %b\r\n" % host
    content += b"Arrival-Date: %b\r\n" % format_datetime(arrived).encode("ascii")
    for outcome in outcomes:
        content += b"\r\n" + _recipient_fields(outcome, now)
    return content


def _recipient_fields(outcome: Outcome, now: datetime) -> bytes:
    recipient, result = outcome.recipient, outcome.result
    original = recipient.parameters.get(b"ORCPT")
    lines: list[bytes] = []
    if original and b";" in original:
        kind, _, address = original.partition(b";")
        lines.append(b"Original-Recipient: %b; %b" % (kind, _xtext(address)))
    lines.append(b"Final-Recipient: rfc822; %b" % recipient.address.to_wire())
    lines.append(b"Action: %b" % outcome.action.value.encode("ascii"))
    lines.append(b"Status: %b" % result.status.encode("ascii"))
    if result.code and result.host:
        lines.append(b"Remote-MTA: dns; %b" % result.host.encode("ascii", "backslashreplace"))
    if result.code:
        lines.append(b"Diagnostic-Code: smtp; %b" % _printable(result.text, 900).encode("ascii"))
    if result.host:
        lines.append(b"Last-Attempt-Date: %b" % format_datetime(now).encode("ascii"))
    return b"".join(line + b"\r\n" for line in lines)


def _returned(envelope: Envelope, octets: bytes, *, failed: bool) -> tuple[bytes, bytes]:
    """Return what of the message goes back, and its content type; the header section says enough of a success."""
    whole = failed and (envelope.parameters.get(b"RET") or b"FULL").upper() == b"FULL"
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
