"""Messages that clients and servers spoil most easily, and the comparison that lets only trace fields differ."""

from __future__ import annotations

import re

__all__ = ["as_text", "letter", "without_trace"]

#: Lines that a transfer may stuff, quote, trim, fold or convert.
_BODY = (
    ".",
    "..",
    ".a line that begins with a dot",
    "From here on, mbox readers see a new message",
    ">From a line that is quoted already",
    "spaces at the end   ",
    "\ttab at the beginning, and at the end\t",
    "=3D is no quoted-printable here, %F is no token",
    "Grüße aus Köln, 漢字, Привет",
    "x" * 900,
    "",
    ".",
    "",
    "the last line",
)
#: What SMTP puts on top: Return-Path at the final delivery, and Received (RFC 5321 section 4.4).
_TRACE = re.compile(rb"(?:(?:Return-Path|Received|Delivered-To):.*\r\n(?:[ \t].*\r\n)*)*", re.IGNORECASE)


def letter(subject: str, *, to: str = "bob@example.test", sender: str = "alice@example.test") -> bytes:
    """Return a message with CRLF line ends; the subject makes it unique.

    It has all fields that submission would add, so that nothing has to be added.
    """
    head = (
        f"From: Alice <{sender}>",
        f"To: <{to}>",
        f"Subject: {subject}",
        "Date: Mon, 23 Nov 2026 12:00:00 +0100",
        f"Message-ID: <{subject.replace(' ', '.')}@client.test>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
    )
    return "".join(f"{line}\r\n" for line in (*head, *_BODY)).encode()


def as_text(octets: bytes) -> bytes:
    """Return the message as a text file of Unix has it."""
    return octets.replace(b"\r\n", b"\n")


def without_trace(octets: bytes) -> bytes:
    """Return the message without the trace fields on top of it; lines may end in CRLF or LF."""
    octets = re.sub(rb"(?<!\r)\n", b"\r\n", octets)
    match = _TRACE.match(octets)
    return octets[match.end() if match else 0 :]
