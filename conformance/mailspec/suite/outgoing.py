"""Mail that the target is to send on: submitting it, and judging where it went or that it came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailspec.lab import Delivery, Host, Lab
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import MessageMaker
from mailspec.target.target import Target
from mailspec.verdict import Inconclusive, Violation
from mailspec.wire.poll import until
from mailspec.wire.smtp import SmtpClient

__all__ = ["Outgoing"]

#: Share of the target's give-up time within which a failure known at once must be reported.
AT_ONCE = 0.6

#: Where the reply says no for good.
PERMANENT_FROM = 500


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Gives the target mail for domains of the lab and says what became of it."""

    lab: Lab
    target: Target
    client: SmtpClient
    make_message: MessageMaker
    inbox: Inbox
    #: The reverse-path: the account under test, whose INBOX gets what comes back.
    sender: bytes

    @property
    def deadline(self) -> float:
        """Seconds in which mail that can be delivered is, retries apart."""
        give_up = self.target.profile.dns.give_up_seconds if self.target.profile.dns else None
        return min(self.target.arrival_deadline, give_up or self.target.arrival_deadline)

    def send(self, *recipients: str, sender: bytes | None = None, body: bytes = b"Hello.\r\n") -> bytes:
        """Submit one message and return it.

        Raises:
            Blocked: the target does not take it.
        """
        message = self.make_message(body=body)
        addresses = [recipient.encode() for recipient in recipients]
        self.client.deliver(self.sender if sender is None else sender, addresses, message)
        return message

    def delivered(self, domain: str, count: int = 1) -> tuple[Delivery, ...]:
        """Judge that as many messages for a domain are delivered in time, and return them."""
        found = self.lab.wait_deliveries(domain, count, self.deadline)
        if len(found) != count:
            raise Violation(
                [f"{count} delivered to the hosts of {domain}"], f"{len(found)} in {self.deadline:g} seconds"
            )
        return found

    def delivered_to(self, domain: str, host: Host) -> Delivery:
        """Judge that one message for a domain is delivered to that host."""
        (delivery,) = self.delivered(domain)
        if delivery.host != host.address:
            raise Violation([f"delivery to {host.address}"], f"delivery to {delivery.host}")
        return delivery

    def arrived(self, domain: str) -> Delivery:
        """Return the one message delivered for a domain, wherever.

        Raises:
            Inconclusive: there is none in time.
        """
        found = self.lab.wait_deliveries(domain, 1, self.deadline)
        if not found:
            msg = f"nothing was delivered for {domain} in {self.deadline:g} seconds"
            raise Inconclusive(msg)
        return found[0]

    def returned(self, recipient: str) -> None:
        """Judge that mail for a recipient is refused, or reported to the sender after one attempt."""
        message = self.make_message()
        self.client.mail(self.sender).require(250)
        reply = self.client.rcpt(recipient.encode())
        if reply.code >= PERMANENT_FROM:
            return
        reply.require(250, 251)
        reply = self.client.data(message)
        if reply.code >= PERMANENT_FROM:
            return
        reply.require(250)
        seconds = self.deadline * AT_ONCE
        if not self.reported(message, seconds):
            raise Violation(["a 5yz reply", "a failure report to the sender"], f"neither in {seconds:g} seconds")

    def reported(self, message: bytes, seconds: float) -> bool:
        """Wait for a failure report about a message and say whether it came."""
        return until(lambda: self.inbox.holds(message), seconds)

    def contacted(self, hosts: Sequence[Host], since: int) -> list[str]:
        """Return the addresses of hosts in the order of their first connection, connections up to `since` left out."""
        own = {host.address for host in hosts}
        seen = (c.host for c in self.lab.connections() if c.number > since and c.host in own)
        return list(dict.fromkeys(seen))

    def latest_connection(self) -> int:
        """Return the number of the latest connection to any host of this worker."""
        return max((connection.number for connection in self.lab.connections()), default=0)
