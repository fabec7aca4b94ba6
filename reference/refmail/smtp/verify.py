"""VRFY and EXPN (RFC 5321 sections 3.5, 4.1.1.6 and 4.1.1.7)."""

from __future__ import annotations

import re

from refmail.message.address import AddressError, parse_forward_path, parse_mailbox
from refmail.message.envelope import Address
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.utf8 import Utf8Addresses

__all__ = ["VerifyCommands"]

# The two forms of String: an Atom (with dots, as users write names) or a Quoted-string.
_ATOM = re.compile(rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\xff-]+")
_QUOTED_STRING = re.compile(rb'"((?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\x20-\x7e])+)"')


class VerifyCommands(Utf8Addresses):
    """Questions about users and lists; they never touch a transaction."""

    def do_vrfy(self, argument: bytes) -> Reply:
        argument, utf8 = self.without_utf8_word(argument)
        address = self.named(argument)
        destination = self.services.directory.find(address)
        if destination.kind == "unknown":
            return Reply.of(550, "5.1.1", "There is no such user")
        if destination.kind == "remote":
            return Reply.of(252, "2.5.0", "Users of other domains cannot be verified here")
        found = destination.address or address
        if not found.is_ascii and not utf8:
            return Reply.of(252, "2.6.8", "The mailbox is there; its name needs SMTPUTF8 with VRFY")
        return Reply.of(250, "2.1.5", b"<%b>" % found.to_wire(), utf8=utf8)

    def do_expn(self, argument: bytes) -> Reply:
        argument, utf8 = self.without_utf8_word(argument)
        members = self.services.directory.expand(self.named(argument))
        if not members:
            return Reply.of(550, "5.1.1", "There is no such list")
        if not utf8 and not all(member.is_ascii for member in members):
            return Reply.of(550, "5.6.8", "The names of its members need SMTPUTF8 with EXPN")
        return Reply.of(250, "2.1.5", *(b"<%b>" % member.to_wire() for member in members), utf8=utf8)

    def named(self, argument: bytes) -> Address:
        """Return the address that a String means: a path, a mailbox, or the name of a local user or list.

        Raises:
            Rejection: 501.
        """
        # vrfy = "VRFY" SP String CRLF ; expn = "EXPN" SP String CRLF
        if not argument:
            raise Rejection(501, "5.5.4", "Expected a user name or an address")
        parse = parse_forward_path if argument.startswith(b"<") else parse_mailbox
        try:
            address, end = parse(argument, utf8=not argument.isascii())
        except AddressError as error:
            quoted = _QUOTED_STRING.fullmatch(argument)
            if quoted is not None:
                return self.inside(re.sub(rb"\\(.)", rb"\1", quoted[1]))
            if _ATOM.fullmatch(argument) is not None:
                return Address(argument, b"")
            raise Rejection(501, "5.1.3", f"Bad address: {error.reason}") from error
        if end != len(argument):
            raise Rejection(501, "5.5.4", "Expected one address and nothing after it")
        return address

    def inside(self, text: bytes) -> Address:
        """Return the address that the content of a quoted string means."""
        try:
            address, end = parse_mailbox(text, utf8=not text.isascii())
        except AddressError:
            return Address(text, b"")
        return address if end == len(text) else Address(text, b"")
