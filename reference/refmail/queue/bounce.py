"""The report that tells a sender what became of a message (RFC 3464, 6522, 6533, RFC 3461 section 6, RFC 5321 section 6.1)."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from random import Random

import msgspec

from refmail.message.envelope import Envelope, Recipient
from refmail.message.utf8_address import from_unitext, to_xtext
from refmail.queue.client import Result
from refmail.queue.returned import returned_part

__all__ = ["Action", "Outcome", "Reporter", "wants_report"]


class Action(enum.Enum):
    """What a report says was done (RFC 3464 section 2.3.3)."""

    #: It will not be delivered.
    FAILED = "failed"
    #: It is still being tried.
    DELAYED = "delayed"
    #: It is in the recipient's mailbox.
    DELIVERED = "delivered"
    #: It was handed to a host that will report no success.
    RELAYED = "relayed"
    #: It was sent on to several addresses.
    EXPANDED = "expanded"


#: How the text for people goes on after "Your message".
_WORDS = {
    Action.FAILED: "could not be delivered to:",
    Action.DELAYED: "could not be delivered yet, and is still being tried (do not send it again), for:",
    Action.DELIVERED: "was delivered to:",
    Action.RELAYED: "was sent on, and success will not be reported any further, for:",
    Action.EXPANDED: "was sent on to the members of:",
}


class Outcome(msgspec.Struct, frozen=True):
    """One recipient, and what became of the message for it."""

    recipient: Recipient
    result: Result
    action: Action = Action.FAILED
    #: For "delayed": when it will be given up, with a time zone (RFC 3464 section 2.3.9).
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reporter:
    """Writes reports in the name of one server."""

    hostname: str
    random: Random

    def wants(self, recipient: Recipient, action: Action) -> bool:
        """Whether this is to be reported of the recipient."""
        return wants_report(recipient, action)

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
        # Only to an address that needs SMTPUTF8 a report may need it as well (RFC 6533 section 5).
        utf8 = not envelope.reverse_path.is_ascii
        actions = {outcome.action for outcome in outcomes}
        returned = returned_part(envelope, octets, whole=Action.FAILED in actions, utf8=utf8)
        status_type = b"message/global-delivery-status" if utf8 else b"message/delivery-status"
        host = self.hostname.encode("ascii")
        parts = (
            _notice(self.hostname, outcomes, utf8=utf8),
            b"Content-Type: %b\r\n\r\n" % status_type + _status(host, envelope, outcomes, arrived, now, utf8=utf8),
            returned,
        )
        eight_bit = not all(part.isascii() for part in parts)
        header = (
            b"From: Mail delivery system <postmaster@%b>\r\n" % host
            + b"To: <%b>\r\n" % envelope.reverse_path.to_wire()
            + b"Subject: %b\r\n" % _subject(actions)
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
    """Whether this may be reported of the recipient; without NOTIFY no success is (RFC 3461 sections 4.1 and 5.2)."""
    notify = recipient.parameters.get(b"NOTIFY")
    if notify is None:
        return action in (Action.FAILED, Action.DELAYED)
    wanted = {Action.FAILED: b"FAILURE", Action.DELAYED: b"DELAY"}.get(action, b"SUCCESS")
    return wanted in (notify or b"").upper().split(b",")


def _subject(actions: Collection[Action]) -> bytes:
    if Action.FAILED in actions:
        return b"Undelivered mail"
    return b"Delayed mail, still being tried" if Action.DELAYED in actions else b"Delivery report"


def _notice(hostname: str, outcomes: Sequence[Outcome], *, utf8: bool) -> bytes:
    lines = [f"This is the mail system at {hostname}.", ""]
    for action in Action:
        concerned = [outcome for outcome in outcomes if outcome.action is action]
        lines += [f"Your message {_WORDS[action]}", ""] if concerned else []
        for outcome in concerned:
            lines += [f"<{outcome.recipient.address}>", f"    {_printable(outcome.result.text, 400)}", ""]
    text = "".join(f"{line}\r\n" for line in lines).encode(*(("utf-8",) if utf8 else ("ascii", "backslashreplace")))
    if text.isascii():
        return b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + text
    return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text


def _status(
    host: bytes, envelope: Envelope, outcomes: Sequence[Outcome], arrived: datetime, now: datetime, *, utf8: bool
) -> bytes:
    # delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )
    envelope_id = envelope.parameters.get(b"ENVID")
    content = b"Original-Envelope-Id: %b\r\n" % _xtext(envelope_id) if envelope_id else b""
    content += b"Reporting-MTA: dns; %b\r\n" % host
    content += b"Arrival-Date: %b\r\n" % format_datetime(arrived).encode("ascii")
    for outcome in outcomes:
        content += b"\r\n" + _recipient_fields(outcome, now, utf8=utf8)
    return content


def _recipient_fields(outcome: Outcome, now: datetime, *, utf8: bool) -> bytes:
    recipient, result = outcome.recipient, outcome.result
    original = recipient.parameters.get(b"ORCPT")
    lines: list[bytes] = []
    if original and b";" in original:
        kind, _, address = original.partition(b";")
        international = kind.lower() == b"utf-8"
        plain = _utf8_form(from_unitext(address), utf8=utf8) if international else _xtext(address)
        lines.append(b"Original-Recipient: %b; %b" % (kind, plain))
    final = recipient.address.to_wire()
    if recipient.address.is_ascii:
        lines.append(b"Final-Recipient: rfc822; %b" % final)
    else:
        lines.append(b"Final-Recipient: utf-8; %b" % _utf8_form(final, utf8=utf8))
    lines.append(b"Action: %b" % outcome.action.value.encode("ascii"))
    lines.append(b"Status: %b" % result.status.encode("ascii"))
    if result.code and result.host:
        lines.append(b"Remote-MTA: dns; %b" % result.host.encode("ascii", "backslashreplace"))
    if result.code:
        lines.append(b"Diagnostic-Code: smtp; %b" % _printable(result.text, 900).encode("ascii"))
    if result.host:
        lines.append(b"Last-Attempt-Date: %b" % format_datetime(now).encode("ascii"))
    if outcome.until is not None:
        lines.append(b"Will-Retry-Until: %b" % format_datetime(outcome.until).encode("ascii"))
    return b"".join(line + b"\r\n" for line in lines)


def _utf8_form(address: bytes, *, utf8: bool) -> bytes:
    """Return an address of type utf-8 as the report can hold it (RFC 6533 section 3)."""
    return address if utf8 else to_xtext(address)


def _printable(text: str, limit: int) -> str:
    """Return text as one line of printable ASCII, at most `limit` characters."""
    return re.sub(r"[^\x20-\x7e]+", " ", text)[:limit]


def _xtext(octets: bytes) -> bytes:
    # xtext = *( xchar / hexchar ) ; hexchar = "+" two upper case hexadecimal digits    (RFC 3461 section 4)
    plain = re.sub(rb"\+([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), octets)
    return re.sub(rb"[^\x20-\x7e]+", b" ", plain)
