"""Wrong SMTP servers: clauses of the Received field, and Return-Path, against their grammar."""

from __future__ import annotations

import re

from refmail import mutants
from refmail.message.binary import as_text
from refmail.message.envelope import Envelope
from refmail.message.trace import for_final_delivery
from refmail.queue.queue import Queue
from refmail.smtp.session import SmtpSession


class _Restamping(SmtpSession):
    """Changes the Received field by one substitution."""

    pattern = b""
    instead = b""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = super().stamped(envelope, content).removesuffix(content)
        return re.sub(self.pattern, self.instead, field, count=1) + content


@mutants.smtp("5321/4.4/received-by", "5321/4.4/received-extended-domain")
class ReceivedByNobody(_Restamping):
    """Behind BY stands no domain."""

    pattern = rb"\bby \S+"
    instead = rb"by _somebody_"


@mutants.smtp("5321/4.4/received-extended-domain")
class ReceivedFromUnderscore(_Restamping):
    """In front of the name that the client gave stands an underscore."""

    pattern = rb"from client\.test "
    instead = rb"from client.test.-x "


@mutants.smtp("5321/4.1.3/literal-form")
class ReceivedWithPort(_Restamping):
    """The address literal of the client has its port with it."""

    pattern = rb"\(\[([^]]*)\]\)"
    instead = rb"([\1:25])"


@mutants.smtp("5321/4.4/received-with-form", "5321/4.4/registered-names")
class ReceivedViaTwoWords(_Restamping):
    """What follows VIA is no atom."""

    pattern = rb" with "
    instead = rb" via tcp.v4 with "


@mutants.smtp("5321/4.4/received-id-form")
class ReceivedIdWithDots(_Restamping):
    """The identifier in the Received field has a dot in it."""

    pattern = rb" id (\w{4})"
    instead = rb" id \1."


@mutants.smtp("5321/4.4/received-for-form")
class ReceivedForName(_Restamping):
    """FOR names the recipient without the domain."""

    pattern = rb"for <([^@]*)@[^>]*>"
    instead = rb"for \1"


@mutants.smtp("5321/4.4/received-clause-order", "5321/4.4/received-form")
class ReceivedForBeforeId(_Restamping):
    """FOR stands before ID in the Received field."""

    pattern = rb"(id \S+)(\s+)(for [^\s;]+)"
    instead = rb"\3\2\1"


@mutants.part("queue", "5321/4.4/return-path-form", "5321/4.4/return-path")
class ReturnPathWithComment(Queue):
    """A comment stands behind the path in Return-Path."""

    @staticmethod
    def _final(envelope: Envelope, octets: bytes) -> bytes:
        octets = for_final_delivery(as_text(envelope, octets)[1], envelope.reverse_path)
        return re.sub(rb"\A(Return-Path: <[^>]*>)", rb"\1 (envelope)", octets)
