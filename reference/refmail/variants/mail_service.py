"""Other choices that RFC 6409, 6531, 7505 and 3207 leave to a mail service and its relay client."""

from __future__ import annotations

from typing import Any

from refmail import variants
from refmail.machine import Steps
from refmail.message.envelope import Envelope
from refmail.message.trace import received
from refmail.queue.client import RelayClient
from refmail.queue.lanes import Lanes
from refmail.queue.relaytls import RelayTls
from refmail.smtp.session import SmtpSession


@variants.smtp
class SmtpWithoutUtf8(SmtpSession):
    """SMTPUTF8 is not offered (RFC 6531 section 3.1)."""

    def offers(self) -> dict[bytes, bytes]:
        return {keyword: values for keyword, values in super().offers().items() if keyword != b"SMTPUTF8"}


@variants.smtp
class SmtpNullMxLeftToTheQueue(SmtpSession):
    """RCPT for a domain with a null MX is accepted, and its sender hears of it by mail (RFC 7505 section 4.1)."""

    def check_recipient_domain(self) -> Steps[None]:
        yield from ()


@variants.smtp
class SubmissionAddsMessageIdOnly(SmtpSession):
    """Submission adds a Message-ID where there is none, and neither Date nor Sender (RFC 6409 sections 8.1 and 8.2)."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = received(self.hop(envelope))
        added = super().stamped(envelope, content).removeprefix(field).removesuffix(content)
        return field + b"".join(line for line in added.splitlines(True) if line.startswith(b"Message-ID")) + content


@variants.part("relay")
class RelayWithoutReuse(RelayClient):
    """Each message goes over a connection of its own, in the clear (RFC 5321 section 4.5.4.1, RFC 3207 section 4)."""

    def __init__(self, hostname: str, **settings: Any) -> None:
        settings["lanes"] = Lanes(8, 1)
        settings["tls"] = RelayTls.of("none")
        super().__init__(hostname, **settings)
