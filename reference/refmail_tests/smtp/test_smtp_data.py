"""Mail data: its end, its dots, its limits, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from refmail.message.envelope import Address, Envelope
from refmail.store.api import StoreError, StoreFull

Begin = Callable[..., Any]

START = b"MAIL FROM:<sender@client.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"

#: What other servers have taken for the end of data, or what looks like it.
SMUGGLING = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n.\r\r\n",
    b"\r\n. \r\n",
    b"\r\n..\r\n",
    b"\n\n.\r\n",
    b"\r\r.\r\r",
]


def deliver(smtp: Any, message: bytes) -> int:
    """Send a message and return the code of the final reply."""
    assert smtp.codes(START) == [250, 250, 354]
    return int(smtp.code(message + b".\r\n"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"a\r\n", b"a\r\n"),
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"..\r\n", b".\r\n"),
        (b".a\r\n", b"a\r\n"),
        (b"...\r\n..\r\n", b"..\r\n.\r\n"),
        (b"a.\r\n", b"a.\r\n"),
        (b"a\r\n.\tb\r\n", b"a\r\n\tb\r\n"),
        (b"x" * 5000 + b"\r\n", b"x" * 5000 + b"\r\n"),
        (b"nul \x00 and \x7f\r\n", b"nul \x00 and \x7f\r\n"),
    ],
)
def test_content_is_kept_but_for_the_dots(smtp: Any, accepted: Any, sent: bytes, kept: bytes) -> None:
    assert deliver(smtp, sent) == 250
    assert accepted.bodies == [kept]


@pytest.mark.parametrize("sequence", SMUGGLING)
def test_only_crlf_dot_crlf_ends_the_data(smtp: Any, accepted: Any, sequence: bytes) -> None:
    smtp.say(START)
    assert smtp.say(b"first" + sequence + b"MAIL FROM:<evil@client.test>\r\n") == b""
    code = smtp.code(b"last\r\n.\r\n")
    assert code in {250, 554}
    assert len(accepted) == (code == 250)
    assert smtp.code(b"NOOP\r\n") == 250


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\n", b"\n\r\n", b"a\n\r\n"])
def test_bare_line_breaks_are_refused(smtp: Any, accepted: Any, content: bytes) -> None:
    assert deliver(smtp, content) == 554
    assert not accepted
    assert deliver(smtp, b"fine\r\n") == 250


def test_eight_bits_are_kept_as_many_clients_announce_nothing(smtp: Any, accepted: Any) -> None:
    assert deliver(smtp, b"\xe9\r\n") == 250
    assert accepted.bodies == [b"\xe9\r\n"]


def test_eight_bits_must_be_announced_where_that_is_the_policy(begin: Begin, accepted: Any) -> None:
    smtp = begin(unannounced_eight_bit="refuse")
    assert deliver(smtp, b"\xe9\r\n") == 554
    smtp.say(START.replace(b"client.test>", b"client.test> BODY=8BITMIME", 1))
    assert smtp.code(b"\xe9\r\n.\r\n") == 250
    assert accepted.bodies == [b"\xe9\r\n"]


def test_size_is_counted_without_transparency_dots(begin: Begin, accepted: Any) -> None:
    smtp = begin(message_size=100)
    assert deliver(smtp, b"..\r\n" * 33) == 250
    assert deliver(smtp, b"..\r\n" * 34) == 552
    assert deliver(smtp, b"x" * 100_000 + b"\r\n") == 552
    assert deliver(smtp, b"fits\r\n") == 250
    assert len(accepted) == 2


def test_memory_is_bounded_while_too_much_arrives(begin: Begin) -> None:
    smtp = begin(message_size=1000)
    smtp.say(START)
    for _ in range(50):
        smtp.say(b"y" * 1000)
        assert len(smtp.session.inbox) == 0
    assert smtp.code(b"\r\n.\r\n") == 552


def test_received_is_added_on_top(smtp: Any, accepted: Any) -> None:
    deliver(smtp, b"Subject: x\r\n\r\n")
    ((envelope, octets),) = accepted
    assert re.match(
        rb"Received: from client\.test \(\[192\.0\.2\.7\]\)\r\n\tby mail\.example\.test with ESMTP id [0-9a-f]{16}"
        rb"\r\n\tfor <alice@example\.test>;\r\n\tMon, 23 Nov 2026 12:00:00 \+0000\r\nSubject: x\r\n",
        octets,
    )
    assert envelope.reverse_path == Address(b"sender", b"client.test")
    assert [recipient.user for recipient in envelope.recipients] == ["alice"]


def test_received_tells_no_recipient_of_several(smtp: Any, accepted: Any) -> None:
    smtp.say(START.replace(b"DATA", b"RCPT TO:<bob@example.test>\r\nDATA") + b".\r\n")
    assert b"for <" not in accepted[0][1]


@pytest.mark.parametrize(
    ("hello", "tls", "login", "keyword"),
    [
        (b"HELO c.test\r\n", False, False, b"SMTP"),
        (b"EHLO c.test\r\n", False, False, b"ESMTP"),
        (b"EHLO c.test\r\n", True, False, b"ESMTPS"),
        (b"EHLO c.test\r\n", False, True, b"ESMTPA"),
        (b"EHLO c.test\r\n", True, True, b"ESMTPSA"),
    ],
)
def test_received_names_the_protocol(
    begin: Begin, accepted: Any, hello: bytes, tls: bool, login: bool, keyword: bytes
) -> None:
    smtp = begin(hello=False, tls=tls)
    smtp.say(hello)
    if login:
        assert smtp.code(b"AUTH PLAIN AGFsaWNlAGFsaWNlLXNlY3JldA==\r\n") == 235
    smtp.say(START + b".\r\n")
    assert b" with %b id " % keyword in accepted[0][1]


def test_loop_is_refused(smtp: Any) -> None:
    assert deliver(smtp, b"Received: x\r\n" * 100) == 250
    assert deliver(smtp, b"Received: x\r\n" * 101) == 554
    assert deliver(smtp, b"Subject: x\r\n\r\n" + b"Received: x\r\n" * 101) == 250


@pytest.mark.parametrize(
    ("error", "code"), [(StoreError("later"), 451), (StoreFull("full"), 452), (OSError(5, "x"), 451)]
)
def test_failure_to_accept_is_temporary_and_resets(begin: Begin, error: Exception, code: int) -> None:
    def refuse(envelope: Envelope, octets: bytes) -> None:
        raise error

    smtp = begin(changes={"accept": refuse})
    assert deliver(smtp, b"x\r\n") == code
    assert smtp.codes(b"DATA\r\nMAIL FROM:<>\r\n") == [503, 250]
    assert smtp.services.journal.entries("smtp.fault")


def test_lost_connection_delivers_nothing(smtp: Any, accepted: Any) -> None:
    smtp.say(START + b"half a message\r\n")
    smtp.finish(smtp.session.eof())
    assert smtp.closed
    assert not accepted


def test_data_takes_no_argument(smtp: Any) -> None:
    assert smtp.codes(START.replace(b"DATA", b"DATA now")) == [250, 250, 501]


def test_all_recipients_refused(smtp: Any) -> None:
    assert smtp.codes(START.replace(b"alice", b"nobody")) == [250, 550, 503]


def test_commands_may_follow_the_data_at_once(smtp: Any, accepted: Any) -> None:
    assert smtp.codes(START + b"one\r\n.\r\n" + START + b"two\r\n.\r\nQUIT\r\n") == [250, 250, 354, 250] * 2 + [221]
    assert accepted.bodies == [b"one\r\n", b"two\r\n"]
