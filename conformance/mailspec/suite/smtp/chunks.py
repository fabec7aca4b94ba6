"""BDAT as a client sends it (RFC 3030 section 2)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from mailspec.wire.smtp import SmtpClient, SmtpReply

__all__ = ["CHUNKING", "bdat", "cut", "give", "in_chunks"]

#: What most checks about chunks need.
CHUNKING = ("smtp CHUNKING",)


def bdat(octets: bytes, *, last: bool = False) -> bytes:
    """Return a BDAT command with its chunk behind it."""
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets


def give(smtp: SmtpClient, octets: bytes, *, last: bool = False) -> SmtpReply:
    """Send one chunk and read its reply."""
    smtp.send(bdat(octets, last=last))
    return smtp.reply()


def in_chunks(smtp: SmtpClient, chunks: Sequence[bytes]) -> SmtpReply:
    """Send a message chunk by chunk and return the reply to the last one.

    Raises:
        Blocked: one before it was not taken.
    """
    for chunk in chunks[:-1]:
        give(smtp, chunk).require(250)
    return give(smtp, chunks[-1], last=True)


def cut(octets: bytes, at: Iterable[int]) -> list[bytes]:
    """Return the octets in pieces that begin at these offsets."""
    offsets = (0, *at, len(octets))
    return [octets[start:end] for start, end in itertools.pairwise(offsets)]
