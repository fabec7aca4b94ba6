r"""A blocking, recorded LMTP client (RFC 2033): SMTP with LHLO, and after the message one reply for each recipient.

lmtp = LmtpClient.connect(Endpoint("127.0.0.1", 2024), Recorder(deadline=5))
lmtp.greeting().require(220)
lmtp.lhlo().require(250)
lmtp.mail(b"a@client.test").require(250)
lmtp.rcpt(b"user@target.test").require(250)
lmtp.command(b"DATA").require(354)
lmtp.content(b"Subject: x\r\n\r\nbody\r\n").expect(250)
# ... and lmtp.reply() once for each further recipient.
"""

from __future__ import annotations

from mailspec.wire.smtp import SmtpClient, SmtpReply

__all__ = ["LmtpClient"]


class LmtpClient(SmtpClient):
    """One connection to an LMTP service."""

    def lhlo(self, name: bytes = b"client.test") -> SmtpReply:
        """Send LHLO and remember the capabilities of a 250 reply."""
        return self._hello(b"LHLO", name)
