"""Domains that say by a null MX that they take no mail (RFC 7505 section 4, 556 of RFC 7504 section 5)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.message.envelope import Address
from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.states import State

__all__ = ["NullMxCheck"]


class NullMxCheck(SessionBase):
    """Asks the DNS about the domain of a sender or a recipient elsewhere that was about to be accepted."""

    def perform(self, line: bytes) -> Steps[Reply | None]:
        # Without a way out there is no DNS to ask.
        return self.perform_and_ask(line) if self.services.can_relay else super().perform(line)

    def perform_and_ask(self, line: bytes) -> Steps[Reply | None]:
        """Carry out one command, and look up the domain that it brought."""
        before = len(self.transaction.recipients)
        reply = yield from super().perform(line)
        if reply is not None and 200 <= reply.code < 300:
            if self.verb == "RCPT" and len(self.transaction.recipients) > before:
                yield from self.check_recipient_domain()
            elif self.verb == "MAIL":
                yield from self.check_sender_domain()
        return reply

    def check_recipient_domain(self) -> Steps[None]:
        """Take the last recipient back if its domain takes no mail.

        Raises:
            Rejection: 556.
        """
        address = self.transaction.recipients[-1].address
        if not self.policy.refuse_null_mx or not (yield from self.takes_no_mail_at(address)):
            return
        self.transaction.recipients.pop()
        if not self.transaction.recipients:
            self.state = State.MAIL
        raise Rejection(556, "5.1.10", f"{address.domain.decode(errors='replace')} does not accept mail")

    def check_sender_domain(self) -> Steps[None]:
        """Abort the transaction if no report could ever reach its sender.

        Raises:
            Rejection: 550.
        """
        address = self.transaction.reverse_path
        if not self.policy.refuse_null_mx_senders or address is None:
            return
        if (yield from self.takes_no_mail_at(address)):
            self.reset()
            raise Rejection(550, "5.7.27", "The domain of the sender does not accept mail")

    def takes_no_mail_at(self, address: Address) -> Steps[bool]:
        """Say whether the address is elsewhere and its domain has a null MX; trouble with the DNS is no answer."""
        if self.services.directory.find(address).kind != "remote":
            return False
        return (yield from self.call(self.services.has_null_mx, address.domain))
