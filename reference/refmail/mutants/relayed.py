"""Wrong relay clients: 8-bit, binary and internationalised content on its way (RFC 6152, RFC 3030, RFC 6531)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from refmail import mutants
from refmail.message.envelope import Envelope
from refmail.queue.bounce import Reporter
from refmail.queue.client import RelayClient, Result, Results, Verdict
from refmail.queue.dialogue import Dialogue, Reply
from refmail.queue.parameters import needs_utf8
from refmail.queue.queue import Queue
from refmail.queue.router import Hop, Route, Router, Unroutable

_EIGHT = "6152/3/"
_BINARY = "3030/3/"
_UTF8 = "6531/"

Offers = Mapping[bytes, bytes]


class _Changing(RelayClient):
    """Changes what it relays, reports apart."""

    def change(self, envelope: Envelope, octets: bytes) -> tuple[Envelope, bytes]:
        return envelope, octets

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        if envelope.reverse_path is not None:
            envelope, octets = self.change(envelope, octets)
        return await super().deliver(hops, envelope, octets)


class _Believing(RelayClient):
    """Believes something else of what hosts offer."""

    def believe(self, offers: Offers) -> Offers:
        return offers

    async def introduce(self, dialogue: Dialogue) -> Offers:
        return self.believe(await super().introduce(dialogue))


def _body(envelope: Envelope) -> bytes:
    return (envelope.parameters.get(b"BODY") or b"").upper()


def _recoded(octets: bytes, recode: Callable[[bytes], bytes]) -> bytes:
    """Return a message with another body."""
    header, separator, body = octets.partition(b"\r\n\r\n")
    return header + separator + recode(body)


# 8-bit text.


@mutants.part("relay", f"{_EIGHT}body-parameter")
class EightBitsUnannounced(RelayClient):
    """8-bit text goes out without BODY."""

    def mail_parameters(self, envelope: Envelope, octets: bytes, offers: Offers) -> bytes:
        return super().mail_parameters(envelope, octets, offers).replace(b" BODY=8BITMIME", b"")


@mutants.part("relay", f"{_EIGHT}relayed-whole")
class EighthBitLostOnTheWay(RelayClient):
    """8-bit text is relayed with seven of its bits."""

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        if b"multipart/" not in octets:
            octets = _recoded(octets, lambda body: bytes(octet & 0x7F for octet in body))
        return await super().send_content(dialogue, hop, octets)


@mutants.part("relay", f"{_EIGHT}not-to-seven-bit")
class EightBitsTakenForGranted(_Believing):
    """Every host is taken for one with 8BITMIME."""

    def believe(self, offers: Offers) -> Offers:
        return {**offers, b"8BITMIME": b""}


@mutants.part("queue", f"{_EIGHT}converted-or-returned")
class UnsendableTextForgotten(Queue):
    """8-bit text that cannot be sent on is forgotten."""

    def _report(self, envelope: Envelope, outcomes: Sequence[object], octets: bytes, *, arrived: float) -> None:
        if _body(envelope) != b"8BITMIME" or b"SMTPUTF8" in envelope.parameters:
            super()._report(envelope, outcomes, octets, arrived=arrived)  # type: ignore[arg-type]  # handed through


class _Converting(_Changing):
    """Turns all 8-bit text into something of seven bits."""

    #: What the message says of itself then.
    label = b"quoted-printable"

    def recode(self, body: bytes) -> bytes:
        return re.sub(rb"[=\x80-\xff]", lambda match: b"=%02X" % match[0][0], body)

    def change(self, envelope: Envelope, octets: bytes) -> tuple[Envelope, bytes]:
        if _body(envelope) != b"8BITMIME" or not envelope.parameters.get(b"BODY") or b"SMTPUTF8" in envelope.parameters:
            return envelope, octets
        octets = _recoded(octets, self.recode)
        label = b"Content-Transfer-Encoding: "
        return envelope, octets.replace(label + b"8bit", label + self.label, 1)


@mutants.part("relay", f"{_EIGHT}conversion-lossless", f"{_EIGHT}relayed-whole")
class ConvertedWithLoss(_Converting):
    """8-bit text is relayed with question marks."""

    label = b"7bit"

    def recode(self, body: bytes) -> bytes:
        return re.sub(rb"[\x80-\xff]", b"?", body)


@mutants.part("relay", f"{_EIGHT}conversion-valid", f"{_EIGHT}conversion-lossless", f"{_EIGHT}relayed-whole")
class ConvertedWithWrongLabel(_Converting):
    """8-bit text is relayed in quoted-printable, and still called 8bit."""

    label = b"8bit"


# Chunks and binary messages.


@mutants.part("relay", "3030/2/text-lines")
class TextInChunksOfLf(RelayClient):
    """Text goes out in chunks, its lines ended by LF."""

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        if b"\r\n.two\r\n" not in octets:
            return await super().send_content(dialogue, hop, octets)
        return await self.send_chunk(dialogue, hop, octets.replace(b"\r\n", b"\n"))


@mutants.part("relay", "3030/2/no-chunk-after-failure")
class ChunksGoOn(RelayClient):
    """Binary content goes out in two chunks, the second whatever was said to the first."""

    async def send_chunk(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        await dialogue.send(b"BDAT 10\r\n" + octets[:10], self.timeouts.data)
        first = await dialogue.reply(self.timeouts.end)
        result = await super().send_chunk(dialogue, hop, octets[10:])
        return result if first.positive else self.judged(first, hop)


@mutants.part("relay", f"{_BINARY}body-parameter")
class BinaryUnannounced(RelayClient):
    """Binary content goes out in chunks with BODY=8BITMIME."""

    def mail_parameters(self, envelope: Envelope, octets: bytes, offers: Offers) -> bytes:
        parameters = super().mail_parameters(envelope, octets, offers)
        return parameters.replace(b" BODY=BINARYMIME", b" BODY=8BITMIME")


@mutants.part("relay", f"{_BINARY}octets-kept")
class RelayedWithoutNuls(RelayClient):
    """NULs are left out of binary content on its way."""

    async def send_chunk(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        return await super().send_chunk(dialogue, hop, octets.replace(b"\0", b""))


@mutants.part("relay", f"{_BINARY}storage-undone", f"{_BINARY}octets-kept")
class LocalLineEndsRelayed(RelayClient):
    """The text beside binary content goes out with lines that end in LF."""

    async def send_chunk(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        text, separator, rest = octets.partition(b"Content-Type: application/octet-stream")
        if b"\r\n\r\n\0\0" in rest:
            text = text.replace(b"A text.\r\n", b"A text.\n")
        return await super().send_chunk(dialogue, hop, text + separator + rest)


@mutants.part(
    "relay",
    f"{_BINARY}not-unasked",
    f"{_BINARY}conversion-valid",
)
class BinaryTakenForGranted(_Believing):
    """Every host is taken for one with BINARYMIME."""

    def believe(self, offers: Offers) -> Offers:
        return {**offers, b"BINARYMIME": b"", b"CHUNKING": b""}


class _BinaryChanged(RelayClient):
    """Changes binary content that was made text for a host."""

    def change(self, octets: bytes) -> bytes:
        return octets

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        if b"--=_cut" in octets:
            octets = self.change(octets)
        return await super().send_content(dialogue, hop, octets)


@mutants.part("relay", f"{_BINARY}conversion-lossless")
class BinaryConvertedWithLoss(_BinaryChanged):
    """The last line of base64 is cut off."""

    def change(self, octets: bytes) -> bytes:
        return re.sub(rb"(base64\r\n\r\n(?:[^\r\n]{76}\r\n)+)[^\r\n-]+\r\n(?=\r\n--=_cut--)", rb"\1", octets)


@mutants.part("relay", f"{_BINARY}conversion-valid")
class BinaryLabelKept(_BinaryChanged):
    """The text beside what was binary is called binary."""

    def change(self, octets: bytes) -> bytes:
        label = b"Content-Transfer-Encoding: binary\r\n"
        return octets.replace(b"text/plain\r\n", b"text/plain\r\n" + label)


@mutants.part("relay", f"{_BINARY}no-nested-encoding")
class EncodedTwice(_BinaryChanged):
    """What is in base64 already is put into base64 again."""

    def change(self, octets: bytes) -> bytes:
        return octets.replace(b"\r\naGVsbG8=\r\n", b"\r\nYUdWc2JHOD0=\r\n")


# Internationalised mail.


@mutants.part("relay", f"{_UTF8}3.4/parameter-sent", f"{_UTF8}3.2/not-unasked", f"{_UTF8}3.2/returned-otherwise")
class HeaderInUtf8Unannounced(_Changing):
    """A header section in UTF-8 goes out without SMTPUTF8, to whatever host."""

    def change(self, envelope: Envelope, octets: bytes) -> tuple[Envelope, bytes]:
        kept = {name: value for name, value in envelope.parameters.items() if name != b"SMTPUTF8"}
        return replace(envelope, parameters=kept), octets


@mutants.part("relay", f"{_UTF8}3.1/parameters-ignored")
class Utf8KeywordWithParametersUnknown(_Believing):
    """SMTPUTF8 with parameters is not understood."""

    def believe(self, offers: Offers) -> Offers:
        return {name: value for name, value in offers.items() if name != b"SMTPUTF8" or not value}


@mutants.part("relay", f"{_UTF8}3.4/parameter-only-when-needed")
class Utf8AlwaysSaid(RelayClient):
    """SMTPUTF8 goes with every MAIL to a host that offers it."""

    def mail_parameters(self, envelope: Envelope, octets: bytes, offers: Offers) -> bytes:
        parameters = super().mail_parameters(envelope, octets, offers)
        said = b"SMTPUTF8" not in offers or b" SMTPUTF8" in parameters
        return parameters if said else parameters + b" SMTPUTF8"


@mutants.part("relay", f"{_UTF8}3.2/not-unasked", f"{_UTF8}3.2/returned-otherwise")
class Utf8TakenForGranted(_Believing):
    """Every host is taken for one with SMTPUTF8."""

    def believe(self, offers: Offers) -> Offers:
        return {**offers, b"SMTPUTF8": b""}


@mutants.part("queue", f"{_UTF8}3.2/returned-otherwise")
class UnsendableUtf8Forgotten(Queue):
    """A message that needs SMTPUTF8, and cannot have it, is forgotten."""

    def _report(self, envelope: Envelope, outcomes: Sequence[object], octets: bytes, *, arrived: float) -> None:
        if not needs_utf8(envelope, octets):
            super()._report(envelope, outcomes, octets, arrived=arrived)  # type: ignore[arg-type]  # handed through


@mutants.part("relay", f"{_UTF8}3.7/label-form")
class ALabelsRelayed(RelayClient):
    """Domains go out in A-labels."""

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        changed = tuple(
            replace(
                each,
                address=structs.replace(
                    each.address, domain=each.address.domain.replace("bücher".encode(), b"xn--bcher-kva")
                ),
            )
            for each in envelope.recipients
        )
        results = await super().deliver(hops, replace(envelope, recipients=changed), octets)
        pairs = zip(envelope.recipients, changed, strict=True)
        return {before.address: results[after.address] for before, after in pairs}


@mutants.part("relay", f"{_UTF8}3.7.1/ehlo-name-ascii")
class EhloInUtf8(RelayClient):
    """The name in EHLO is in UTF-8."""

    async def introduce(self, dialogue: Dialogue) -> Offers:
        hostname = self.hostname
        self.hostname = "bücher.test".encode()
        try:
            return await super().introduce(dialogue)
        finally:
            self.hostname = hostname


@mutants.part("reporter", f"{_UTF8}3.2/dsn-internationalised")
class Utf8RecipientOfTypeRfc822(Reporter):
    """A recipient in UTF-8 stands in a report with type rfc822."""

    def report(self, *args: object, **settings: object) -> bytes:
        report = Reporter.report(self, *args, **settings)  # type: ignore[arg-type]  # handed through
        return report.replace(b"Final-Recipient: utf-8;", b"Final-Recipient: rfc822;")


@mutants.part("reporter", f"{_UTF8}3.2/report-format")
class ReportAboutUtf8WithUtf8Header(Reporter):
    """A report on a message that needed SMTPUTF8 has a header field in UTF-8."""

    def report(self, *args: object, **settings: object) -> bytes:
        report = Reporter.report(self, *args, **settings)  # type: ignore[arg-type]  # handed through
        envelope = args[0]
        assert isinstance(envelope, Envelope)
        if b"SMTPUTF8" not in envelope.parameters:
            return report
        return report.replace(b"Subject: Undelivered mail", "Subject: Unzustellbär".encode(), 1)


@mutants.part("relay", f"{_UTF8}3.7.4.1/client-takes-utf8")
class ReplyInUtf8TakenForYes(RelayClient):
    """A refusal with letters outside ASCII is not understood, and taken for success."""

    def judged_recipient(self, reply: Reply, hop: Hop) -> Result:
        result = super().judged_recipient(reply, hop)
        return result if b"".join(reply.lines).isascii() else replace(result, verdict=Verdict.DELIVERED)


@mutants.part("router", f"{_UTF8}3.2/idna-lookup")
class ALabelsNotLookedUp(Router):
    """A domain with A-labels is not looked up."""

    async def route(self, domain: str) -> Route:
        if "xn--" in domain:
            return Unroutable(550, "5.1.2", f"{domain} is no domain")
        return await super().route(domain)

    async def has_null_mx(self, domain: str) -> bool:
        return "xn--" not in domain and await super().has_null_mx(domain)
