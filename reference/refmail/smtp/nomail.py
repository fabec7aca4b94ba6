"""A host that takes no mail at all (RFC 7504 sections 3 and 4)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Reply

__all__ = ["NoMailHost"]


class NoMailHost(SessionBase):
    """Greets with 521 where the policy says so, and waits for QUIT (RFC 5321 section 3.1).

    Users' own mail is another service: submission and LMTP never answer 521 (RFC 6409 section 7).
    """

    @property
    def takes_no_mail(self) -> bool:
        """Whether this connection came to a host that takes no mail."""
        return not self.policy.takes_mail and self.peer.listener == "smtp"

    def greeting(self) -> Reply:
        if self.takes_no_mail:
            return Reply.of(521, "", f"{self.services.hostname} does not accept mail")
        return super().greeting()

    def answer(self, line: bytes) -> Steps[Reply | None]:
        if not self.policy.takes_mail and self.takes_no_mail and line.rstrip(b" \t").upper() != b"QUIT":
            return self.decline()
        return super().answer(line)

    def decline(self) -> Steps[Reply | None]:
        """Answer everything but QUIT."""
        yield from ()
        return Reply.of(503, "5.3.2", f"{self.services.hostname} does not accept mail; only QUIT is possible")
