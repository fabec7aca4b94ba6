"""DATA (RFC 5321 section 4.1.1.4): take the message, check it, and become responsible for it."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.message.envelope import Envelope
from refmail.message.header import fields
from refmail.message.idn import to_u_labels
from refmail.message.lines import has_only_crlf
from refmail.message.trace import Hop, count_received, received, with_protocol
from refmail.smtp.content import ContentReader
from refmail.smtp.replies import Rejection, Reply

__all__ = ["DataCommand"]


class DataCommand(ContentReader):
    """Receives the message of a transaction and ends the transaction, however it goes."""

    def do_data(self, argument: bytes) -> Steps[Reply]:
        self.no_argument(argument)
        self.reply(Reply.of(354, "", "Send the message; end it with a line that holds a single dot"))
        content = yield from self.read_content()
        try:
            return (yield from self.take(content))
        finally:
            self.reset()

    def take(self, content: bytes | None) -> Steps[Reply]:
        """Check and accept the message; the 250 is sent only after it is durable (section 6.1).

        Raises:
            Rejection: the message is refused.
        """
        content = self.checked(content)
        envelope = self.envelope()
        self.note_received(envelope, len(content))
        yield from self.call(self.services.accept, envelope, self.stamped(envelope, content))
        return Reply.of(250, "2.0.0", f"Accepted as {envelope.trace_id}")

    def checked(self, content: bytes | None) -> bytes:
        """Return the message if it is one that we take.

        Raises:
            Rejection: it is not.
        """
        if content is None:
            raise Rejection(552, "5.3.4", f"Messages may have {self.policy.message_size} octets")
        self.check_line_ends(content)
        self.check_eight_bit(content)
        self.check_loop(content)
        return content

    def check_line_ends(self, content: bytes) -> None:
        """Refuse CR and LF outside CRLF: the next server might take them for line ends (section 2.3.8).

        Raises:
            Rejection: 554.
        """
        if not has_only_crlf(content):
            raise Rejection(554, "5.6.0", "The message holds a CR or LF that is not part of a CRLF")

    @property
    def refuses_unannounced(self) -> bool:
        """Whether 8-bit content that was not announced is refused."""
        return self.policy.unannounced_eight_bit == "refuse"

    def check_eight_bit(self, content: bytes) -> None:
        """Refuse 8-bit content that was not announced by BODY=8BITMIME, where that is the policy.

        Section 2.4 leaves the choice, and asks relays to take content for valid. Many clients announce nothing.

        Raises:
            Rejection: 554.
        """
        if not self.refuses_unannounced:
            return
        announced = content
        if b"SMTPUTF8" in self.transaction.parameters:
            # It announces the header section (RFC 6532 section 3.2), and BODY what comes after it.
            announced = content[max((field.end for field in fields(content)), default=0) :]
        if not announced.isascii() and (self.transaction.parameters.get(b"BODY") or b"").upper() != b"8BITMIME":
            raise Rejection(554, "5.6.1", "8-bit content must be announced by BODY=8BITMIME")

    def check_loop(self, content: bytes) -> None:
        """Refuse a message that has passed through too many servers (section 6.3).

        Raises:
            Rejection: 554.
        """
        if count_received(content) > self.policy.received_fields:
            raise Rejection(554, "5.4.6", "The message is in a loop: it has too many Received fields")

    def envelope(self) -> Envelope:
        """Return the envelope of the open transaction under a new id."""
        return Envelope(
            self.transaction.reverse_path,
            tuple(self.transaction.recipients),
            dict(self.transaction.parameters),
            self.services.now(),
            f"{self.services.random.getrandbits(64):016x}",
        )

    def note_received(self, envelope: Envelope, octets: int) -> None:
        """Tell the journal of a message that was sent to us, before it goes anywhere."""
        self.services.journal.note(
            "smtp.received",
            trace=envelope.trace_id,
            listener=self.peer.listener,
            peer=self.peer.address,
            sender=str(envelope.reverse_path or ""),
            recipients=", ".join([str(recipient.address) for recipient in envelope.recipients]),
            size=octets,
        )

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        """Return the message with our Received field on top of it (section 4.4)."""
        return received(self.hop(envelope)) + content

    def name_in_trace(self, envelope: Envelope) -> bytes:
        """Return the client's name, with U-labels in a message with SMTPUTF8 that stays here (RFC 6531 section 3.7.3).

        Elsewhere they would make a message need SMTPUTF8 that might do without it.
        """
        if b"SMTPUTF8" not in envelope.parameters or any(recipient.user is None for recipient in envelope.recipients):
            return self.client_name
        return to_u_labels(self.client_name)

    def hop(self, envelope: Envelope) -> Hop:
        """Return what our Received field tells."""
        return Hop(
            client_name=self.name_in_trace(envelope),
            client_address=self.peer.address,
            server_name=self.services.hostname,
            protocol=with_protocol(
                extended=self.extended,
                tls=self.secure,
                authenticated=self.user is not None,
                utf8=b"SMTPUTF8" in envelope.parameters,
            ),
            trace_id=envelope.trace_id,
            at=envelope.arrived or self.services.now(),
            recipient=envelope.recipients[0].address if len(envelope.recipients) == 1 else None,
            tls=(self.tls.version, self.tls.cipher) if self.tls is not None else None,
        )
