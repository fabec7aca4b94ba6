"""Steps that several checks take, and the shapes of what fixtures give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mailspec.wire.imap import ImapClient
from mailspec.wire.pop3 import ERR, Pop3Client
from mailspec.wire.smtp import CLOSED, PERMANENT, TRANSIENT, SmtpClient

__all__ = ["Envelope", "MessageMaker", "Sender", "expect_no_message", "require_refusals"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The addresses that a check may use in MAIL and RCPT."""

    #: A reverse-path of ours, in a domain of the lab.
    sender: bytes
    #: The address of the account under test.
    recipient: bytes
    #: An address in the target's domain that has no mailbox.
    unknown: bytes
    #: The target's domain.
    domain: bytes


class MessageMaker(Protocol):
    """Makes messages that nobody has seen before."""

    def __call__(self, *, body: bytes = b"Hello.\r\n", extra: bytes = b"") -> bytes:
        """Return a message with its own Message-ID.

        Args:
            body: lines that end in CRLF.
            extra: whole header fields, put before the others.
        """
        ...


class Sender(Protocol):
    """Sends a message to the account under test by SMTP."""

    def __call__(self, message: bytes) -> None:
        """Send it; anything but 250 blocks the check."""
        ...


def expect_no_message(smtp: SmtpClient) -> None:
    """Judge that DATA without an accepted recipient takes no message (RFC 5321 section 3.3).

    It may be refused with 503 or 554 at once, or 354 may be followed by a refusal of the data.
    """
    reply = smtp.command(b"DATA")
    reply.expect(354, PERMANENT)
    if reply.code == 354:
        smtp.send(b"Subject: nobody\r\n\r\nnobody\r\n.\r\n")
        smtp.reply().expect(PERMANENT, CLOSED)


def require_refusals(client: SmtpClient | Pop3Client | ImapClient) -> None:
    """Require that the target refuses a command that nobody has defined.

    Success says nothing about a target that says yes to everything; where a check looks for nothing but success, this
    comes last, for by then no odd reply to it can be taken for another.
    """
    match client:
        case SmtpClient():
            client.command(b"X-NOBODYS").require(PERMANENT, TRANSIENT)
        case Pop3Client():
            client.command(b"XNOBODYS").require(ERR)
        case ImapClient():
            client.command(b"XNOBODYS").require("BAD", "NO")
