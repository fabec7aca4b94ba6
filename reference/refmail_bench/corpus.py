"""The mail that servers are measured with: the same octets for each of them, made from numbers."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from pathlib import Path

__all__ = ["NEEDLE", "fill_maildir", "message"]

#: A word that stands in the subject of every hundredth message, and nowhere else.
NEEDLE = b"quokka"
_WORDS = (
    b"about after again before could every first found great house large learn never other place plant point "
    b"right small sound spell still study their there these thing think three water where which world would write"
).split()
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def message(number: int, octets: int) -> bytes:
    """Return one message with LF line ends.

    Args:
        number: which; each has a header of its own, and one of three structures.
        octets: about how long it is.
    """
    source = random.Random(number)
    sender, receiver = (b"%s.%s" % (source.choice(_WORDS), source.choice(_WORDS)) for _ in range(2))
    day = b"%d %s 2024 %02d:%02d:%02d +0100" % (
        number % 28 + 1,
        _MONTHS[number % 12].encode(),
        number % 24,
        number % 60,
        number // 60 % 60,
    )
    subject = b" ".join(source.choices(_WORDS, k=6)) + (b" " + NEEDLE if number % 100 == 0 else b"")
    header = [
        b"Return-Path: <%s@sender.test>" % sender,
        b"Received: from mx1.sender.test (mx1.sender.test [192.0.2.1])\n\tby mx.bench.test with ESMTP id A%08d\n"
        b"\tfor <%s@bench.test>; %s" % (number, receiver, day),
        b"Received: from desk.sender.test by mx1.sender.test with ESMTPSA id B%08d; %s" % (number, day),
        b'From: "%s" <%s@sender.test>' % (sender.title().replace(b".", b" "), sender),
        b"To: %s <%s@bench.test>, Archive <archive@bench.test>" % (receiver.title().replace(b".", b" "), receiver),
        b"Cc: team@bench.test",
        b"Subject: " + subject,
        b"Date: " + day,
        b"Message-ID: <%08d.bench@sender.test>" % number,
        b"In-Reply-To: <%08d.bench@sender.test>" % (number // 2),
        b"References: <%08d.bench@sender.test>" % (number // 2),
        b"User-Agent: Bench 1.0",
        b"MIME-Version: 1.0",
    ]
    return b"\n".join(header) + b"\n" + _content(source, number, max(200, octets - 1100))


def _content(source: random.Random, number: int, octets: int) -> bytes:
    if number % 2 == 0:
        return b"Content-Type: text/plain; charset=utf-8\n\n" + _text(source, octets)
    boundary = b"=_bench_%08d" % number
    plain = b"Content-Type: text/plain; charset=utf-8\n\n"
    if number % 4 == 1:
        kind = b"alternative"
        parts = [
            plain + _text(source, octets // 2),
            b"Content-Type: text/html; charset=utf-8\n\n" + _text(source, octets // 2),
        ]
    else:
        kind = b"mixed"
        attachment = base64.encodebytes(source.randbytes(octets * 3 // 8))
        parts = [
            plain + _text(source, octets // 2),
            b"Content-Type: application/pdf; name=report.pdf\nContent-Transfer-Encoding: base64\n"
            b"Content-Disposition: attachment; filename=report.pdf\n\n" + attachment,
        ]
    body = b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts)
    return b'Content-Type: multipart/%s; boundary="%s"\n\n%s--%s--\n' % (kind, boundary, body, boundary)


def _text(source: random.Random, octets: int) -> bytes:
    line = b" ".join(source.choices(_WORDS, k=11)) + b"\n"
    lines = [b" ".join(source.choices(_WORDS, k=11)) + b"\n" for _ in range(8)]
    return (line + b"".join(lines) * (octets // 500 + 1))[: octets - 1] + b"\n"


def fill_maildir(folder: Path, numbers: range, octets: int) -> None:
    """Deliver messages into a Maildir's cur/, seen, as another program would."""
    for sub in ("tmp", "new", "cur"):
        (folder / sub).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in _files(numbers, octets):
        (folder / "cur" / name).write_bytes(text)


def _files(numbers: range, octets: int) -> Iterator[tuple[str, bytes]]:
    for number in numbers:
        text = message(number, octets)
        yield f"{1_700_000_000 + number}.M{number}P1.bench,S={len(text)}:2,S", text
