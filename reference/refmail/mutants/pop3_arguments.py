"""Wrong POP3 servers: what they make of arguments and of lines that are long (RFC 1939 section 3, RFC 2449 section 4)."""

from __future__ import annotations

import re
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3.replies import multi_line
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State


class _Rewriting(Pop3Session):
    """Reads a command line after login as another one."""

    def answer(self, line: bytes) -> Steps[bytes]:
        return (yield from super().answer(self.rewritten(line) if self.state is State.TRANSACTION else line))

    def rewritten(self, line: bytes) -> bytes:
        raise NotImplementedError


@mutants.pop3("1939/3/unknown-command")
class Pop3NegativeNumbers(_Rewriting):
    """A minus before a number is passed over."""

    def rewritten(self, line: bytes) -> bytes:
        return re.sub(rb" -(?=[0-9])", b" ", line)


@mutants.pop3("1939/3/unknown-command")
class Pop3NumberEndsAtLetter(_Rewriting):
    """What follows the digits of a number is passed over."""

    def rewritten(self, line: bytes) -> bytes:
        return re.sub(rb"(?<= )([0-9]+)[a-z]+", rb"\1", line)


@mutants.pop3("1939/3/unknown-command")
class Pop3TopWithoutLines(_Rewriting):
    """TOP without a number of lines gives ten."""

    def rewritten(self, line: bytes) -> bytes:
        return line + b" 10" if re.fullmatch(rb"TOP [0-9]+", line) else line


@mutants.pop3("1939/5/no-such-message")
class Pop3NumbersOf32Bits(_Rewriting):
    """Of a number only the lower 32 bits count."""

    BITS: ClassVar[int] = 32

    def rewritten(self, line: bytes) -> bytes:
        return re.sub(rb"(?<= )[0-9]{6,}", lambda found: b"%d" % (int(found[0]) % 2**self.BITS), line)


@mutants.pop3("1939/5/no-such-message")
class Pop3NumbersOf64Bits(Pop3NumbersOf32Bits):
    """Of a number only the lower 64 bits count."""

    BITS: ClassVar[int] = 64


@mutants.pop3("1939/7/uidl-no-such-message")
class Pop3UidlOfNothing(Pop3Session):
    """UIDL of a number of no message gets +OK and no lines."""

    def answer(self, line: bytes) -> Steps[bytes]:
        reply = yield from super().answer(line)
        is_refused = reply.startswith(b"-ERR") and re.fullmatch(rb"UIDL [0-9]+", line)
        return multi_line("", []) if is_refused and self.state is State.TRANSACTION else reply


@mutants.pop3("1939/7/top-no-such-message")
class Pop3TopOfNothing(Pop3Session):
    """TOP of a number of no message gets +OK and no lines."""

    def answer(self, line: bytes) -> Steps[bytes]:
        reply = yield from super().answer(line)
        is_refused = reply.startswith(b"-ERR") and re.fullmatch(rb"TOP [0-9]+ [0-9]+", line)
        return multi_line("", []) if is_refused and self.state is State.TRANSACTION else reply


@mutants.pop3("1939/3/extra-argument")
class Pop3ExtraArgumentsPassedOver(_Rewriting):
    """An argument more than a command has is passed over."""

    def rewritten(self, line: bytes) -> bytes:
        for form in (rb"(STAT|NOOP|RSET) .*", rb"((?:LIST|RETR|DELE|UIDL) [0-9]+) .*", rb"(TOP [0-9]+ [0-9]+) .*"):
            if found := re.fullmatch(form, line):
                return found[1]
        return line


@mutants.pop3("1939/3/argument-40", "2449/4/command-255")
class Pop3NamesOf39(Pop3Session):
    """A name of more than 39 octets ends the session."""

    def answer(self, line: bytes) -> Steps[bytes]:
        keyword, argument = self.split(line)
        self.closing = keyword == b"USER" and len(argument or b"") > 39
        return (yield from super().answer(line))


@mutants.pop3("2449/4/command-255")
class Pop3LinesOf254(Pop3Session):
    """A command line of 255 octets ends the session."""

    def answer(self, line: bytes) -> Steps[bytes]:
        self.closing = len(line) + 2 >= 255
        return (yield from super().answer(line))
