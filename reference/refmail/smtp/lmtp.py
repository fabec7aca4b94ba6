"""LMTP (RFC 2033): SMTP for the last step, with a reply of its own for each recipient after the message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from msgspec import structs

from refmail.machine import Steps
from refmail.message.envelope import Address, Envelope
from refmail.message.trace import Hop
from refmail.services import Peer, Services
from refmail.smtp.replies import Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import LEGAL, State

__all__ = ["LmtpSession"]

_HELLOS = {b"EHLO", b"HELO"}

#: BDAT that ends the message, whatever else may be wrong with it.
_LAST = re.compile(rb"BDAT +\d+ +LAST[ \t]*", re.IGNORECASE)


class LmtpSession(SmtpSession):
    """A server's side of one LMTP connection; what is refused to one recipient is nothing to the others."""

    hello: ClassVar[str] = "LHLO"
    verbs: ClassVar[Mapping[bytes, str]] = {
        b"LHLO": "do_ehlo",
        **{verb: name for verb, name in SmtpSession.verbs.items() if verb not in _HELLOS},
    }
    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {state: verbs | {b"LHLO"} for state, verbs in LEGAL.items()}
    usage: ClassVar[Mapping[bytes, str]] = {
        b"LHLO": "LHLO name",
        **{verb: text for verb, text in SmtpSession.usage.items() if verb not in _HELLOS},
    }

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        #: Replies that the present command still gets.
        self.owed = 1

    def greeting(self) -> Reply:
        return Reply.of(220, "", f"{self.services.hostname} LMTP refmail is ready")

    def answer(self, line: bytes) -> Steps[Reply | None]:
        """Answer as often as the command asks for: a last BDAT without a recipient gets no reply (section 4.3)."""
        in_transaction = self.state in {State.MAIL, State.RCPT, State.BDAT}
        last = in_transaction and _LAST.fullmatch(line) is not None
        self.owed = len(self.transaction.recipients) if last else 1
        reply = yield from super().answer(line)
        if reply is None or not self.owed:
            return None
        for _ in range(self.owed - 1):
            self.reply(reply)
        return reply

    def take(self, content: bytes | None) -> Steps[Reply]:
        """Check the message and deliver it to one recipient after the other, each durably before its reply.

        Raises:
            Rejection: the message is refused, to all of them.
        """
        envelope = self.envelope()
        self.owed = len(envelope.recipients)
        content = self.checked(content)
        self.note_received(envelope, len(content))
        replies: dict[Address, Reply] = {}
        for recipient in envelope.recipients:
            address = recipient.address
            if address not in replies:
                alone = replace(envelope, recipients=(recipient,))
                replies[address] = yield from self.deliver(alone, content)
            if self.owed > 1:
                self.reply(replies[address])
                self.owed -= 1
        return replies[envelope.recipients[-1].address]

    def deliver(self, envelope: Envelope, content: bytes) -> Steps[Reply]:
        """Deliver to the one recipient of an envelope; whatever fails becomes the reply."""
        try:
            yield from self.call(self.services.accept, envelope, self.stamped(envelope, content))
        except Exception as fault:  # noqa: BLE001 - it is temporary for this recipient, and nothing to the next
            return self.fault(fault)
        return Reply.of(250, "2.1.5", f"<{envelope.recipients[0].address}> delivered as {envelope.trace_id}")

    def hop(self, envelope: Envelope) -> Hop:
        """Return what our Received field tells: LMTP, LMTPS, LMTPA or LMTPSA (RFC 3848)."""
        hop = super().hop(envelope)
        return structs.replace(hop, protocol=hop.protocol.replace("ESMTP", "LMTP").replace("UTF8SMTP", "UTF8LMTP"))
