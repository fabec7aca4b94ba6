"""Header fields are found where they are, and the quick count is never too low."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.message.header import at_most, fields, without

#: Pieces of which messages are made, right and wrong ones.
_PIECES = [
    b"Received:",
    b"RECEIVED :",
    b"x-received:",
    b" received:",
    b"a",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n ",
    b"\x00",
    b":",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map(b"".join))
def test_the_quick_count_is_never_too_low(octets: bytes) -> None:
    count = sum(field.name == b"received" for field in fields(octets))
    assert count <= at_most(octets, b"received")


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\nReturn-Path: <body@x>\r\n"])
def test_fields_of_one_name_are_left_out(body: bytes) -> None:
    top = b"Return-Path: <a@b>\r\nFrom: a\r\nRETURN-PATH\t: <c@d>\r\n folded\r\nTo: b\r\n"
    assert without(top + body, b"return-path") == b"From: a\r\nTo: b\r\n" + body


def test_a_message_without_the_field_is_left_as_it_is() -> None:
    octets = b"From: a\r\n\r\nReturn-Path: text\r\n"
    assert without(octets, b"return-path") is octets
