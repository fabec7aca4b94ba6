"""Stupid servers: they understand nothing, so no check may take what they do for right."""

from __future__ import annotations

from typing import ClassVar

from refmail import mutants
from refmail.blueprint import Blueprint
from refmail.machine import LineTooLong, Machine, Steps
from refmail.services import Peer, Services

#: Longest line that is answered, in octets.
_LONGEST = 64 * 1024


class _Yes(Machine):
    """Says yes to every line, whatever it is."""

    greeting: ClassVar[bytes]

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__()
        self.idle_timeout = services.policy.imap_idle
        del peer

    def session(self) -> Steps[None]:
        self.send(self.greeting)
        while True:
            try:
                line = yield from self.read_line(_LONGEST)
            except LineTooLong:
                continue
            self.send(self.answer(line))

    def answer(self, line: bytes) -> bytes:
        """Return the reply to a line."""
        raise NotImplementedError


class _SmtpYes(_Yes):
    greeting = b"220 OK\r\n"

    def answer(self, line: bytes) -> bytes:
        del line
        return b"250 OK\r\n"


class _Pop3Yes(_Yes):
    greeting = b"+OK\r\n"

    def answer(self, line: bytes) -> bytes:
        del line
        return b"+OK\r\n"


class _ImapYes(_Yes):
    greeting = b"* OK ready\r\n"

    def answer(self, line: bytes) -> bytes:
        tag = line.partition(b" ")[0].strip()
        return (tag or b"*") + b" OK done\r\n"


class _Closing(Machine):
    """Ends every connection at once."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__()
        del services, peer

    def session(self) -> Steps[None]:
        yield from ()


def _always_ok(blueprint: Blueprint) -> Blueprint:
    return (
        blueprint.with_part("smtp", _SmtpYes)
        .with_part("lmtp", _SmtpYes)
        .with_part("pop3", _Pop3Yes)
        .with_part("imap", _ImapYes)
    )


def _always_closes(blueprint: Blueprint) -> Blueprint:
    return (
        blueprint.with_part("smtp", _Closing)
        .with_part("lmtp", _Closing)
        .with_part("pop3", _Closing)
        .with_part("imap", _Closing)
    )


mutants.stupid("always-ok", "Every line, whatever it says, is answered with success.", _always_ok)
mutants.stupid("always-closes", "Every connection is closed at once, without a word.", _always_closes)
