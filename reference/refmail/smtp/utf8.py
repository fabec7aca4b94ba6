"""SMTPUTF8 on the server's side (RFC 6531): where UTF-8 may stand in commands, and what says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from refmail.message.envelope import Address
from refmail.message.idn import is_utf8
from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Rejection

__all__ = ["Utf8Addresses"]

_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")


class Utf8Addresses(SessionBase):
    """Lets addresses be UTF-8, where the extension is offered and the client declares that it uses it."""

    #: Verbs whose argument holds an address.
    with_address: ClassVar[frozenset[bytes]] = frozenset({b"MAIL", b"RCPT", b"VRFY", b"EXPN"})

    def check_octets(self, verb: bytes, argument: bytes) -> None:
        """Let UTF-8 pass where an address may hold it (section 3.2).

        Raises:
            Rejection: 501.
        """
        if argument.isascii() or verb not in self.with_address or not self.takes_utf8():
            super().check_octets(verb, argument)
        elif not is_utf8(argument) or _CONTROLS.search(argument) is not None:
            raise Rejection(501, "5.5.2", "Only printable ASCII and valid UTF-8 may stand in this command")

    def takes_utf8(self) -> bool:
        """Say whether the client may use the extension now."""
        return self.extended and b"SMTPUTF8" in self.offers()

    def check_smtputf8(self, value: bytes | None) -> None:
        """Check the parameter of MAIL, which has no value (section 3.4).

        Raises:
            Rejection: 501.
        """
        if value is not None:
            raise Rejection(501, "5.5.4", "SMTPUTF8 takes no value")

    def check_declared(self, address: Address | None, parameters: Mapping[bytes, bytes | None], code: int) -> None:
        """Refuse an address outside ASCII in a transaction that did not announce one (section 3.5).

        Args:
            address: of the sender or a recipient.
            parameters: of MAIL.
            code: 550 for MAIL, 553 for RCPT.

        Raises:
            Rejection: that code.
        """
        if address is not None and not address.is_ascii and b"SMTPUTF8" not in parameters:
            raise Rejection(code, "5.6.7", "An address outside ASCII needs SMTPUTF8 with MAIL")

    def without_utf8_word(self, argument: bytes) -> tuple[bytes, bool]:
        """Take the parameter off the argument of VRFY or EXPN, and say whether it was there (section 3.7.4.2)."""
        # vrfy = "VRFY" SP String [ SP "SMTPUTF8" ] CRLF
        string, _, word = argument.rpartition(b" ")
        if self.takes_utf8() and string and word.upper() == b"SMTPUTF8":
            return string, True
        return argument, False
