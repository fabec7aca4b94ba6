"""Wrong where a site has chosen: no mail, no VRFY, TLS first, and certificates (RFC 5321, 2033, 3207, 8314)."""

from __future__ import annotations

import msgspec

from refmail import mutants
from refmail.config import Config
from refmail.machine import Steps
from refmail.mutants.smtp_messages import TLS_FOR_EVERYBODY, TlsForEverybody
from refmail.parts import TlsSource
from refmail.server import tls_source
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


class _NoMail(SmtpSession):
    """The port of other servers greets with 554."""

    def greeting(self) -> Reply:
        if self.peer.listener != "smtp":
            return super().greeting()
        return Reply.of(554, "", f"{self.services.hostname} takes no mail")


@mutants.smtp("5321/3.1/after-554")
class GreetsWith554AndCloses(_NoMail):
    """After a greeting of 554 the server closes the connection."""

    def exchange(self) -> Steps[None]:
        if self.peer.listener == "smtp":
            self.closing = True
        else:
            yield from super().exchange()


@mutants.smtp("5321/3.1/after-554-503")
class GreetsWith554AndGoesOn(_NoMail):
    """After a greeting of 554 the session goes on as though it had been 220."""


@mutants.smtp("5321/7.3/disabled-252", "5321/3.5.1/local-names", "5321/3.5.1/vrfy-whole-address")
class VrfyDisabledBy550(SmtpSession):
    """VRFY gets 550 whatever the name."""

    def do_vrfy(self, argument: bytes) -> Reply:
        argument, _ = self.without_utf8_word(argument)
        self.named(argument)
        raise Rejection(550, "5.7.1", "Nothing is told here")


@mutants.smtp("5321/7.3/disabled-252")
class ExpnDisabledBy550(SmtpSession):
    """EXPN gets 550 whatever the name."""

    def do_expn(self, argument: bytes) -> Reply:
        argument, _ = self.without_utf8_word(argument)
        self.named(argument)
        raise Rejection(550, "5.7.1", "Nothing is told here")


@mutants.smtp("2033/5/not-port-25")
class LhloOnSmtp(SmtpSession):
    """The port of SMTP takes LHLO for EHLO."""

    def perform(self, line: bytes) -> Steps[Reply | None]:
        return (yield from super().perform(b"EHLO" + line[4:] if line[:5].upper() == b"LHLO " else line))


@mutants.smtp("3207/4/530-status", *TLS_FOR_EVERYBODY)
class TlsForEverybodyOddly(TlsForEverybody):
    """RCPT gets 530 without TLS, with a status that says nothing of security."""

    def do_rcpt(self, argument: bytes) -> Reply:
        if not self.secure:
            raise Rejection(530, "5.5.1", "STARTTLS comes first")
        return super().do_rcpt(argument)


@mutants.part(
    "tls",
    "8314/4.4/certificate-valid",
    # There is no handshake with a client that looks at certificates.
    "2595/4/stls",
    "3207/4/handshake",
    "3501/6.2.1/starttls",
    "8314/3.1/handshake-first",
    "8314/3.2/handshake-first",
    "8314/3.3/handshake-first",
    "8314/4/tls-1-2-spoken",
)
def certificate_of_another(config: Config) -> TlsSource:
    """The certificate is for another name."""
    return tls_source(msgspec.structs.replace(config, hostname="another.test", domains=("another.test",)))
