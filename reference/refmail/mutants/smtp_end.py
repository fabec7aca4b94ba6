"""Wrong SMTP servers: what they take for the end of the data beside the right one."""

from __future__ import annotations

import re
from typing import ClassVar

from refmail import mutants
from refmail.smtp.session import SmtpSession


class _AnotherEnd(SmtpSession):
    """Takes whatever a pattern matches for the end of the data, too."""

    other_end: ClassVar[re.Pattern[bytes]]

    def find_end(self, raw: bytearray, start: int) -> tuple[int, int] | None:
        right = super().find_end(raw, start)
        found = self.other_end.search(raw, start)
        if found is None or (right is not None and right[0] <= found.start()):
            return right
        begin, end = found.span()
        # What stands before counts as whole lines, so that nothing else is wrong with it.
        raw[begin:begin] = b"\r\n"
        return begin + 2, end + 2


@mutants.smtp("5321/4.1.1.4/bare-lf-no-end")
class LfDotLfEndsData(_AnotherEnd):
    """LF, period, LF ends the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\n\.\n")


@mutants.smtp("5321/4.1.1.4/bare-lf-no-end")
class LfDotCrlfEndsData(_AnotherEnd):
    """LF, period, CRLF ends the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"(?<!\r)\n\.\r\n")


@mutants.smtp("5321/4.1.1.4/bare-lf-no-end")
class CrlfDotLfEndsData(_AnotherEnd):
    """CRLF, period, LF ends the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\n\.\n")


@mutants.smtp("5321/2.3.8/bare-cr-no-end")
class CrDotCrEndsData(_AnotherEnd):
    """CR, period, CR ends the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\.\r")


@mutants.smtp("5321/2.3.8/bare-cr-no-end")
class CrDotCrlfEndsData(_AnotherEnd):
    """CR, period, CRLF ends the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\.\r\n")


@mutants.smtp("5321/2.3.8/bare-cr-no-end")
class CrlfDotCrEndsData(_AnotherEnd):
    """CRLF, period, CR and anything but LF ends the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\n\.\r(?=[^\n])")


@mutants.smtp("5321/2.3.8/bare-cr-no-end")
class CrDotLfEndsData(_AnotherEnd):
    """CR, period, LF ends the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\.\n")


@mutants.smtp("5321/4.1.1.4/only-end")
class NulBesideDotEndsData(_AnotherEnd):
    """NUL is passed over where the end of the data is looked for."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\n\0*\.\0+\r\n|\r\n\0+\.\r\n")


@mutants.smtp("5321/4.1.1.4/only-end")
class BlankBesideDotEndsData(_AnotherEnd):
    """White space behind the period does not keep it from ending the data."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\n\.[ \t]+\r\n")


@mutants.smtp("5321/4.1.1.4/only-end")
class NextLineEndsData(_AnotherEnd):
    """The control character NEL is a line end."""

    other_end: ClassVar[re.Pattern[bytes]] = re.compile(rb"\x85\.\x85")


@mutants.smtp("5321/4.5.2/unstuff")
class UnstuffsWithinBlocks(SmtpSession):
    """A doubled period stays double where a block of 4096 octets begins with it."""

    def unstuff(self, octets: bytes) -> bytes:
        first, *others = (octets[at : at + 4096] for at in range(0, max(1, len(octets)), 4096))
        return super().unstuff(first) + b"".join(block.replace(b"\r\n.", b"\r\n") for block in others)
