"""Binary MIME made text: clean lines come out, and every part still holds the same octets."""

from __future__ import annotations

import email
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.message.binary import NotMime, as_text, encoded
from refmail.message.envelope import Envelope

UNSUITED = re.compile(rb"[\x00\x80-\xff]|\r(?!\n)|(?<!\r)\n|[^\r\n]{999}")
PNG = bytes(range(256)) * 3

LEAF = b"Content-Type: image/png\r\nContent-Transfer-Encoding: %b\r\n\r\n"


def single(content: bytes, encoding: bytes = b"binary") -> bytes:
    return b"MIME-Version: 1.0\r\n" + LEAF % encoding + content


def multipart(*parts: bytes, boundary: bytes = b"outer", kind: bytes = b"mixed") -> bytes:
    head = (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/%b; boundary="%b"\r\nContent-Transfer-Encoding: binary\r\n\r\n'
    )
    delimiter = b"--" + boundary
    body = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts)
    return head % (kind, boundary) + b"preamble\r\n" + body + delimiter + b"--\r\nepilogue\r\n"


def leaves(octets: bytes) -> list[object]:
    message = email.message_from_bytes(octets)
    return [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]


def test_a_binary_part_becomes_base64() -> None:
    text = encoded(single(PNG))
    assert UNSUITED.search(text) is None
    assert leaves(text) == [PNG]
    assert b"binary" not in text


def test_parts_within_parts() -> None:
    inner = multipart(LEAF % b"binary" + PNG, b"\r\nplain\r\n", boundary=b"outer-not", kind=b"alternative")
    forwarded = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n" + single(PNG)
    text = encoded(multipart(inner, forwarded, LEAF % b"binary" + b"\0"))
    assert UNSUITED.search(text) is None
    assert leaves(text) == [PNG, b"plain\r\n", PNG, b"\0"]
    assert b"preamble" in text
    assert b"epilogue" in text


def test_what_is_clean_keeps_its_octets() -> None:
    for octets in (b"", b"Subject: x\r\n\r\ntext\r\n", b"Subject: x\r\n", b"\r\ntext", single(b"text\r\n", b"7bit")):
        assert encoded(octets) == octets


def test_clean_parts_only_lose_the_word_binary() -> None:
    assert encoded(single(b"text\r\n")) == single(b"text\r\n", b"7bit")


@pytest.mark.parametrize(
    "octets",
    [
        LEAF % b"binary" + PNG,
        single(PNG, b"base64"),
        single(PNG, b"quoted-printable"),
        single(PNG, b"x-unknown"),
        b"MIME-Version: 1.0\r\nSubject: a\nb\r\n\r\n" + PNG,
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed\r\n\r\n" + PNG,
        b"MIME-Version: 1.0\r\nContent-Type: message/partial\r\n\r\n" + PNG,
        multipart(LEAF % b"binary" + PNG).replace(b"--outer--", b"--outer"),
        multipart(LEAF % b"binary" + PNG).replace(b"preamble", b"\0"),
        multipart(b"\0"),
        b"".join(multipart(boundary=b"b%d" % n).partition(b"--")[0] + b"--b%d\r\n" % n for n in range(60)),
    ],
)
def test_what_cannot_be_made_text(octets: bytes) -> None:
    with pytest.raises(NotMime):
        encoded(octets)


@given(st.lists(st.binary(max_size=200).filter(lambda part: b"outer" not in part), min_size=1, max_size=4))
def test_every_octet_survives(contents: list[bytes]) -> None:
    text = encoded(multipart(*(LEAF % b"binary" + content for content in contents)))
    assert UNSUITED.search(text) is None
    assert leaves(text) == contents


FRAGMENTS = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\0",
        b"--b",
        b"--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"MIME-Version: 1.0\r\n",
    ]
)


@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=5)), max_size=20).map(b"".join))
def test_any_octets_become_text_or_are_refused(octets: bytes) -> None:
    try:
        text = encoded(octets)
    except NotMime:
        return
    _, _, body = (b"\r\n" + text).partition(b"\r\n\r\n")
    assert UNSUITED.search(body) is None


def test_only_binary_messages_are_looked_at() -> None:
    envelope = Envelope(None, ())
    assert as_text(envelope, PNG) == (envelope, PNG)
    binary = Envelope(None, (), {b"BODY": b"BinaryMIME"})
    changed, text = as_text(binary, single(PNG))
    assert changed.parameters == {b"BODY": b"7BIT"}
    assert UNSUITED.search(text) is None
    assert as_text(binary, b"Subject: \xc3\xa9\r\n\r\n")[0].parameters == {b"BODY": b"8BITMIME"}
