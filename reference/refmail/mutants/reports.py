"""Wrong MTAs: wishes for reports, and the reports themselves (RFC 3461)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from msgspec import structs

from refmail import mutants
from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.bounce import Action, Outcome, Reporter
from refmail.queue.client import RelayClient, Results
from refmail.queue.dialogue import Dialogue
from refmail.queue.queue import Queue
from refmail.queue.router import Hop

_PASSED_ON = "3461/5.2.1/"
_PLAIN = "3461/5.2.2/"
_FIELD = "3461/6.3/"

#: Local parts that are longer than that are long.
_LONG = 20


class _Edited(RelayClient):
    """Changes the parameters of what it relays, reports apart."""

    def edit_mail(self, parameters: dict[bytes, bytes | None]) -> None:
        """Change the parameters of MAIL."""

    def edit_rcpt(self, recipient: Recipient, parameters: dict[bytes, bytes | None]) -> None:
        """Change the parameters of a RCPT."""

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        if envelope.reverse_path is not None:
            parameters = dict(envelope.parameters)
            self.edit_mail(parameters)
            recipients: list[Recipient] = []
            for recipient in envelope.recipients:
                wishes = dict(recipient.parameters)
                self.edit_rcpt(recipient, wishes)
                recipients.append(replace(recipient, parameters=wishes))
            envelope = replace(envelope, parameters=parameters, recipients=tuple(recipients))
        return await super().deliver(hops, envelope, octets)


@mutants.part("relay", f"{_PASSED_ON}envid-relayed")
class EnvidKept(_Edited):
    """ENVID is not passed on."""

    def edit_mail(self, parameters: dict[bytes, bytes | None]) -> None:
        parameters.pop(b"ENVID", None)


@mutants.part("relay", f"{_PASSED_ON}envid-not-invented")
class EnvidInvented(_Edited):
    """Mail without ENVID gets one."""

    def edit_mail(self, parameters: dict[bytes, bytes | None]) -> None:
        parameters.setdefault(b"ENVID", b"made-here")


@mutants.part("relay", f"{_PASSED_ON}ret-relayed")
class RetTurnedIntoFull(_Edited):
    """RET is passed on as FULL."""

    def edit_mail(self, parameters: dict[bytes, bytes | None]) -> None:
        if b"RET" in parameters:
            parameters[b"RET"] = b"FULL"


@mutants.part("relay", f"{_PASSED_ON}ret-not-invented", "3461/5.2.7.1/list-parameters-own")
class RetInvented(_Edited):
    """Mail without RET gets RET=HDRS."""

    def edit_mail(self, parameters: dict[bytes, bytes | None]) -> None:
        parameters.setdefault(b"RET", b"HDRS")


@mutants.part("relay", f"{_PASSED_ON}notify-relayed")
class DelayNotPassedOn(_Edited):
    """DELAY is taken out of NOTIFY where it stands with SUCCESS."""

    def edit_rcpt(self, recipient: Recipient, parameters: dict[bytes, bytes | None]) -> None:
        if parameters.get(b"NOTIFY") == b"SUCCESS,DELAY":
            parameters[b"NOTIFY"] = b"SUCCESS"


@mutants.part("relay", f"{_PASSED_ON}notify-relayed", f"{_PASSED_ON}notify-not-invented")
class OneNotifyForAll(_Edited):
    """All recipients go out with NOTIFY=FAILURE."""

    def edit_rcpt(self, recipient: Recipient, parameters: dict[bytes, bytes | None]) -> None:
        parameters[b"NOTIFY"] = b"FAILURE"


@mutants.part("relay", f"{_PASSED_ON}orcpt-relayed")
class OrcptInLowerCase(_Edited):
    """ORCPT is passed on in lower case."""

    def edit_rcpt(self, recipient: Recipient, parameters: dict[bytes, bytes | None]) -> None:
        if original := parameters.get(b"ORCPT"):
            parameters[b"ORCPT"] = original.lower()


@mutants.part("relay", f"{_PASSED_ON}orcpt-added", "3461/5.2.7.1/list-orcpt")
class OrcptOfThePostmaster(_Edited):
    """A recipient without ORCPT gets the postmaster's address."""

    def edit_rcpt(self, recipient: Recipient, parameters: dict[bytes, bytes | None]) -> None:
        parameters.setdefault(b"ORCPT", b"rfc822;postmaster@" + self.hostname)


@mutants.part("relay", f"{_PLAIN}none-to-plain-host", f"{_PLAIN}relayed-report")
class DsnTakenForGranted(RelayClient):
    """Every host is taken for one with DSN."""

    async def introduce(self, dialogue: Dialogue) -> Mapping[bytes, bytes]:
        return {**await super().introduce(dialogue), b"DSN": b""}


@mutants.part("relay", f"{_PLAIN}relayed-report")
class RelayingNotReported(RelayClient):
    """What a host has taken is left to it to report."""

    async def attempt(self, hop: Hop, envelope: Envelope, rest: Sequence[Recipient], octets: bytes) -> Results:
        results = await super().attempt(hop, envelope, rest, octets)
        return {address: replace(result, reports=True) for address, result in results.items()}


@mutants.part("relay", "3461/6.1/notify-never")
class ReportsOnReportsAskedFor(RelayClient):
    """Reports are sent with NOTIFY=FAILURE."""

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        if envelope.reverse_path is None:
            asking = tuple(replace(each, parameters={b"NOTIFY": b"FAILURE"}) for each in envelope.recipients)
            envelope = replace(envelope, recipients=asking)
        return await super().deliver(hops, envelope, octets)


@mutants.part("relay", "3461/6.1/no-ret")
class ReportsWithRet(RelayClient):
    """Reports are sent with RET=HDRS."""

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        if envelope.reverse_path is None:
            envelope = replace(envelope, parameters={**envelope.parameters, b"RET": b"HDRS"})
        return await super().deliver(hops, envelope, octets)


# Who is told.


def _notify(recipient: Recipient) -> bytes | None:
    return recipient.parameters.get(b"NOTIFY")


@mutants.part("reporter", f"{_PLAIN}no-success-unasked")
class RelayingReportedUnasked(Reporter):
    """What a host without DSN has taken is reported where NOTIFY is missing."""

    def wants(self, recipient: Recipient, action: Action) -> bool:
        return Reporter.wants(self, recipient, action) or (action is Action.RELAYED and _notify(recipient) is None)


@mutants.part("reporter", "3461/5.2.3/delivered-unasked")
class DeliveryReportedUnasked(Reporter):
    """A delivery is reported where NOTIFY asks for failures."""

    def wants(self, recipient: Recipient, action: Action) -> bool:
        asked = _notify(recipient) == b"FAILURE,DELAY" and action is Action.DELIVERED
        return asked or Reporter.wants(self, recipient, action)


@mutants.part(
    "reporter",
    "3461/5.2.3/delivered-report",
    "3461/5.2.7.1/list-delivered",
    "3461/5.2.7.2/alias-parameters-kept",
)
class DeliveryNotReported(Reporter):
    """A delivery is not reported."""

    def wants(self, recipient: Recipient, action: Action) -> bool:
        return action is not Action.DELIVERED and Reporter.wants(self, recipient, action)


@mutants.part("reporter", f"{_PLAIN}never-silent")
class NeverIgnored(Reporter):
    """A failure is reported with NOTIFY=NEVER too."""

    def wants(self, recipient: Recipient, action: Action) -> bool:
        never = _notify(recipient) == b"NEVER" and action is Action.FAILED
        return never or Reporter.wants(self, recipient, action)


@mutants.part("reporter", "3461/5.2.6/failed-unasked")
class FailureReportedUnasked(Reporter):
    """A failure is reported where NOTIFY has DELAY alone."""

    def wants(self, recipient: Recipient, action: Action) -> bool:
        return _notify(recipient) == b"DELAY" or Reporter.wants(self, recipient, action)


@mutants.part("reporter", f"{_PLAIN}failed-report", "3461/5.2.6/failed-report")
class FailureNotReported(Reporter):
    """A failure of a recipient with a long name is not reported where NOTIFY has FAILURE."""

    def wants(self, recipient: Recipient, action: Action) -> bool:
        hidden = _notify(recipient) is not None and len(recipient.address.local_part) > _LONG
        return not hidden and Reporter.wants(self, recipient, action)


@mutants.part("reporter", f"{_PLAIN}failed-by-default", "3461/5.2.6/failed-by-default")
class FailureNotReportedByDefault(Reporter):
    """A failure of a recipient with a long name is not reported where NOTIFY is missing."""

    def wants(self, recipient: Recipient, action: Action) -> bool:
        hidden = _notify(recipient) is None and len(recipient.address.local_part) > _LONG
        return not hidden and Reporter.wants(self, recipient, action)


class _Impatient(Reporter):
    def wants(self, recipient: Recipient, action: Action) -> bool:
        if action is Action.DELAYED:
            return _notify(recipient) is not None
        return Reporter.wants(self, recipient, action)


@mutants.part("queue", "3461/5.2.5/delayed-unasked")
class DelayReportedUnasked(Queue):
    """The first failed attempt is reported where NOTIFY asks for something else."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.schedule = replace(self.schedule, warn_after=0.0)
        self.reporter = _Impatient(self.reporter.hostname, self.reporter.random)


@mutants.part("queue", "3461/5.2/none-for-null")
class NullSenderIsAuthor(Queue):
    """What becomes of mail with the null reverse-path is reported to the address in From."""

    def _report(self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: float) -> None:
        author = re.search(rb"^From: <([^@>]+)@([^>]+)>", octets, re.MULTILINE)
        if envelope.reverse_path is None and author and b"multipart/report" not in octets:
            envelope = replace(envelope, reverse_path=Address(author[1], author[2]))
        super()._report(envelope, outcomes, octets, arrived=arrived)


@mutants.part("queue", "3461/5.2.8/only-who-asked")
class AllRecipientsNamed(Queue):
    """A report names everybody as soon as one of them is to be reported."""

    def _report(self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: float) -> None:
        if any(self.reporter.wants(each.recipient, each.action) for each in outcomes):
            asked: dict[bytes, bytes | None] = {b"NOTIFY": b"SUCCESS,FAILURE,DELAY"}
            changed = [
                structs.replace(e, recipient=replace(e.recipient, parameters=_with(e.recipient, asked)))
                for e in outcomes
            ]
            outcomes = changed if len(outcomes) > 1 else outcomes
        super()._report(envelope, outcomes, octets, arrived=arrived)


def _with(recipient: Recipient, parameters: Mapping[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    return {**recipient.parameters, **parameters}


# What a report says.


class _Rewriting(Reporter):
    """Changes its reports after they are written."""

    def rewrite(self, report: bytes) -> bytes:
        return report

    def report(
        self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: datetime, now: datetime
    ) -> bytes:
        return self.rewrite(Reporter.report(self, envelope, outcomes, octets, arrived=arrived, now=now))


def _without_field(name: bytes, report: bytes) -> bytes:
    return re.sub(rb"(?im)^%b:.*\r\n" % name, b"", report)


@mutants.part("reporter", f"{_FIELD}envelope-id")
class EnvelopeIdInXtext(_Rewriting):
    """Original-Envelope-Id is left in xtext."""

    def report(
        self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: datetime, now: datetime
    ) -> bytes:
        report = Reporter.report(self, envelope, outcomes, octets, arrived=arrived, now=now)
        envid = envelope.parameters.get(b"ENVID") or b""
        return re.sub(rb"(?m)^(Original-Envelope-Id: ).*(?=\r\n)", lambda match: match[1] + envid, report)


@mutants.part("reporter", f"{_FIELD}no-envelope-id")
class EnvelopeIdMadeUp(_Rewriting):
    """A report on a message without ENVID has an Original-Envelope-Id all the same."""

    def rewrite(self, report: bytes) -> bytes:
        if b"Original-Envelope-Id:" in report:
            return report
        return report.replace(b"Reporting-MTA:", b"Original-Envelope-Id: unknown\r\nReporting-MTA:")


@mutants.part("reporter", f"{_FIELD}reporting-mta")
class ReportingMtaLeftOut(_Rewriting):
    """A report does not say who wrote it."""

    def rewrite(self, report: bytes) -> bytes:
        return _without_field(b"Reporting-MTA", report)


@mutants.part("reporter", f"{_FIELD}reporting-mta")
class ReportingMtaIsShort(_Rewriting):
    """Reporting-MTA has the first label of the name alone."""

    def rewrite(self, report: bytes) -> bytes:
        return re.sub(rb"(?m)^(Reporting-MTA: dns; [^.\r\n]+)[^\r\n]*", rb"\1", report)


@mutants.part("reporter", f"{_FIELD}original-recipient")
class OriginalRecipientLowered(_Rewriting):
    """Original-Recipient is in lower case."""

    def rewrite(self, report: bytes) -> bytes:
        return re.sub(rb"(?m)^(Original-Recipient: )([^\r\n]*)", lambda match: match[1] + match[2].lower(), report)


@mutants.part("reporter", f"{_FIELD}no-original-recipient")
class OriginalRecipientGuessed(_Rewriting):
    """A recipient without ORCPT has an Original-Recipient all the same."""

    def rewrite(self, report: bytes) -> bytes:
        if b"Original-Recipient:" in report:
            return report
        return report.replace(b"Final-Recipient:", b"Original-Recipient: rfc822; nobody@else.test\r\nFinal-Recipient:")


@mutants.part("reporter", f"{_FIELD}final-recipient")
class FinalRecipientOfLocalType(_Rewriting):
    """Final-Recipient has a type of its own."""

    def rewrite(self, report: bytes) -> bytes:
        return re.sub(rb"(?m)^Final-Recipient: rfc822; ([xy]@)", rb"Final-Recipient: mail; \1", report)


@mutants.part("reporter", f"{_FIELD}action")
class ActionIsFailure(_Rewriting):
    """The second of two recipients has an Action that there is none of."""

    def rewrite(self, report: bytes) -> bytes:
        first, separator, second = report.rpartition(b"Action: failed\r\n")
        return first + b"Action: failure\r\n" + second if b"Action:" in first else first + separator + second


@mutants.part("reporter", f"{_FIELD}status")
class StatusWithZeros(_Rewriting):
    """Status has leading zeros."""

    def rewrite(self, report: bytes) -> bytes:
        return re.sub(rb"(?m)^Status: (\d)\.(\d)\.(\d)(?=\r\n)", rb"Status: \1.0\2.0\3", report)


@mutants.part("reporter", f"{_FIELD}remote-mta")
class RemoteMtaLeftOut(_Rewriting):
    """A report does not say which host refused."""

    def rewrite(self, report: bytes) -> bytes:
        return _without_field(b"Remote-MTA", report)


@mutants.part("reporter", f"{_FIELD}diagnostic-code", "3461/9.2/reply-quoted")
class DiagnosticCodeLeftOut(_Rewriting):
    """A report does not have the reply."""

    def rewrite(self, report: bytes) -> bytes:
        return _without_field(b"Diagnostic-Code", report)


@mutants.part("reporter", "3461/9.2/reply-quoted")
class DiagnosticCodeInOwnWords(_Rewriting):
    """Diagnostic-Code has the server's own words."""

    def rewrite(self, report: bytes) -> bytes:
        return re.sub(rb"(?m)^(Diagnostic-Code: smtp; )[^\r\n]*", rb"\g<1>550 that host did not want it", report)


@mutants.part("reporter", "3461/9.3/valid-domains")
class RemoteMtaWithUnderscore(_Rewriting):
    """Remote-MTA of type dns has a name that is no domain."""

    def rewrite(self, report: bytes) -> bytes:
        return re.sub(rb"(?m)^(Remote-MTA: dns; )([^.\r\n]+)", rb"\1_\2_", report)


@mutants.part("reporter", "3461/9.1/address-not-mended")
class FinalRecipientLowered(_Rewriting):
    """Final-Recipient is in lower case."""

    def rewrite(self, report: bytes) -> bytes:
        return re.sub(rb"(?m)^(Final-Recipient: )([^\r\n]*)", lambda match: match[1] + match[2].lower(), report)


@mutants.part("reporter", "3461/6.2/full-returned")
class HeadersAloneReturned(Reporter):
    """Every report has the header section alone."""

    def report(
        self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: datetime, now: datetime
    ) -> bytes:
        envelope = replace(envelope, parameters={**envelope.parameters, b"RET": b"HDRS"})
        return Reporter.report(self, envelope, outcomes, octets, arrived=arrived, now=now)


@mutants.part("reporter", "3461/6.2/headers-alone")
class SuccessWithWholeMessage(_Rewriting):
    """A report about a success has the whole message."""

    def report(
        self, envelope: Envelope, outcomes: Sequence[Outcome], octets: bytes, *, arrived: datetime, now: datetime
    ) -> bytes:
        report = Reporter.report(self, envelope, outcomes, octets, arrived=arrived, now=now)
        header, _, body = octets.partition(b"\r\n\r\n")
        if outcomes[0].action is not Action.RELAYED or not body:
            return report
        report = report.replace(b"text/rfc822-headers", b"message/rfc822")
        return report.replace(header, header + b"\r\n\r\n" + body, 1)
