"""Hosts and domains that take no mail (RFC 7504, RFC 7505), and literals of our own address."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from refmail.directory import LocalDirectory
from refmail.smtp.lmtp import LmtpSession

Begin = Callable[..., Any]

LOGIN = b"AUTH PLAIN " + base64.b64encode(b"\0alice\0alice-secret") + b"\r\n"


def is_nobody(domain: bytes) -> bool:
    return domain == b"nobody.test"


def test_a_host_that_takes_no_mail_says_so_and_waits_for_quit(begin: Begin) -> None:
    smtp = begin(hello=False, takes_mail=False)
    assert smtp.greeting.startswith(b"521 mail.example.test ")
    assert smtp.codes(b"EHLO c.test\r\nMAIL FROM:<>\r\nBDAT 5 LAST\r\nNOOP\r\n") == [503, 503, 503, 503]
    assert not smtp.closed
    assert smtp.code(b"quit\r\n") == 221
    assert smtp.closed


def test_users_are_served_all_the_same(begin: Begin) -> None:
    assert begin(hello=False, takes_mail=False, listener="submission").greeting.startswith(b"220 ")
    assert begin(hello=False, takes_mail=False, listener="lmtp", session=LmtpSession).greeting.startswith(b"220 ")


@pytest.fixture
def submission(begin: Begin) -> Any:
    smtp = begin(listener="submission", changes={"has_null_mx": is_nobody})
    smtp.say(LOGIN)
    return smtp


def test_a_recipient_whose_domain_takes_no_mail(submission: Any) -> None:
    submission.say(b"MAIL FROM:<alice@example.test>\r\n")
    assert submission.say(b"RCPT TO:<x@nobody.test>\r\n").startswith(b"556 5.1.10 ")
    assert submission.code(b"DATA\r\n") == 503
    assert submission.codes(b"RCPT TO:<x@b.test>\r\nRCPT TO:<y@nobody.test>\r\nDATA\r\nA: b\r\n.\r\n") == [
        250,
        556,
        354,
        250,
    ]


def test_recipients_of_ours_are_not_looked_up(begin: Begin) -> None:
    def fail(domain: bytes) -> bool:
        raise AssertionError(domain)

    smtp = begin(changes={"has_null_mx": fail})
    assert smtp.codes(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<x@b.test>\r\n") == [
        250,
        250,
        550,
    ]


def test_the_check_can_be_switched_off(begin: Begin) -> None:
    smtp = begin(listener="submission", changes={"has_null_mx": is_nobody}, refuse_null_mx=False)
    smtp.say(LOGIN)
    assert smtp.codes(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<x@nobody.test>\r\n") == [250, 250]


def test_a_sender_who_could_hear_of_nothing(begin: Begin) -> None:
    line = b"MAIL FROM:<x@nobody.test>\r\n"
    assert begin(changes={"has_null_mx": is_nobody}).code(line) == 250
    smtp = begin(changes={"has_null_mx": is_nobody}, refuse_null_mx_senders=True)
    assert smtp.say(line).startswith(b"550 5.7.27 ")
    assert smtp.codes(b"RCPT TO:<alice@example.test>\r\nMAIL FROM:<>\r\n") == [503, 250]


@pytest.mark.parametrize(
    ("literal", "code"),
    [
        (b"[192.0.2.1]", 250),
        (b"[192.000.2.001]", 250),
        (b"[IPv6:2001:DB8::1]", 250),
        (b"[ipv6:2001:db8:0:0:0:0:0:1]", 250),
        (b"[192.0.2.9]", 550),
        (b"[x400:192.0.2.1]", 550),
    ],
)
def test_literals_of_our_own_addresses_are_ours(begin: Begin, literal: bytes, code: int) -> None:
    directory = LocalDirectory(["example.test"], ["alice"], "alice", addresses=["2001:db8::1"])
    smtp = begin(changes={"directory": directory})
    smtp.say(b"MAIL FROM:<>\r\n")
    assert smtp.code(b"RCPT TO:<alice@" + literal + b">\r\n") == code
