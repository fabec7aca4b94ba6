"""What wrong servers of several protocols do around the handshake that STARTTLS or STLS leads to."""

from __future__ import annotations

from refmail.machine import Machine, Output, Steps, TlsInfo
from refmail.smtp.replies import Reply
from refmail.smtp.session import SmtpSession

__all__ = ["CarriesOver", "leave_after_220"]


class CarriesOver(Machine):
    """Takes what was sent in the clear behind the command for something sent inside TLS."""

    def tls_established(self, tls: TlsInfo) -> list[Output]:
        behind = self.carried_over()
        outputs = super().tls_established(tls)
        return outputs + (self.receive(behind) if behind else [])

    def carried_over(self) -> bytes:
        """Return what is kept of the octets behind the command."""
        return bytes(self.inbox)


def leave_after_220(session: SmtpSession, argument: bytes) -> Steps[None]:
    """Invite the handshake and go away."""
    session.no_argument(argument)
    session.reply(Reply.of(220, "2.0.0", "Begin the TLS handshake"))
    session.closing = True
    yield from ()
