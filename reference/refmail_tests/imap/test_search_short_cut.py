"""A search passes over a message unread only where its text surely lacks the word, however text is hidden."""

from __future__ import annotations

import base64
import quopri
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap.mime.entity import Entity
from refmail.imap.search.candidate import Candidate
from refmail.store.api import MessageMeta

_WORD = b"quokka"
_META = MessageMeta(1, 1, frozenset(), datetime(2024, 1, 1, tzinfo=UTC), 1)
_CODED = base64.b64encode(_WORD + b" and more")
_QUOTED = quopri.encodestring(b"qu=6Fkka").replace(b"=3D", b"=")
_WIDE = base64.b64encode("quokka".encode("utf-16"))


def _multipart(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n%b\r\n" % part for part in parts)
    return b"Content-Type: %b; boundary=b\r\n\r\n%b--b--\r\n" % (kind, body)


_TEXT_64 = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _CODED
_PICTURE_64 = b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _CODED
_TEXT_QP = b"Content-Transfer-Encoding: Quoted-Printable\r\n\r\n" + _QUOTED
_TEXT_16 = b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _WIDE
_SUBJECT_64 = b"Subject: =?utf-8?b?" + _CODED + b"?=\r\n\r\nnothing"


def _candidate(octets: bytes) -> Candidate:
    message = Entity(octets)
    return Candidate(1, _META, lambda _uid: message, recent=False)


def _has(octets: bytes) -> bool:
    candidate = _candidate(octets)
    return "quokka" in candidate.header or "quokka" in candidate.body


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: Quokka\r\n\r\n",
        b"\r\nQUOKKA",
        _TEXT_64,
        _TEXT_QP,
        _TEXT_16,
        _SUBJECT_64,
        _multipart(b"multipart/mixed", b"\r\nplain", _TEXT_64),
        _multipart(b"Multipart (of parts) / Alternative", _PICTURE_64, _TEXT_QP),
        _multipart(b"multipart/mixed", _multipart(b"multipart/mixed", _TEXT_16)),
        b"Content-Type: message/RFC822\r\n\r\n" + _TEXT_64,
        b"Content-Type: message/rfc822\r\n\r\n" + _SUBJECT_64,
        # What looks like the field of a picture is text, and the next part is hidden.
        _multipart(b"multipart/mixed", b"\r\nhi\r\nContent-Type: image/png\r\nX: y", _TEXT_QP),
        _multipart(b"multipart/digest", _TEXT_QP, b"Subject: x\r\n\r\n" + _TEXT_64, b"\r\n" + _TEXT_64),
    ],
)
def test_hidden_text_is_looked_for(octets: bytes) -> None:
    assert _has(octets)
    assert _candidate(octets).may_contain(_WORD)


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: none\r\n\r\nnothing",
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nbase64 quoted-printable charset=utf-16",
        _PICTURE_64,
        _multipart(b"multipart/mixed", b"\r\nplain", _PICTURE_64),
        _multipart(b"multipart/mixed", b"\r\nplain", b"X: y\r\n" + _PICTURE_64, b"\r\nmore"),
    ],
)
def test_what_hides_nothing_is_passed_over(octets: bytes) -> None:
    assert not _has(octets)
    assert not _candidate(octets).may_contain(_WORD)


_PARTS = [_TEXT_64, _TEXT_QP, _TEXT_16, _SUBJECT_64, _PICTURE_64]
_MARKS = [b"\r\n", b"\r\n\r\n", b"--b\r\n", b"--b--", b"Content-Type: ", b"; ", b"quokka", b"\xc3\xa9"]
_TYPES = [
    b"multipart/mixed; boundary=b",
    b"message/rfc822",
    b"text/plain",
    b"image/png",
    b"\r\nContent-Type: image/png\r\n",
]


@given(st.lists(st.sampled_from([*_PARTS, *_MARKS, *_TYPES]), max_size=12).map(b"".join))
def test_nothing_that_would_match_is_passed_over(octets: bytes) -> None:
    assert _candidate(octets).may_contain(_WORD) or not _has(octets)
