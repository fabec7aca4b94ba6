"""SMTP reply grammar: RFC 5321 sections 4.2 and 4.1.1.1."""

from __future__ import annotations

import pytest

from mailspec.wire.grammar import GrammarError
from mailspec.wire.grammar import smtp as grammar


@pytest.mark.parametrize("line", [b"250", b"250 ", b"250-", b"250 ok", b"250-\tx", b"559 ~", b"200 !"])
def test_reply_lines(line: bytes) -> None:
    grammar.check_reply_line(line)


@pytest.mark.parametrize(
    ("line", "position"),
    [
        (b"", 0),
        (b"199 x", 0),
        (b"260 x", 0),
        (b"600 x", 0),
        (b"25", 0),
        (b"250_x", 3),
        (b"2500", 3),
        (b"250 a\0", 5),
        (b"250 a\rb", 5),
        (b"250 \xc3\xa4", 4),
        (b"250 \x7f", 4),
    ],
)
def test_broken_reply_lines(line: bytes, position: int) -> None:
    with pytest.raises(GrammarError) as caught:
        grammar.check_reply_line(line)

    assert caught.value.position == position
    assert caught.value.requirement_id == grammar.REPLY_LINE


def test_utf8_is_allowed_once_smtputf8_was_used() -> None:
    grammar.check_reply_line("250 ä".encode(), utf8=True)


@pytest.mark.parametrize(
    "line", [b"220 a.test", b"220 a.test hi there", b"220-a", b"220 [127.0.0.1] x", b"220 [IPv6:::1]", b"220 [x-y:z]"]
)
def test_greetings(line: bytes) -> None:
    grammar.check_greeting(line)


@pytest.mark.parametrize(
    "line",
    [
        b"220",
        b"220 ",
        b"220 -a.test",
        b"220 a_b.test",
        b"220 a..test x",
        b"220 a.test.",
        b"220 a.test ",
        b"220 [256.1.1.1]",
    ],
)
def test_broken_greetings(line: bytes) -> None:
    with pytest.raises(GrammarError) as caught:
        grammar.check_greeting(line)

    assert caught.value.requirement_id == grammar.GREETING_LINE


@pytest.mark.parametrize(
    "line", [b"250 SIZE", b"250-SIZE 1000", b"250-8BITMIME", b"250-AUTH PLAIN LOGIN", b"250-X-a =1"]
)
def test_ehlo_lines(line: bytes) -> None:
    grammar.check_ehlo_line(line)


@pytest.mark.parametrize(
    "line", [b"250", b"250-", b"250-X_AUTH=LOGIN", b"250-SIZE ", b"250-A  B", b"250--A", b"250-A\tB"]
)
def test_broken_ehlo_lines(line: bytes) -> None:
    with pytest.raises(GrammarError) as caught:
        grammar.check_ehlo_line(line)

    assert caught.value.requirement_id == grammar.EHLO_REPLY


@pytest.mark.parametrize("line", [b"250-AUTH=LOGIN", b"250 XVERP=Courier"])
def test_an_equals_sign_is_charged_apart(line: bytes) -> None:
    with pytest.raises(GrammarError) as caught:
        grammar.check_ehlo_line(line)

    assert caught.value.requirement_id == grammar.EHLO_SEPARATOR


@pytest.mark.parametrize("line", [b"250 a.test", b"250-a.test Hello \x01 you"])
def test_ehlo_first_lines(line: bytes) -> None:
    grammar.check_ehlo_first(line)


@pytest.mark.parametrize("line", [b"250 Hello!", b"250-a.test ", b"250 a.test \xff"])
def test_broken_ehlo_first_lines(line: bytes) -> None:
    with pytest.raises(GrammarError):
        grammar.check_ehlo_first(line)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        (b"[IPv6:2001:db8::1]", True),
        (b"[ipv6:::ffff:1.2.3.4]", True),
        (b"[IPv6:fe80::1%eth0]", False),
        (b"[1.2.3]", False),
        (b"[1.2.3.4", False),
        (b"[]", False),
        (b"[tag:\xff]", False),
    ],
)
def test_address_literals(name: bytes, right: bool) -> None:
    assert grammar.is_address_literal(name) is right


def test_errors_show_the_place() -> None:
    with pytest.raises(GrammarError, match=r"at octet 5: 250 a\[HERE\]"):
        grammar.check_reply_line(b"250 a\0")
