"""RCPT (RFC 5321 section 4.1.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail.message.address import AddressError, address_literal, literal_address, parse_forward_path
from refmail.message.envelope import Address, Recipient
from refmail.services import Destination
from refmail.smtp.dsn import DsnParameters
from refmail.smtp.parameters import parse_parameters
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.states import State

__all__ = ["RcptCommand"]


class RcptCommand(DsnParameters):
    """Adds a recipient to the transaction; a refused one changes nothing."""

    #: Method that checks the value of a parameter; other parameters get 555. By the extension that brings it.
    rcpt_parameters: ClassVar[Mapping[bytes, tuple[bytes, str]]] = {
        b"NOTIFY": (b"DSN", "check_notify"),
        b"ORCPT": (b"DSN", "check_orcpt"),
    }

    def do_rcpt(self, argument: bytes) -> Reply:
        address, rest = self.forward_path_from(argument)
        parameters = parse_parameters(rest)
        self.check_rcpt_parameters(parameters)
        self.check_declared(address, self.transaction.parameters, 553)
        self.check_recipient(address)
        user = self.check_destination(address, self.destination(address))
        self.check_count()
        self.transaction.recipients.append(Recipient(address, parameters, user))
        self.state = State.RCPT
        return Reply.of(250, "2.1.5", "Recipient accepted")

    def forward_path_from(self, argument: bytes) -> tuple[Address, bytes]:
        """Parse the recipient and return it with what follows; a source route is dropped.

        Raises:
            Rejection: 501.
        """
        # rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
        if argument[:3].upper() != b"TO:":
            raise Rejection(501, "5.5.4", "Expected TO:<address>")
        path = argument[3:]
        try:
            address, end = parse_forward_path(path, utf8=not path.isascii())
        except AddressError as error:
            raise Rejection(501, "5.1.3", f"Bad recipient address: {error.reason}") from error
        return address, path[end:]

    def check_rcpt_parameters(self, parameters: Mapping[bytes, bytes | None]) -> None:
        """Check each parameter by its extension.

        Raises:
            Rejection: 555 for one that is not ours, or as the extension says.
        """
        self.check_parameters(parameters, self.rcpt_parameters)

    def check_recipient(self, address: Address) -> None:
        """Check the form of a recipient's address beyond its syntax.

        Raises:
            Rejection: where a service has rules of its own.
        """

    def destination(self, address: Address) -> Destination:
        """Ask the directory; our own address literal stands for our first domain (RFC 1123 section 5.2.17).

        The address the client has reached is ours, besides those that the directory knows.
        """
        literal = literal_address(address.domain)
        if literal is not None and literal == literal_address(address_literal(self.peer.local_address)):
            address = Address(address.local_part, b"")
        return self.services.directory.find(address)

    def check_destination(self, address: Address, destination: Destination) -> str | None:
        """Return the local user, or None for an alias, a list, and an address elsewhere that we may relay to.

        Raises:
            Rejection: 550 for an unknown user, or where relaying is refused (RFC 5321 section 3.6.1).
        """
        if destination.kind == "local":
            return destination.user
        if destination.kind in {"alias", "list"}:
            # The queue finds out who that is.
            return None
        if destination.kind == "unknown":
            raise Rejection(550, "5.1.1", f"There is no mailbox {address}")
        if not self.may_relay():
            raise Rejection(550, "5.7.1", "Mail for that domain is not relayed")
        return None

    def may_relay(self) -> bool:
        """Say whether this client may send to other domains: whoever logged in may, if there is a way out."""
        return self.user is not None and self.services.can_relay

    def check_count(self) -> None:
        """Keep to the limit of recipients (RFC 5321 section 4.5.3.1.10).

        Raises:
            Rejection: 452: the client sends the rest in another transaction.
        """
        if len(self.transaction.recipients) >= self.policy.recipients:
            raise Rejection(452, "4.5.3", "Too many recipients for one transaction")
