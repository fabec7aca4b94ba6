"""Wrong SMTP servers: Received and Return-Path."""

from __future__ import annotations

import re
from dataclasses import replace

from refmail import mutants
from refmail.message.envelope import Envelope
from refmail.smtp.session import SmtpSession


@mutants.smtp("5321/4.4/received-prepended")
class ReceivedAtTheEnd(SmtpSession):
    """The new Received field stands at the end of the header section."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = super().stamped(envelope, content).removesuffix(content)
        header, separator, body = content.partition(b"\r\n\r\n")
        return header + b"\r\n" + field.removesuffix(b"\r\n") + separator + body


@mutants.smtp("5321/4.4/received-from", "5321/4.4/received-form")
class ReceivedWithoutFrom(SmtpSession):
    """The new Received field has no FROM clause."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = super().stamped(envelope, content).removesuffix(content)
        return re.sub(rb" from .*?by ", b" by ", field, count=1, flags=re.DOTALL) + content


@mutants.smtp("5321/4.4/received-from-both")
class ReceivedWithoutAddress(SmtpSession):
    """The FROM clause has the client's name only."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = super().stamped(envelope, content).removesuffix(content)
        return re.sub(rb" \(\[[^]]*\]\)", b"", field, count=1) + content


@mutants.smtp("5321/4.4/received-from-both", "5321/4.4/received-extended-domain")
class ReceivedWithoutName(SmtpSession):
    """The FROM clause has the client's address only."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = super().stamped(envelope, content).removesuffix(content)
        return re.sub(rb"from \S+ \((\[[^]]*\])\)", rb"from \1", field, count=1) + content


@mutants.smtp("5321/4.4/received-offset")
class ReceivedWithZoneName(SmtpSession):
    """The time in the new Received field is given in GMT, by that name."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = super().stamped(envelope, content).removesuffix(content)
        return re.sub(rb"[+-]\d{4}\r\n\Z", b"GMT\r\n", field) + content


@mutants.smtp("5321/4.4/received-date")
class ReceivedWithShortYear(SmtpSession):
    """The new Received field has a year of two digits."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = super().stamped(envelope, content).removesuffix(content)
        return re.sub(rb"\b20(\d\d) (\d\d:)", rb"\1 \2", field) + content


@mutants.smtp("5321/4.4/received-kept")
class ReceivedReordered(SmtpSession):
    """The older Received fields change places."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        pair = re.compile(rb"(Received: .*?\r\n)(?=Received: )(Received: (?:.*?\r\n)(?:[ \t].*?\r\n)*)", re.DOTALL)
        return super().stamped(envelope, pair.sub(rb"\2\1", content, count=1))


@mutants.smtp("5321/4.4/return-path", "3461/5.2.3/delivered-report")
class ReturnPathForgotten(SmtpSession):
    """Return-Path is null whatever MAIL said."""

    def envelope(self) -> Envelope:
        envelope = super().envelope()
        local = all(recipient.user is not None for recipient in envelope.recipients)
        return replace(envelope, reverse_path=None) if local else envelope
