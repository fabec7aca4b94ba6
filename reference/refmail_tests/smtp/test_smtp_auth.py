"""AUTH and STARTTLS: who is logged in, and what TLS makes the server forget."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

Begin = Callable[..., Any]


def plain(login: str = "alice", secret: str | None = None, authzid: str = "") -> bytes:
    return base64.b64encode(f"{authzid}\0{login}\0{secret or 'alice-secret'}".encode())


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ([b"AUTH PLAIN " + plain()], [235]),
        ([b"auth plain " + plain()], [235]),
        ([b"AUTH PLAIN", plain()], [334, 235]),
        ([b"AUTH PLAIN " + plain("alice@example.test")], [235]),
        ([b"AUTH PLAIN " + plain(authzid="alice")], [235]),
        ([b"AUTH PLAIN " + plain(authzid="bob")], [535]),
        ([b"AUTH PLAIN " + plain(secret="wrong")], [535]),
        ([b"AUTH PLAIN " + plain("nobody")], [535]),
        ([b"AUTH PLAIN =", b"NOOP"], [501, 250]),
        ([b"AUTH PLAIN", b"*"], [334, 501]),
        ([b"AUTH PLAIN", b"not base64!"], [334, 501]),
        ([b"AUTH PLAIN", b"AGE"], [334, 501]),
        ([b"AUTH PLAIN", b"x" * 12_289], [334, 500]),
        ([b"AUTH PLAIN ?", b"NOOP"], [501, 250]),
        ([b"AUTH LOGIN", b"YWxpY2U=", b"YWxpY2Utc2VjcmV0"], [334, 334, 235]),
        ([b"AUTH LOGIN", b"YWxpY2U=", b"*"], [334, 334, 501]),
        ([b"AUTH LOGIN YWxpY2U=", b"YWxpY2Utc2VjcmV0"], [334, 235]),
        ([b"AUTH NONSENSE"], [504]),
        ([b"AUTH"], [501]),
        ([b"AUTH PLAIN a b"], [501]),
        ([b"AUTH PLAIN " + plain(), b"AUTH PLAIN " + plain()], [235, 503]),
        ([b"MAIL FROM:<>", b"AUTH PLAIN " + plain()], [250, 503]),
    ],
)
def test_auth(smtp: Any, lines: list[bytes], codes: list[int]) -> None:
    assert [smtp.code(line + b"\r\n") for line in lines] == codes
    assert (smtp.session.user is not None) == (235 in codes)
    assert smtp.code(b"NOOP\r\n") == 250


def test_passwords_may_be_kept_for_tls(begin: Begin) -> None:
    smtp = begin(plaintext_login=False)
    assert b"AUTH" not in smtp.say(b"EHLO client.test\r\n")
    assert smtp.code(b"AUTH PLAIN " + plain() + b"\r\n") == 538
    assert b"AUTH" in begin(plaintext_login=False, tls=True).say(b"EHLO client.test\r\n")


def test_tls_makes_everything_forgotten(smtp: Any) -> None:
    smtp.say(b"AUTH PLAIN " + plain() + b"\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n")
    assert smtp.codes(b"STARTTLS\r\nNOOP\r\nVRFY ali") == [220]
    smtp.handshake()
    assert smtp.take() == b""
    assert smtp.codes(b"NOOP\r\nMAIL FROM:<>\r\n") == [250, 503]
    assert smtp.session.user is None
    assert b"STARTTLS" not in smtp.say(b"EHLO client.test\r\n")
    assert smtp.codes(b"STARTTLS\r\nDATA\r\n") == [503, 503]


@pytest.mark.parametrize("tls", [True, False])
def test_starttls_where_it_cannot_be(begin: Begin, tls: bool) -> None:
    smtp = begin(tls=tls, changes={"tls_available": tls})
    assert b"STARTTLS" not in smtp.say(b"EHLO client.test\r\n")
    assert smtp.code(b"STARTTLS\r\n") == (503 if tls else 502)


def test_starttls_takes_no_argument_and_needs_ehlo(begin: Begin) -> None:
    assert begin(hello=False).code(b"STARTTLS\r\n") == 503
    assert begin().code(b"STARTTLS now\r\n") == 501
