"""Final delivery into the store: the message leaves the SMTP world (RFC 5321 section 4.4)."""

from __future__ import annotations

from refmail.message.envelope import Envelope
from refmail.message.trace import for_final_delivery
from refmail.store.api import MailStore

__all__ = ["deliver_locally"]


def deliver_locally(store: MailStore, envelope: Envelope, octets: bytes) -> None:
    """Put the message into the mailbox of each local recipient, once for each user, durably.

    Raises:
        StoreError: at one of the users; those before it have the message.
    """
    message = for_final_delivery(octets, envelope.reverse_path)
    for user in dict.fromkeys(recipient.user for recipient in envelope.recipients if recipient.user is not None):
        store.deliver(user, message)
