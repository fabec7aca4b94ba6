"""Received and Return-Path, and the header walk below them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.message.envelope import Address
from refmail.message.header import fields, without
from refmail.message.trace import Hop, count_received, for_final_delivery, received, return_path, with_protocol


def test_received_is_folded_and_complete() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-8)))
    line = received(Hop(b"[IPv6:::1]", "::1", "mail.test", "ESMTPS", "abc", at, Address(b"a b", b"c.test")))
    assert line == (
        b"Received: from [IPv6:::1] ([IPv6:::1])\r\n\tby mail.test with ESMTPS id abc\r\n"
        b'\tfor <"a b"@c.test>;\r\n\tFri, 02 Jan 2026 03:04:05 -0800\r\n'
    )
    assert count_received(line * 3 + b"\r\n" + line) == 3


def test_received_without_a_recipient() -> None:
    line = received(Hop(b"c.test", "192.0.2.1", "mail.test", "SMTP", "1", datetime(2026, 1, 2, tzinfo=UTC)))
    assert b" for " not in line
    assert line.count(b";") == 1


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("authenticated", [True, False])
def test_protocol_keywords(tls: bool, authenticated: bool) -> None:
    assert with_protocol(extended=False, tls=tls, authenticated=authenticated) == "SMTP"
    keyword = with_protocol(extended=True, tls=tls, authenticated=authenticated)
    assert keyword == "ESMTP" + "S" * tls + "A" * authenticated


def test_final_delivery_leaves_one_return_path() -> None:
    message = b"Return-Path: <old@x>\r\nA: 1\r\nreturn-path:\r\n folded\r\nB: 2\r\n\r\nReturn-Path: body\r\n"
    assert for_final_delivery(message, None) == b"Return-Path: <>\r\nA: 1\r\nB: 2\r\n\r\nReturn-Path: body\r\n"
    assert return_path(Address(b"a", b"b.test")) == b"Return-Path: <a@b.test>\r\n"


@pytest.mark.parametrize(
    ("octets", "names"),
    [
        (b"", []),
        (b"\r\nA: 1\r\n", []),
        (b"A: 1\r\nB : 2\r\n\tmore\r\nnot a field\r\nC: 3\r\n", [b"a", b"b"]),
        (b"A: no end", [b"a"]),
        (b" starts folded\r\nA: 1\r\n", []),
    ],
)
def test_fields(octets: bytes, names: list[bytes]) -> None:
    assert [field.name for field in fields(octets)] == names


@given(st.binary(max_size=200))
def test_fields_are_contiguous_from_the_top(octets: bytes) -> None:
    position = 0
    for field in fields(octets):
        assert field.start == position
        position = field.end
    assert position <= len(octets)
    assert without(octets, b"never-there") == octets
