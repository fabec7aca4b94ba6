"""Wrong POP3 servers: RETR and TOP (RFC 1939 sections 3, 5 and 7)."""

from __future__ import annotations

import re

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import Refusal
from refmail.pop3.session import Pop3Session


@mutants.pop3("1939/5/retr", "6856/2.1/list-size")
class Pop3LastLineLost(Pop3Session):
    """RETR and TOP lose the last line of a body."""

    def read(self, item: Item) -> Steps[bytes]:
        octets = yield from super().read(item)
        has_body = not octets.endswith(b"\r\n\r\n")
        return octets[: octets[:-2].rfind(b"\r\n") + 2] if has_body else octets


@mutants.pop3("1939/5/retr")
class Pop3RetrGivesTheFirst(Pop3Session):
    """RETR gives the first message whatever the number."""

    def read(self, item: Item) -> Steps[bytes]:
        return (yield from super().read(self.maildrop.all_items[0] if item else item))


class _OtherStuffing(Pop3Session):
    """Stuffs messages in its own way."""

    def message(self, octets: bytes) -> bytes:
        complete = octets if octets.endswith(b"\r\n") else octets + b"\r\n"
        return self.stuffed(complete) + b".\r\n"

    def stuffed(self, octets: bytes) -> bytes:
        raise NotImplementedError


@mutants.pop3("1939/3/byte-stuffing")
class Pop3OnlySingleDotsStuffed(_OtherStuffing):
    """A line that begins with two dots is sent as it is."""

    def stuffed(self, octets: bytes) -> bytes:
        return re.sub(rb"^\.(?!\.)", b"..", octets, flags=re.MULTILINE)


@mutants.pop3("1939/3/byte-stuffing")
class Pop3LineOfOneDotSent(_OtherStuffing):
    """A line that is one dot is sent as it is."""

    def stuffed(self, octets: bytes) -> bytes:
        return re.sub(rb"^\.(?!\r)", b"..", octets, flags=re.MULTILINE)


@mutants.pop3("1939/3/byte-stuffing", "1939/3/multi-line-form")
class Pop3NoStuffing(_OtherStuffing):
    """Lines that begin with a dot and go on are sent as they are."""

    def stuffed(self, octets: bytes) -> bytes:
        return re.sub(rb"^\.(?=\r)", b"..", octets, flags=re.MULTILINE)


@mutants.pop3("1939/7/top-zero-lines")
class Pop3TopWithoutEmptyLine(Pop3Session):
    """TOP with 0 leaves out the empty line."""

    def top(self, octets: bytes, count: int) -> bytes:
        top = super().top(octets, count)
        return top if count else top.removesuffix(b"\r\n")


@mutants.pop3("1939/7/top", "1939/7/top-zero-lines")
class Pop3TopOneLineMore(Pop3Session):
    """TOP gives one line more than asked for."""

    def top(self, octets: bytes, count: int) -> bytes:
        return super().top(octets, count + 1)


@mutants.pop3("1939/7/top", "1939/7/top-zero-lines", "1939/7/top-beyond", "1939/3/byte-stuffing")
class Pop3TopCountsHeader(Pop3Session):
    """TOP counts the lines of the header section, too."""

    def top(self, octets: bytes, count: int) -> bytes:
        return b"".join(octets.splitlines(keepends=True)[:count])


@mutants.pop3("1939/7/top-beyond", "1939/7/top")
class Pop3TopBeyondRefused(Pop3Session):
    """TOP with more lines than the body has gets -ERR."""

    def top(self, octets: bytes, count: int) -> bytes:
        if octets.partition(b"\r\n\r\n")[2].count(b"\n") < count:
            text = "there are not so many lines"
            raise Refusal(text)
        return super().top(octets, count)
