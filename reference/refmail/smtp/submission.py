"""The submission service's own rules (RFC 6409): who may send as whom, whole domain names, and what it mends."""

from __future__ import annotations

from refmail.message.address import is_address_literal
from refmail.message.completion import Completion, completed, incomplete_domain, malformed_address
from refmail.message.envelope import Address, Envelope, ReversePath
from refmail.smtp.data import DataCommand
from refmail.smtp.mail import MailCommand
from refmail.smtp.rcpt import RcptCommand
from refmail.smtp.replies import Rejection

__all__ = ["SubmissionRules"]


class SubmissionRules(MailCommand, RcptCommand, DataCommand):
    """Applies them on the submission listeners and nowhere else."""

    def check_sender(self, reverse_path: ReversePath) -> None:
        """Check the sender.

        Raises:
            Rejection: 554 for a domain that is not whole (section 4.2), 550 for somebody else's address (section 6.1).
        """
        super().check_sender(reverse_path)
        if not self.is_submission or reverse_path is None:
            return
        if not self.is_whole(reverse_path):
            raise Rejection(554, "5.1.8", "The sender's domain is not fully qualified")
        if self.policy.submission_senders == "own" and not self.is_own(reverse_path):
            raise Rejection(550, "5.7.1", f"{self.user} may not send as <{reverse_path}>")

    def check_recipient(self, address: Address) -> None:
        """Check a recipient.

        Raises:
            Rejection: 554 for a domain that is not whole (section 4.2).
        """
        super().check_recipient(address)
        if self.is_submission and address.domain and not self.is_whole(address):
            raise Rejection(554, "5.1.2", "The recipient's domain is not fully qualified")

    def is_whole(self, address: Address) -> bool:
        """Say whether a domain is fully qualified, as far as its form tells; our own ones are as they are."""
        known = b"." in address.domain or is_address_literal(address.domain)
        return known or self.services.directory.find(address).kind != "remote"

    def is_own(self, address: Address) -> bool:
        """Say whether an address belongs to who has logged in: directly, or by an alias that leads to nobody else."""
        found = self.services.directory.find(address)
        if found.kind == "alias":
            return all(self.is_own(member) for member in found.members if member != address)
        return found.kind == "local" and found.user == self.user

    def checked(self, content: bytes | None) -> bytes:
        """Check the message as well, since it may be changed (section 4.2).

        Raises:
            Rejection: 554.
        """
        content = super().checked(content)
        if self.is_submission and self.policy.submission_fixes:
            self.check_address_fields(content)
            domain = incomplete_domain(content)
            if domain is not None:
                text = domain.decode("ascii", "backslashreplace")
                raise Rejection(554, "5.6.0", f"An address field has a domain that is not fully qualified: {text}")
        return content

    def check_address_fields(self, content: bytes) -> None:
        """Refuse addresses in the header section that break the syntax (section 5.1).

        Raises:
            Rejection: 554.
        """
        if malformed_address(content) is not None:
            raise Rejection(554, "5.6.0", "An address field of the header section breaks the syntax")

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        """Add what the message lacks (sections 8.1 to 8.3), below our Received field."""
        if self.is_submission and self.policy.submission_fixes:
            content = completed(content, self.completion(envelope))
        return super().stamped(envelope, content)

    def completion(self, envelope: Envelope) -> Completion:
        """Return what the missing fields would hold."""
        sender = self.services.directory.address_of(self.user) if self.user is not None else None
        return Completion(
            date=envelope.arrived or self.services.now(),
            # The id of our Received field is unique, and so is our name.
            message_id=f"<{envelope.trace_id}@{self.services.hostname}>".encode("ascii"),
            sender=sender,
            is_own=self.is_own,
        )
