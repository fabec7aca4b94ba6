"""TOP (RFC 1939 section 7)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.replies import ok
from refmail.pop3.retr import RetrCommand

__all__ = ["TopCommand", "top"]


def top(octets: bytes, count: int) -> bytes:
    """Return the header section, the empty line, and at most so many lines of the body."""
    if octets.startswith(b"\r\n"):
        end = 0
    else:
        separator = octets.find(b"\r\n\r\n")
        if separator < 0:
            return octets
        end = separator + 2
    end += 2
    for _ in range(count):
        line_end = octets.find(b"\r\n", end)
        if line_end < 0:
            return octets
        end = line_end + 2
    return octets[:end]


class TopCommand(RetrCommand):
    """Sends the beginning of a message."""

    def do_top(self, argument: bytes | None) -> Steps[bytes]:
        number, count = arguments.two_numbers(argument)
        octets = yield from self.read(self.maildrop.find(number))
        return ok("top of message follows") + self.message(self.top(octets, count))

    def top(self, octets: bytes, count: int) -> bytes:
        """Return what TOP shows of a message."""
        return top(octets, count)
