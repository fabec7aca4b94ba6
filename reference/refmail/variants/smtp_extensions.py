"""Other choices that the extensions for content and reports leave to an SMTP server and its MTA."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from refmail import variants
from refmail.machine import Steps
from refmail.message.envelope import Envelope
from refmail.queue.bounce import Outcome, Reporter
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@variants.smtp
class SmtpEmptyChunksRefused(SmtpSession):
    """A chunk of no octets that is not the last is refused, as Postfix does (RFC 3030 section 2 says nothing of it)."""

    def do_bdat(self, argument: bytes) -> Steps[Reply]:
        if argument == b"0":
            raise Rejection(551, "5.7.1", "A chunk without octets")
        return (yield from super().do_bdat(argument))


@variants.smtp
class SmtpParameterWithoutValueUnknown(SmtpSession):
    """A parameter of DSN without its value gets 555 (RFC 5321 section 4.1.1.11)."""

    def check_ret(self, value: bytes | None) -> None:
        self.known(value)
        super().check_ret(value)

    def check_envid(self, value: bytes | None) -> None:
        self.known(value)
        super().check_envid(value)

    def check_notify(self, value: bytes | None) -> None:
        self.known(value)
        super().check_notify(value)

    def check_orcpt(self, value: bytes | None) -> None:
        self.known(value)
        super().check_orcpt(value)

    def known(self, value: bytes | None) -> None:
        """Refuse a parameter that lacks its value.

        Raises:
            Rejection: 555.
        """
        if value is None:
            raise Rejection(555, "5.5.4", "A parameter is not recognized")


@variants.smtp
class SmtpNoBinary(SmtpSession):
    """CHUNKING is offered without BINARYMIME, as Postfix and Exim do (RFC 3030 section 3)."""

    def offers(self) -> dict[bytes, bytes]:
        return {keyword: values for keyword, values in super().offers().items() if keyword != b"BINARYMIME"}


@variants.smtp
class SmtpNoReports(SmtpSession):
    """DSN is offered for submission only, which should have it (RFC 6409 section 7)."""

    def offers(self) -> dict[bytes, bytes]:
        if self.peer.listener in {"submission", "submissions"}:
            return super().offers()
        return {keyword: values for keyword, values in super().offers().items() if keyword != b"DSN"}


@variants.part("reporter")
class ReportsInOtherCase(Reporter):
    """The fields of reports have names and types in another case (RFC 3464 section 2.1.1)."""

    def report(
        self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: datetime, now: datetime
    ) -> bytes:
        report = Reporter.report(self, envelope, outcomes, octets, arrived=arrived, now=now)
        for name in (b"Final-Recipient: rfc822", b"Reporting-MTA: dns", b"Action: failed", b"Diagnostic-Code: smtp"):
            report = report.replace(name, name.upper() if name != b"Action: failed" else b"ACTION: failed")
        return report
