"""Wrong SMTP servers: the parameters of RFC 3461."""

from __future__ import annotations

import re

from refmail import mutants
from refmail.machine import Steps
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.wire("smtp", "3461/2/no-parameter")
def dsn_with_parameter(octets: bytes) -> bytes:
    """DSN has a parameter."""
    return octets.replace(b"250-DSN\r\n", b"250-DSN SUCCESS\r\n")


@mutants.smtp("3461/4.1/never-alone")
class NeverWithOthers(SmtpSession):
    """NEVER may stand beside other words."""

    def check_notify(self, value: bytes | None) -> None:
        if value is None or b"NEVER" not in value.upper().split(b","):
            super().check_notify(value)


@mutants.smtp("3461/4.1/notify-values")
class NotifyInOneOrder(SmtpSession):
    """The words of NOTIFY must come in the order in which RFC 3461 lists them."""

    def check_notify(self, value: bytes | None) -> None:
        super().check_notify(value)
        words = (value or b"").upper().split(b",")
        if len(words) > 2 and words != [b"SUCCESS", b"FAILURE", b"DELAY"]:
            raise Rejection(501, "5.5.4", "Expected SUCCESS,FAILURE,DELAY")


@mutants.smtp("3461/4.1/notify-values")
class NotifyInUpperCase(SmtpSession):
    """NEVER is known in upper case alone."""

    def check_notify(self, value: bytes | None) -> None:
        super().check_notify(value)
        if value == b"never":
            raise Rejection(501, "5.5.4", "Expected NEVER")


@mutants.smtp("3461/4.3/ret-values")
class RetInUpperCase(SmtpSession):
    """HDRS is known in upper case alone."""

    def check_ret(self, value: bytes | None) -> None:
        super().check_ret(value)
        if value == b"Hdrs":
            raise Rejection(501, "5.5.4", "Expected HDRS")


@mutants.smtp("3461/4.5/rcpt-duplicate-501")
class SecondNotifyIgnored(SmtpSession):
    """A RCPT may have two NOTIFY parameters, of which the first counts."""

    def do_rcpt(self, argument: bytes) -> Reply:
        return super().do_rcpt(re.sub(rb"( NOTIFY=\S+)( NOTIFY=\S+)", rb"\1", argument))


@mutants.smtp("3461/5.1/mail-parameters-neutral")
class NoEnvidForReports(SmtpSession):
    """ENVID is refused with the null path."""

    def do_mail(self, argument: bytes) -> Reply:
        if argument.upper().startswith(b"FROM:<> ENVID"):
            raise Rejection(501, "5.5.4", "Reports have no ENVID")
        return super().do_mail(argument)


@mutants.smtp("3461/5.1/mail-parameters-neutral")
class EnvidOfLettersAndDigits(SmtpSession):
    """ENVID may have no punctuation but plus signs."""

    def check_envid(self, value: bytes | None) -> None:
        super().check_envid(value)
        if re.fullmatch(rb"[A-Za-z0-9+-]*", value or b"") is None:
            raise Rejection(501, "5.5.4", "ENVID wants letters and digits")


@mutants.smtp("3461/5.1/mail-value-501")
class AnyRet(SmtpSession):
    """RET takes any value."""

    def check_ret(self, value: bytes | None) -> None:
        """Take it."""


@mutants.smtp("3461/5.1/mail-value-501")
class AnyEnvid(SmtpSession):
    """ENVID takes any value."""

    def check_envid(self, value: bytes | None) -> None:
        """Take it."""


@mutants.smtp("3461/5.1/mail-duplicate-501")
class SecondEnvidIgnored(SmtpSession):
    """MAIL may have two ENVID parameters, of which the first counts."""

    def do_mail(self, argument: bytes) -> Reply:
        return super().do_mail(re.sub(rb"( ENVID=\S+)( ENVID=\S+)", rb"\1", argument))


@mutants.smtp("3461/5.1/mail-duplicate-501")
class DuplicateRetOf555(SmtpSession):
    """MAIL with two RET parameters gets 555."""

    def do_mail(self, argument: bytes) -> Reply:
        if argument.upper().count(b" RET=") > 1:
            raise Rejection(555, "5.5.4", "A parameter is not understood")
        return super().do_mail(argument)


@mutants.smtp("3461/5.1/rcpt-parameters-neutral")
class OnlyMailAddresses(SmtpSession):
    """ORCPT is known for addresses of type rfc822 alone."""

    def check_orcpt(self, value: bytes | None) -> None:
        super().check_orcpt(value)
        if (value or b"").lower().startswith(b"x400;"):
            raise Rejection(501, "5.5.4", "Expected rfc822;ADDRESS")


@mutants.smtp("3461/5.1/rcpt-parameters-neutral")
class UnknownUserWithOrcptTaken(SmtpSession):
    """An unknown mailbox with ORCPT gets another refusal than without."""

    def do_rcpt(self, argument: bytes) -> Reply:
        try:
            return super().do_rcpt(argument)
        except Rejection as rejection:
            if rejection.reply.code == 550 and b" ORCPT=rfc822;someone" in argument:
                raise Rejection(553, "5.1.1", "There is no such mailbox") from rejection
            raise


@mutants.smtp("3461/5.1/rcpt-value-501")
class AnyOrcpt(SmtpSession):
    """ORCPT takes any value."""

    def check_orcpt(self, value: bytes | None) -> None:
        """Take it."""


@mutants.smtp("3461/5.1/rcpt-value-501")
class UnknownNotifyWords(SmtpSession):
    """NOTIFY takes words that nobody knows."""

    def check_notify(self, value: bytes | None) -> None:
        if value is None or b"ALWAYS" not in value:
            super().check_notify(value)


@mutants.smtp("3461/5.4/parameter-sizes", "3461/5.4/combined-length")
class EnvidOf99(SmtpSession):
    """ENVID may have 99 characters."""

    def check_envid(self, value: bytes | None) -> None:
        super().check_envid(value)
        if len(value or b"") > 99:
            raise Rejection(501, "5.5.4", "ENVID is too long")


@mutants.smtp("3461/5.4/parameter-sizes")
class OrcptOf499(SmtpSession):
    """ORCPT may have 499 characters."""

    def check_orcpt(self, value: bytes | None) -> None:
        super().check_orcpt(value)
        if len(value or b"") > 499:
            raise Rejection(501, "5.5.4", "ORCPT is too long")


@mutants.smtp("3461/5.4/command-1036")
class CommandOf1035(SmtpSession):
    """A command line may have 1035 octets."""

    def perform(self, line: bytes) -> Steps[Reply | None]:
        if len(line) + 2 == 1036:
            return Reply.of(500, "5.5.6", "The command line is too long")
        return (yield from super().perform(line))


@mutants.smtp("3461/5.4/combined-length")
class MailOf400(SmtpSession):
    """MAIL with ENVID and SIZE may have 400 octets."""

    def do_mail(self, argument: bytes) -> Reply:
        if b"ENVID=" in argument and b"SIZE=" in argument and len(argument) > 400:
            raise Rejection(500, "5.5.6", "The command line is too long")
        return super().do_mail(argument)
