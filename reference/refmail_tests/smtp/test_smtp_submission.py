"""The submission service's own rules (RFC 6409)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

Begin = Callable[..., Any]

LOGIN = b"AUTH PLAIN " + base64.b64encode(b"\0alice\0alice-secret") + b"\r\n"
HEADER = b"From: Alice <alice@example.test>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@c.test>\r\n"


@pytest.fixture
def submit(begin: Begin, accepted: Any) -> Callable[..., Any]:
    """Submit a message and return the last reply's code, or what was added to the message."""

    def make(content: bytes, **policy: object) -> bytes | int:
        smtp = begin(listener="submission", **policy)
        smtp.say(LOGIN)
        codes = smtp.codes(
            b"MAIL FROM:<alice@example.test> BODY=8BITMIME\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"
            + content
            + b".\r\n"
        )
        if codes[-1] != 250:
            return int(codes[-1])
        (body,) = accepted.bodies
        assert body.endswith(content)
        return bytes(body[: len(body) - len(content)])

    return make


def test_nobody_sends_without_login(begin: Begin) -> None:
    smtp = begin(listener="submission")
    assert smtp.say(b"MAIL FROM:<alice@example.test>\r\n").startswith(b"530 5.7.0 ")
    smtp.say(LOGIN)
    assert smtp.code(b"MAIL FROM:<alice@example.test>\r\n") == 250


def test_it_offers_what_the_table_asks_for(begin: Begin) -> None:
    lines = begin(listener="submission", hello=False).say(b"EHLO c.test\r\n").splitlines()
    offered = {line[4:].split(b" ")[0] for line in lines[1:]}
    assert offered >= {b"PIPELINING", b"ENHANCEDSTATUSCODES", b"DSN", b"8BITMIME", b"AUTH"}
    assert not offered & {b"ETRN", b"ATRN"}


def test_a_complete_message_is_left_alone(submit: Callable[..., Any]) -> None:
    assert submit(HEADER + b"\r\nbody\r\n") == b""


def test_what_is_missing_is_added_on_top(submit: Callable[..., Any]) -> None:
    added = submit(b"From: bob@example.test\r\nX:\ty \xff\r\n z\r\n\r\nbody\r\n")
    date, message_id, sender = added.splitlines(keepends=True)
    assert date == b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    assert message_id.startswith(b"Message-ID: <")
    assert message_id.endswith(b"@mail.example.test>\r\n")
    assert sender == b"Sender: <alice@example.test>\r\n"


@pytest.mark.parametrize(
    ("author", "sender"),
    [
        (b'From: "bob@example.test" <alice@EXAMPLE.org>', False),
        (b"From: alice@example.test (bob@example.test)", False),
        (b"From: Bob\r\n\t<bob@example.test>", True),
        (b"From: alice@example.test, bob@example.test", True),
        (b"From: bob@example.test\r\nSender: carol@example.test", False),
        (b"Subject: no author", False),
    ],
)
def test_sender_is_named_where_the_author_is_not_the_user(
    submit: Callable[..., Any], author: bytes, sender: bool
) -> None:
    header = HEADER[HEADER.index(b"Date:") :] + author
    assert submit(header + b"\r\n\r\nx\r\n") == (b"Sender: <alice@example.test>\r\n" if sender else b"")


def test_fixes_can_be_switched_off(submit: Callable[..., Any]) -> None:
    assert submit(b"Subject: x\r\n\r\nbody\r\n", submission_fixes=False) == b""


def test_other_servers_mail_is_never_touched(smtp: Any, accepted: Any) -> None:
    smtp.say(b"MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n")
    assert accepted.bodies == [b"Subject: x\r\n\r\n"]


@pytest.mark.parametrize(
    "field",
    [b"To: bob@host", b"Cc: a@b.test,\r\n <bob@host>", b"Reply-To: (x) bob@host (y@z.test)", b"Resent-To: bob @ host"],
)
def test_domains_in_address_fields_are_whole(submit: Callable[..., Any], field: bytes) -> None:
    assert submit(HEADER + field + b"\r\n\r\nx\r\n") == 554


@pytest.mark.parametrize(
    "field", [b"To: undisclosed:;", b'To: "bob@host" <bob@b.test>', b"To: b@c.test (or bob@host)", b"Subject: a@b"]
)
def test_what_only_looks_like_a_domain_is_nothing(submit: Callable[..., Any], field: bytes) -> None:
    assert submit(HEADER + field + b"\r\n\r\nx\r\n") == b""


def test_domains_in_the_envelope_are_whole(begin: Begin) -> None:
    smtp = begin(listener="submission")
    smtp.say(LOGIN)
    assert smtp.say(b"MAIL FROM:<a@host>\r\n").startswith(b"554 5.1.8 ")
    assert smtp.code(b"MAIL FROM:<a@[192.0.2.7]>\r\n") == 250
    assert smtp.say(b"RCPT TO:<a@host>\r\n").startswith(b"554 5.1.2 ")
    assert smtp.codes(b"RCPT TO:<postmaster>\r\nRCPT TO:<a@b.test>\r\n") == [250, 250]


@pytest.mark.parametrize(
    ("sender", "code"),
    [(b"alice@example.test", 250), (b"Alice@example.org", 250), (b"bob@example.test", 550), (b"", 250)],
)
def test_senders_may_be_held_to_their_own_addresses(begin: Begin, sender: bytes, code: int) -> None:
    smtp = begin(listener="submission", submission_senders="own")
    smtp.say(LOGIN)
    assert smtp.code(b"MAIL FROM:<" + sender + b">\r\n") == code
    assert begin(submission_senders="own").code(b"MAIL FROM:<" + sender + b">\r\n") == 250
