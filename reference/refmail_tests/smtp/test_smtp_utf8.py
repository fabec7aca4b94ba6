"""SMTPUTF8 (RFC 6531): UTF-8 in addresses where it is declared, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from refmail.directory import LocalDirectory
from refmail.message.envelope import Address
from refmail.smtp.lmtp import LmtpSession

Begin = Callable[..., Any]

USERS = ("alice", "josé", "用户")
JOSE = "josé@example.test".encode()


@pytest.fixture
def smtp(begin: Begin) -> Any:
    directory = LocalDirectory(
        ["example.test", "bücher.test"], USERS, "alice", aliases={"alle": (Address("josé".encode(), b"example.test"),)}
    )
    return begin(changes={"directory": directory})


def test_the_keyword_has_no_parameter(begin: Begin) -> None:
    lines = begin(hello=False).say(b"EHLO client.test\r\n").splitlines()
    assert b"250-SMTPUTF8" in lines
    assert b"SMTPUTF8" not in b"".join(begin(hello=False, smtputf8=False).say(b"EHLO client.test\r\n").splitlines())


def test_a_whole_transaction(smtp: Any, accepted: Any) -> None:
    assert smtp.code(b"MAIL FROM:<" + JOSE + b"> SMTPUTF8 BODY=8BITMIME\r\n") == 250
    for recipient in (
        JOSE,
        "josé@bücher.test".encode(),
        "josé@xn--bcher-kva.test".encode(),
        "用户@example.test".encode(),
    ):
        assert smtp.code(b"RCPT TO:<" + recipient + b">\r\n") == 250
    content = "Subject: Grüße\r\n\r\nüber\r\n".encode()
    assert smtp.codes(b"DATA\r\n" + content + b".\r\n") == [354, 250]
    ((envelope, octets),) = accepted
    assert envelope.reverse_path == Address("josé".encode(), b"example.test")
    assert [recipient.user for recipient in envelope.recipients] == ["josé"] * 3 + ["用户"]
    assert b" with UTF8SMTP id " in octets
    assert octets.endswith(content)


def test_the_trace_names_the_one_recipient(smtp: Any, accepted: Any) -> None:
    smtp.say(b"MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<" + JOSE + b">\r\nDATA\r\nSubject: x\r\n\r\n.\r\n")
    assert b"for <" + JOSE + b">;" in accepted[0][1]


def test_lmtp_has_words_of_its_own(begin: Begin, accepted: Any) -> None:
    lmtp = begin(session=LmtpSession, hello=False)
    lmtp.say(b"LHLO c.test\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nA: b\r\n\r\n.\r\n")
    assert b" with UTF8LMTP id " in accepted[0][1]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM:<" + JOSE + b">", 550),
        (b"MAIL FROM:<a@b.test> SMTPUTF8=x", 501),
        (b"MAIL FROM:<a\xff@b.test> SMTPUTF8", 501),
        (b"MAIL FROM:<a\xc0\xaf@b.test> SMTPUTF8", 501),
        (b"MAIL FROM:<a\xed\xa0\x80@b.test> SMTPUTF8", 501),
        ("MAIL FROM:<a@Ü.test> SMTPUTF8".encode(), 501),
        ("MAIL FROM:<a@-ü.test> SMTPUTF8".encode(), 501),
        ("MAIL FROM:<a@ü\u0301\u2028.test> SMTPUTF8".encode(), 501),
        ("MAIL FROM:<a@bücher.test> SMTPUTF8".encode(), 250),
        ('MAIL FROM:<"a ü"@b.test> SMTPUTF8'.encode(), 250),
        ("NOOP ü".encode(), 501),
        ("EHLO ü.test".encode(), 501),
    ],
)
def test_one_command(smtp: Any, line: bytes, code: int) -> None:
    assert smtp.code(line + b"\r\n") == code


def test_a_recipient_needs_the_declaration_as_well(smtp: Any) -> None:
    smtp.say(b"MAIL FROM:<a@b.test>\r\n")
    assert smtp.say(b"RCPT TO:<" + JOSE + b">\r\n").startswith(b"553 5.6.7 ")


def test_without_the_extension_nothing_has_changed(begin: Begin) -> None:
    assert begin(smtputf8=False).code(b"MAIL FROM:<" + JOSE + b"> SMTPUTF8\r\n") == 501
    helo = begin(hello=False)
    helo.say(b"HELO client.test\r\n")
    assert helo.code(b"MAIL FROM:<" + JOSE + b"> SMTPUTF8\r\n") == 501


def test_the_declaration_covers_the_header_section_only(begin: Begin) -> None:
    smtp = begin(unannounced_eight_bit="refuse")
    start = b"MAIL FROM:<a@b.test> SMTPUTF8\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
    assert smtp.codes(start + "Subject: ü\r\n\r\nu\r\n.\r\n".encode())[-1] == 250
    assert smtp.codes(start + "Subject: u\r\n\r\nü\r\n.\r\n".encode())[-1] == 554


@pytest.mark.parametrize(
    ("orcpt", "code"),
    [
        ("utf-8;josé@x.test", 250),
        ("utf-8;jos\\x{E9}@x.test", 250),
        ("utf-8;jos\\x{D800}@x.test", 501),
        ("utf-8;jos\\x{e9}@x.test", 501),
        ("rfc822;josé@x.test", 501),
    ],
)
def test_original_recipients(smtp: Any, orcpt: str, code: int) -> None:
    smtp.say(b"MAIL FROM:<a@b.test> SMTPUTF8\r\n")
    assert smtp.code(f"RCPT TO:<alice@example.test> ORCPT={orcpt}\r\n".encode()) == code


def test_vrfy_and_expn_tell_utf8_only_who_asked_for_it(smtp: Any) -> None:
    assert smtp.say(b"VRFY " + "josé".encode() + b"\r\n").startswith(b"252 2.6.8 ")
    assert smtp.say(b"VRFY " + "josé".encode() + b" SMTPUTF8\r\n") == b"250 2.1.5 <" + JOSE + b">\r\n"
    assert smtp.say(b"VRFY alice smtputf8\r\n") == b"250 2.1.5 <alice@example.test>\r\n"
    assert smtp.say(b"EXPN alle\r\n").startswith(b"550 5.6.8 ")
    assert smtp.say(b"EXPN alle SMTPUTF8\r\n") == b"250 2.1.5 <" + JOSE + b">\r\n"


def test_a_command_may_come_in_any_pieces(smtp: Any) -> None:
    line = b"MAIL FROM:<" + "用户@bücher.test".encode() + b"> SMTPUTF8\r\n"
    assert smtp.say_in_pieces(line[at : at + 1] for at in range(len(line))).startswith(b"250 ")
