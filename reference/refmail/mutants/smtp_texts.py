"""Wrong SMTP servers: keywords with too much behind them, replies without text, and 421 that means nothing."""

from __future__ import annotations

from refmail import mutants
from refmail.errorcount import CountsErrors
from refmail.machine import Steps
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.smtp("1870/4/ehlo-parameter")
class SizeWithUnit(SmtpSession):
    """The maximum behind SIZE is followed by a word."""

    def offers(self) -> dict[bytes, bytes]:
        offers = super().offers()
        return {**offers, b"SIZE": offers[b"SIZE"] + b" octets"}


@mutants.smtp("2920/2/no-parameter")
class PipeliningWithParameter(SmtpSession):
    """A number stands behind PIPELINING."""

    def offers(self) -> dict[bytes, bytes]:
        return {**super().offers(), b"PIPELINING": b"100"}


@mutants.smtp("3207/2/no-parameter")
class StarttlsWithVersion(SmtpSession):
    """A version stands behind STARTTLS."""

    def offers(self) -> dict[bytes, bytes]:
        return {key: b"1.3" if key == b"STARTTLS" else values for key, values in super().offers().items()}


@mutants.smtp("3207/4/replies")
class StarttlsOf554(SmtpSession):
    """STARTTLS is listed on the port of other servers, and gets 554."""

    def do_starttls(self, argument: bytes) -> Steps[None]:
        self.no_argument(argument)
        if self.peer.listener == "smtp":
            raise Rejection(554, "5.7.3", "TLS is not to be had")
        return (yield from super().do_starttls(argument))


@mutants.smtp("1870/3/zero-is-no-maximum")
class ZeroAndYetTooLarge(SmtpSession):
    """SIZE announces 0, and more than the maximum that there is gets 552."""

    def offers(self) -> dict[bytes, bytes]:
        return {**super().offers(), b"SIZE": b"0"}


class _ShortLines(SmtpSession):
    """MAIL with a parameter has the length of other command lines at most."""

    parameter = b""

    def split(self, line: bytes) -> tuple[bytes, bytes]:
        verb, argument = super().split(line)
        if verb == b"MAIL" and len(line) > 510 and self.parameter in argument:
            raise Rejection(500, "5.5.6", "The command line is too long")
        return verb, argument


@mutants.smtp("1870/3/longer-mail")
class MailWithSizeOf512(_ShortLines):
    """MAIL with SIZE has the length of other command lines at most."""

    parameter = b" SIZE="


@mutants.smtp("6531/3.1/longer-mail")
class MailWithUtf8Of512(_ShortLines):
    """MAIL with SMTPUTF8 has the length of other command lines at most."""

    parameter = b" SMTPUTF8"


@mutants.wire("smtp", "5321/4.2/text-sent")
def go_ahead_without_text(octets: bytes) -> bytes:
    """The reply to DATA is its code and a space."""
    return b"354 \r\n" if octets.startswith(b"354 ") else octets


@mutants.wire("smtp", "5321/4.2/text-sent", "5321/4.2.1/space-without-text")
def go_ahead_of_three_digits(octets: bytes) -> bytes:
    """The reply to DATA is its code alone."""
    return b"354\r\n" if octets.startswith(b"354 ") else octets


@mutants.smtp("5321/4.2.3/421-closes")
class StaysAfter421(CountsErrors):
    """The thirtieth error in a row gets 421, and the session goes on."""

    def counted(self, reply: Reply | None) -> Reply | None:
        return self.farewell("Too many errors") if self.errors == 30 else reply
