"""Sequences that some server takes for the end of the data, and who could emit them (RFC 5321 sections 2.3.8 and 4.1.1.4)."""

from __future__ import annotations

from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient

__all__ = ["AFTERMATH", "WHO", "smuggle"]

#: What follows where the sequence ends the data here, and a server in front of this one passes it on as content.
AFTERMATH = (
    "If it ends the data here, whoever writes the message also writes the SMTP commands behind it: a second message,"
    " with any sender, comes from the server in front and passes the checks that trust that server's address."
)

#: Who emits a sequence, by what is odd about it.
WHO = {
    "lf": "Any client of a relay in front that keeps a line feed alone as it came, or that was fed by a file of Unix lines.",
    "mixed": "A relay in front that doubles periods only after CRLF, and keeps a line feed alone as it came.",
    "cr": "A relay in front that keeps a carriage return alone as it came, or whose gateway turns one into a line end.",
    "nul": "A relay in front that keeps NUL, where this server or a filter before it drops it.",
    "space": "Any client of any relay: it is a plain line of text that nobody has to change.",
    "other": "Any client of any relay that carries the octets: they are line ends to some libraries only.",
}


def smuggle(smtp: SmtpClient, message: bytes, sequence: bytes) -> None:
    """Send data with `sequence` and a command inside; judge that the data went on until the right end."""
    smtp.command(b"DATA").require(354)
    smtp.send(message + b"before" + sequence + b"RSET\r\nafter\r\n.\r\n")
    smtp.reply().expect(SUCCESS, PERMANENT, TRANSIENT, CLOSED)
    if smtp.stream.ended is None:
        # Had the data ended early, the reply to the RSET inside, which no server refuses, would be read here.
        smtp.command(b"X-UNKNOWN").expect(PERMANENT, CLOSED)
