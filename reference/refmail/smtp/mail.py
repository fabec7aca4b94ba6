"""MAIL (RFC 5321 section 4.1.1.2) with the parameters SIZE, BODY, AUTH and SMTPUTF8, and those of DSN."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from refmail.message.address import AddressError, parse_mailbox, parse_reverse_path
from refmail.message.envelope import ReversePath
from refmail.smtp.base import Transaction
from refmail.smtp.dsn import DsnParameters
from refmail.smtp.parameters import decode_xtext, parse_parameters
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.states import State

__all__ = ["MailCommand"]

# size-value = 1*20DIGIT  (RFC 1870 section 3)
_SIZE = re.compile(rb"\d{1,20}")


class MailCommand(DsnParameters):
    """Opens a transaction."""

    #: Method that checks the value of a parameter; other parameters get 555. By the extension that brings it.
    mail_parameters: ClassVar[Mapping[bytes, tuple[bytes, str]]] = {
        b"SIZE": (b"SIZE", "check_size"),
        b"BODY": (b"8BITMIME", "check_body"),
        b"AUTH": (b"AUTH", "check_auth"),
        b"RET": (b"DSN", "check_ret"),
        b"ENVID": (b"DSN", "check_envid"),
        b"SMTPUTF8": (b"SMTPUTF8", "check_smtputf8"),
    }

    def do_mail(self, argument: bytes) -> Reply:
        self.check_may_send()
        reverse_path, rest = self.reverse_path_from(argument)
        parameters = parse_parameters(rest)
        self.check_mail_parameters(parameters)
        self.check_declared(reverse_path, parameters, 550)
        self.check_sender(reverse_path)
        self.transaction = Transaction(reverse_path, parameters)
        self.state = State.MAIL
        return Reply.of(250, "2.1.0", "Sender accepted")

    def check_may_send(self) -> None:
        """Ask submission clients to log in first (RFC 6409 section 4.3).

        Raises:
            Rejection: 530.
        """
        if self.is_submission and self.user is None:
            raise Rejection(530, "5.7.0", "Authentication is required here")

    def check_sender(self, reverse_path: ReversePath) -> None:
        """Check who sends; other servers may send as anybody.

        Raises:
            Rejection: where a service has rules of its own.
        """

    def reverse_path_from(self, argument: bytes) -> tuple[ReversePath, bytes]:
        """Parse the sender and return it with what follows.

        Raises:
            Rejection: 501.
        """
        # mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
        if argument[:5].upper() != b"FROM:":
            raise Rejection(501, "5.5.4", "Expected FROM:<address>")
        path = argument[5:]
        try:
            reverse_path, end = parse_reverse_path(path, utf8=not path.isascii())
        except AddressError as error:
            raise Rejection(501, "5.1.7", f"Bad sender address: {error.reason}") from error
        return reverse_path, path[end:]

    def check_mail_parameters(self, parameters: Mapping[bytes, bytes | None]) -> None:
        """Check each parameter by its extension.

        Raises:
            Rejection: 555 for one that is not ours, or as the extension says.
        """
        self.check_parameters(parameters, self.mail_parameters)

    def check_size(self, value: bytes | None) -> None:
        """Compare the announced size with the limit (RFC 1870 section 6.1).

        Raises:
            Rejection: 501, 552.
        """
        if value is None or _SIZE.fullmatch(value) is None:
            raise Rejection(501, "5.5.4", "SIZE wants a number of octets")
        if int(value) > self.policy.message_size:
            raise Rejection(552, "5.3.4", f"Messages may have {self.policy.message_size} octets")

    def check_body(self, value: bytes | None) -> None:
        """Check the value of BODY (RFC 6152 section 3, RFC 3030 section 3).

        Raises:
            Rejection: 501.
        """
        known = {b"7BIT", b"8BITMIME"}
        if self.knows(b"BINARYMIME"):
            known.add(b"BINARYMIME")
        if value is None or value.upper() not in known:
            raise Rejection(501, "5.5.4", "BODY is 7BIT, 8BITMIME or, where it is offered, BINARYMIME")

    def check_auth(self, value: bytes | None) -> None:
        """Check the syntax of AUTH; its claim is recorded, nothing depends on it (RFC 4954 section 5).

        Raises:
            Rejection: 501.
        """
        if value == b"<>":
            return
        mailbox = decode_xtext(value or b"")
        if not mailbox:
            raise Rejection(501, "5.5.4", "AUTH wants a mailbox as xtext, or <>")
        try:
            _, end = parse_mailbox(mailbox, utf8=self.takes_utf8())
        except AddressError as error:
            raise Rejection(501, "5.5.4", f"AUTH: {error.reason}") from error
        if end != len(mailbox):
            raise Rejection(501, "5.5.4", "AUTH wants a mailbox and nothing after it")
