"""Wrong SMTP servers: 8BITMIME (RFC 6152) and BINARYMIME (RFC 3030 section 3)."""

from __future__ import annotations

import re

from refmail import mutants
from refmail.machine import Steps
from refmail.message.binary import is_binary
from refmail.smtp.data import DataCommand
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.wire("smtp", "6152/2/no-parameter")
def eight_bit_mime_with_parameter(octets: bytes) -> bytes:
    """8BITMIME has a parameter."""
    return octets.replace(b"250-8BITMIME\r\n", b"250-8BITMIME YES\r\n")


@mutants.wire("smtp", "3030/3/no-parameter")
def binary_mime_with_parameter(octets: bytes) -> bytes:
    """BINARYMIME has a parameter."""
    return octets.replace(b"250-BINARYMIME\r\n", b"250-BINARYMIME YES\r\n")


@mutants.wire("smtp", "3030/3/chunking-too")
def binary_mime_without_chunking(octets: bytes) -> bytes:
    """BINARYMIME is offered, and CHUNKING is not."""
    return octets.replace(b"250-CHUNKING\r\n", b"")


@mutants.smtp("6152/2/body-values")
class BodyInUpperCase(SmtpSession):
    """The values of BODY are known in upper case alone."""

    def check_body(self, value: bytes | None) -> None:
        super().check_body(value)
        if value in {b"8bitmime", b"7Bit"}:
            raise Rejection(501, "5.5.4", "Expected 8BITMIME")


@mutants.smtp("6152/2/body-values")
class NoBodyForReports(SmtpSession):
    """BODY is refused with the null path, unless SMTPUTF8 stands beside it."""

    def do_mail(self, argument: bytes) -> Reply:
        if argument.startswith(b"FROM:<> BODY") and b"SMTPUTF8" not in argument:
            raise Rejection(501, "5.5.4", "Reports are 7-bit")
        return super().do_mail(argument)


@mutants.smtp("6152/2/unknown-body-value")
class AnyBody(SmtpSession):
    """BODY takes any value."""

    def check_body(self, value: bytes | None) -> None:
        """Take it."""


class _Changing(SmtpSession):
    """Changes content that was announced as 8-bit, but not where UTF-8 stands in its header."""

    def change(self, content: bytes) -> bytes:
        return content

    def take(self, content: bytes | None) -> Steps[Reply]:
        parameters = self.transaction.parameters
        announced = (parameters.get(b"BODY") or b"").upper() == b"8BITMIME" and b"SMTPUTF8" not in parameters
        if content is not None and announced and not content.isascii():
            content = self.change(content)
        return (yield from super().take(content))


@mutants.smtp("6152/3/octets-kept", "6152/3/relayed-whole")
class EighthBitCleared(_Changing):
    """Octets from 128 to 159 lose their eighth bit."""

    def change(self, content: bytes) -> bytes:
        return bytes(octet & 0x7F if 128 <= octet < 160 else octet for octet in content)


@mutants.smtp("6152/3/last-line-end")
class LastLineEndDoubled(_Changing):
    """A short message of 8-bit text that ends in text gets an empty line."""

    def change(self, content: bytes) -> bytes:
        return content + b"\r\n" if content.endswith(b"\r\n\r\ncaf\xe9\r\n") else content


@mutants.smtp("6152/3/dots-the-same")
class DotsLeftInEightBitText(SmtpSession):
    """In 8-bit text a dot stays that the client had doubled."""

    def unstuff(self, octets: bytes) -> bytes:
        return super().unstuff(octets) if len(octets) > 900 or b"\r\n..\xe9" not in octets else octets


@mutants.smtp("6152/3/lines-of-1000", "6152/3/relayed-whole")
class LongEightBitLinesCut(_Changing):
    """Lines of 8-bit text are cut after 990 octets."""

    def change(self, content: bytes) -> bytes:
        return re.sub(rb"([^\r\n]{990})(?=[^\r\n])", rb"\1\r\n", content)


@mutants.smtp("3030/3/body-value")
class NoBinaryInMixedCase(SmtpSession):
    """BINARYMIME is known in upper case alone."""

    def check_body(self, value: bytes | None) -> None:
        super().check_body(value)
        if value == b"BinaryMime":
            raise Rejection(501, "5.5.4", "Expected BINARYMIME")


@mutants.smtp("3030/3/octets-kept", "3030/3/conversion-lossless")
class NulsLeftOut(SmtpSession):
    """NULs in binary parts are left out."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if is_binary(self.transaction.parameters) and content is not None:
            content = content.replace(b"\0", b"")
        return (yield from super().take(content))


@mutants.smtp("3030/3/octets-kept", "3030/3/conversion-lossless")
class LineEndsMended(SmtpSession):
    """Every CR and LF of a binary part becomes a CRLF."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if is_binary(self.transaction.parameters) and content is not None:
            content = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
        return (yield from super().take(content))


@mutants.smtp("3030/3/data-503")
class DataForBinaryMessages(SmtpSession):
    """DATA is taken for a message that was announced as binary."""

    def do_data(self, argument: bytes) -> Steps[Reply]:
        return DataCommand.do_data(self, argument)


@mutants.smtp("3030/3/unlabelled-accepted")
class UnlabelledBinaryRefused(SmtpSession):
    """A message that says a part is binary is refused without BODY=BINARYMIME."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        label = b"Content-Transfer-Encoding: binary\r\n"
        if not is_binary(self.transaction.parameters) and label in (content or b""):
            self.reset()
            raise Rejection(554, "5.6.1", "Binary parts need BODY=BINARYMIME")
        return (yield from super().take(content))
