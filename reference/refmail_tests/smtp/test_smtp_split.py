"""A dialogue gives the same answers however its octets are split."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Begin = Callable[..., Any]

#: Mail, mistakes, logins, long lines: everything that ends in more than one way.
SCRIPT = (
    b"EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<x@example.test>\r\n"
    b"DATA\r\nSubject: x\r\n\r\n..\r\n.x\r\n\r\n.\r\nNOOP a\rb\r\nAUTH LOGIN\r\nYWxpY2U=\r\nYWxpY2Utc2VjcmV0\r\n"
    b"MAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nbare\nline\r\n.\r\r\n.\r\nNOOP "
    + b"x" * 2100
    + b"\r\nQUIT\r\n"
)

FRAGMENTS = st.sampled_from(
    [
        b"\r\n",
        b"\r",
        b"\n",
        b".",
        b"..",
        b" ",
        b"\x00",
        b"\xff",
        b"EHLO c.test",
        b"MAIL FROM:<>",
        b"MAIL FROM:<a@b.test>",
        b"RCPT TO:<alice@example.test>",
        b"DATA",
        b"RSET",
        b"QUIT",
        b"NOOP",
        b"AUTH PLAIN",
        b"=",
        b"*",
        b"STARTTLS",
        "MAIL FROM:<é@bücher.test> SMTPUTF8".encode(),
        "VRFY é".encode(),
        b"RCPT TO:<x@nobody.test>",
    ]
)


def cut(octets: bytes, places: list[int]) -> list[bytes]:
    """Return the octets in pieces."""
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return [octets[start:end] for start, end in itertools.pairwise(edges)]


def said(begin: Begin, pieces: list[bytes]) -> bytes:
    """Return everything a fresh session says to the pieces; the TLS handshake is left open."""
    dialogue = begin(hello=False)
    dialogue.services.random.seed(1)
    octets: bytes = dialogue.say_in_pieces(pieces)
    return octets


#: UTF-8 in every place, logins that end in every way, submission's rules, null MX.
SUBMISSION = (
    "EHLO client.test\r\nMAIL FROM:<é@b.test> SMTPUTF8\r\nVRFY é SMTPUTF8\r\nAUTH LOGIN\r\n*\r\nAUTH CRAM-MD5 =\r\n"
    "AUTH PLAIN\r\nAGFsaWNlAGFsaWNlLXNlY3JldA==\r\nAUTH PLAIN =\r\nEHLO client.test\r\n"
    "MAIL FROM:<é@bücher.test> SMTPUTF8 AUTH=<>\r\nAUTH PLAIN\r\nRCPT TO:<é@host>\r\nRCPT TO:<用户@b.test>\r\n"
    "RCPT TO:<x@nobody.test>\r\nDATA\r\nFrom: é@b.test\r\n\r\n.\r\nMAIL FROM:<a@b.test>\r\n"
    "RCPT TO:<alice@[192.0.2.1]>\r\nDATA\r\nTo: x@host\r\n\r\n.\r\nQUIT\r\n"
).encode()


def said_at_submission(begin: Begin, pieces: list[bytes]) -> tuple[bytes, list[bytes]]:
    """Return what a submission session says, and the messages it accepts."""
    taken: list[bytes] = []

    def accept(_: object, octets: bytes) -> None:
        taken.append(octets)

    def has_null_mx(domain: bytes) -> bool:
        return domain == b"nobody.test"

    changes = {"has_null_mx": has_null_mx, "accept": accept}
    dialogue = begin(hello=False, listener="submission", changes=changes)
    dialogue.services.random.seed(1)
    return dialogue.say_in_pieces(pieces), taken


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, len(SUBMISSION)), max_size=12))
def test_any_split_of_a_submission(begin: Begin, places: list[int]) -> None:
    whole, taken = said_at_submission(begin, [SUBMISSION])
    assert [int(line[:3]) for line in whole.splitlines() if line[3:4] == b" "] == [
        *(250, 530, 550, 334, 501, 504),
        *(334, 235, 503, 250),
        *(250, 503, 554, 250),
        *(556, 354, 250, 250),
        *(250, 354, 554, 221),
    ]
    assert len(taken) == 1
    assert said_at_submission(begin, cut(SUBMISSION, places)) == (whole, taken)


def test_one_octet_at_a_time(begin: Begin) -> None:
    assert said(begin, [SCRIPT[i : i + 1] for i in range(len(SCRIPT))]) == said(begin, [SCRIPT])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, len(SCRIPT)), max_size=12))
def test_any_split_of_a_script(begin: Begin, places: list[int]) -> None:
    assert said(begin, cut(SCRIPT, places)) == said(begin, [SCRIPT])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(FRAGMENTS, max_size=40).map(b"".join), st.lists(st.integers(0, 4000), max_size=6))
def test_any_octets_at_any_split(begin: Begin, octets: bytes, places: list[int]) -> None:
    dialogue = begin(hello=False)
    dialogue.services.random.seed(1)
    whole = dialogue.say(octets)
    assert said(begin, cut(octets, places)) == whole
    assert not dialogue.services.journal.entries("smtp.fault")
