"""Limits that an SMTP server may have or not have."""

from __future__ import annotations

import msgspec

from refmail import variants
from refmail.errorcount import CountsErrors
from refmail.services import Peer, Services
from refmail.smtp.replies import Reply
from refmail.smtp.session import SmtpSession


@variants.smtp
class SmtpSizeZero(SmtpSession):
    """SIZE announces 0: messages may have any size (RFC 1870 section 4)."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, message_size=1 << 62)

    def offers(self) -> dict[bytes, bytes]:
        return {**super().offers(), b"SIZE": b"0"}


@variants.smtp
class SmtpPatienceEnds(CountsErrors):
    """The thirtieth error in a row gets 421 and ends the session (RFC 5321 sections 3.8 and 7.8)."""

    def counted(self, reply: Reply | None) -> Reply | None:
        if self.errors < 30:
            return reply
        self.closing = True
        return self.farewell("Too many errors")


@variants.smtp
class SmtpRefusesNullMxSenders(SmtpSession):
    """MAIL from a domain with a null MX is refused (RFC 7505 section 4.1)."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, refuse_null_mx_senders=True)


@variants.smtp
class SmtpTakesNoMail(SmtpSession):
    """The port of other servers greets with 554, and answers all but QUIT with 503 (RFC 5321 section 3.1)."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, takes_mail=False)

    def greeting(self) -> Reply:
        if not self.takes_no_mail:
            return super().greeting()
        return Reply.of(554, "", f"{self.services.hostname} does not accept mail")
