"""A place in the octets of a command, and the errors of reading them."""

from __future__ import annotations

import re
from typing import NoReturn

__all__ = ["Cursor", "LiteralTooLong", "LiteralWanted", "ParseError"]

#: literal = "{" number "}" CRLF *CHAR8; RFC 7888 section 8 adds the "+" of a non-synchronising one.
_LITERAL = re.compile(rb"\{([0-9]{1,10})(\+?)\}\r\n")
#: literal8 = "~{" number ["+"] "}" CRLF *OCTET (RFC 3516 section 7, RFC 7888 section 6)
_LITERAL8 = re.compile(rb"~" + _LITERAL.pattern)


class ParseError(Exception):
    """The octets do not follow the grammar."""

    def __init__(self, octets: bytes, position: int, production: str, reason: str) -> None:
        super().__init__(production, position, reason)
        self.production = production
        self.octets = octets
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        shown = self.octets[:200]
        return f"{self.production}: {self.reason} at octet {self.position} of {shown!r}"


class LiteralTooLong(ParseError):
    """A literal is longer than this command allows."""


class LiteralWanted(Exception):
    """The octets end where a literal of `count` octets begins."""

    def __init__(self, count: int, *, synchronising: bool) -> None:
        super().__init__(count)
        self.count = count
        #: Whether the client waits for "+" before it sends the literal.
        self.synchronising = synchronising


class Cursor:
    """Octets and how far they have been read."""

    __slots__ = ("literal_limit", "octets", "position", "utf8")

    def __init__(self, octets: bytes, literal_limit: int = 0xFFFF_FFFF, *, utf8: bool = False) -> None:
        self.octets = octets
        #: Whether quoted strings and the names of mailboxes are UTF-8 (RFC 9051 section 5.1).
        self.utf8 = utf8
        self.position = 0
        #: Longest literal in octets; the command in hand sets it.
        self.literal_limit = literal_limit

    def fail(self, production: str, reason: str) -> NoReturn:
        """Raise a ParseError at the present position."""
        raise ParseError(self.octets, self.position, production, reason)

    def peek(self) -> bytes:
        """Return the next octet, or nothing at the end."""
        return self.octets[self.position : self.position + 1]

    def skip(self, token: bytes) -> bool:
        """Move over the token if it comes next, and say whether it did; ASCII case does not matter."""
        end = self.position + len(token)
        if self.octets[self.position : end].upper() != token:
            return False
        self.position = end
        return True

    def expect(self, token: bytes, production: str) -> None:
        """Move over the token, upper case, which must come next."""
        if not self.skip(token):
            self.fail(production, f"expected {token.decode('ascii')!r}")

    def space(self, production: str) -> None:
        """Move over exactly one SP."""
        if self.peek() != b" ":
            self.fail(production, "expected a space")
        self.position += 1

    def match(self, pattern: re.Pattern[bytes], production: str) -> re.Match[bytes]:
        """Move over what the pattern matches here."""
        found = pattern.match(self.octets, self.position)
        if found is None:
            self.fail(production, "no such thing here")
        self.position = found.end()
        return found

    def literal(self) -> bytes:
        """ABNF: literal = "{" number "}" CRLF *CHAR8.

        Raises:
            LiteralWanted: its octets have not been read yet.
            LiteralTooLong: it is longer than `literal_limit`.
        """
        start = self.position
        octets = self._literal(_LITERAL, "literal")
        if b"\0" in octets:
            raise ParseError(self.octets, start, "CHAR8", "NUL in a literal")
        return octets

    def literal8(self) -> bytes:
        """ABNF: literal8 = "~{" number "}" CRLF *OCTET, which may hold NUL; raises as `literal`."""
        return self._literal(_LITERAL8, "literal8")

    def _literal(self, pattern: re.Pattern[bytes], production: str) -> bytes:
        start = self.position
        found = self.match(pattern, production)
        count = int(found[1])
        if count > min(self.literal_limit, 0xFFFF_FFFF):
            raise LiteralTooLong(self.octets, start, production, f"longer than {self.literal_limit} octets")
        if self.position == len(self.octets):
            raise LiteralWanted(count, synchronising=not found[2])
        octets = self.octets[self.position : self.position + count]
        if len(octets) < count:
            raise ParseError(self.octets, start, production, "fewer octets than announced")
        self.position += count
        return octets

    def end(self) -> None:
        """The command ends here, in CRLF."""
        if self.octets[self.position :] != b"\r\n":
            self.fail("command", "expected the end of the command")
        self.position = len(self.octets)
