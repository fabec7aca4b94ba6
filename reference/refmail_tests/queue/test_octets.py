"""What the relay client puts on the wire: dots, line ends, parameters, replies."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.message.envelope import Address, Envelope, Parameters, Recipient
from refmail.queue.dialogue import Reply
from refmail.queue.parameters import Unsendable, for_mail, for_rcpt
from refmail.queue.transparency import stuffed

PIECES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"x", b"\0"])).map(b"".join)


@given(PIECES)
def test_stuffed_content_cannot_end_early(octets: bytes) -> None:
    content = stuffed(octets)

    assert not content or content.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", content)
    assert not re.search(rb"(?:^|\r\n)\.(?!\.)", content)


@given(st.lists(st.sampled_from([b"", b".", b"..", b".x", b"text"]), min_size=1))
def test_whole_lines_come_back_unstuffed(lines: list[bytes]) -> None:
    octets = b"".join(line + b"\r\n" for line in lines)

    unstuffed = b"".join(
        line[1:] if line.startswith(b".") else line for line in stuffed(octets).splitlines(keepends=True)
    )
    assert unstuffed == octets


def envelope(parameters: Parameters | None = None) -> Envelope:
    return Envelope(Address(b"s", b"c.test"), (), parameters or {})


UTF8 = "Subject: \u00fc\r\n\r\nx".encode()


@pytest.mark.parametrize(
    ("parameters", "octets", "offers", "expected"),
    [
        ({}, b"x", {}, b""),
        ({}, b"x", {b"SIZE": b""}, b" SIZE=1"),
        ({}, b"x", {b"SIZE": b"1"}, b" SIZE=1"),
        ({b"BODY": b"8BITMIME"}, b"\xff", {b"8BITMIME": b""}, b" BODY=8BITMIME"),
        ({b"BODY": b"8bitmime"}, b"plain", {}, b""),
        ({}, b"\r\n\xff", {b"8BITMIME": b""}, b" BODY=8BITMIME"),
        ({b"SMTPUTF8": None}, UTF8 + b"\xff", {b"SMTPUTF8": b"", b"8BITMIME": b""}, b" BODY=8BITMIME SMTPUTF8"),
        ({b"SMTPUTF8": None}, UTF8, {b"SMTPUTF8": b"", b"8BITMIME": b""}, b" SMTPUTF8"),
        ({b"SMTPUTF8": None}, b"Subject: x\r\n\r\nx", {b"SMTPUTF8": b"", b"8BITMIME": b""}, b""),
        ({b"SMTPUTF8": None}, b"Subject: x\r\n\r\nx", {}, b""),
        ({b"RET": b"HDRS", b"ENVID": b"Id"}, b"x", {b"DSN": b""}, b" RET=HDRS ENVID=Id"),
        ({b"RET": b"HDRS"}, b"x", {}, b""),
    ],
)
def test_parameters_of_mail(parameters: Parameters, octets: bytes, offers: dict[bytes, bytes], expected: bytes) -> None:
    assert for_mail(envelope(parameters), octets, offers) == expected


@pytest.mark.parametrize(
    ("parameters", "octets", "offers", "status"),
    [
        ({}, b"xx", {b"SIZE": b"1"}, "5.3.4"),
        ({b"BODY": b"8BITMIME"}, b"\xff", {}, "5.6.3"),
        ({}, b"\r\n\xff", {}, "5.6.3"),
        ({b"SMTPUTF8": None}, UTF8, {}, "5.6.7"),
        ({b"SMTPUTF8": None}, UTF8, {b"SMTPUTF8": b""}, "5.6.7"),
        ({b"SMTPUTF8": None}, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n\xc3\xbc", {}, "5.6.7"),
    ],
)
def test_what_a_host_cannot_take(
    parameters: Parameters, octets: bytes, offers: dict[bytes, bytes], status: str
) -> None:
    with pytest.raises(Unsendable) as caught:
        for_mail(envelope(parameters), octets, offers)
    assert caught.value.status == status


def test_parameters_of_rcpt() -> None:
    recipient = Recipient(Address(b"a", b"d.test"), {b"NOTIFY": b"NEVER", b"ORCPT": b"rfc822;a@d.test"})

    assert for_rcpt(recipient, {b"DSN": b""}) == b" NOTIFY=NEVER ORCPT=rfc822;a@d.test"
    assert for_rcpt(recipient, {}) == b""


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(550, (b"5.1.1 no such user",)), "5.1.1"),
        (Reply(451, (b"first", b"4.2.1")), "4.2.1"),
        (Reply(550, (b"4.1.1 wrong class",)), "5.0.0"),
        (Reply(554, (b"5.1.1000 no",)), "5.0.0"),
        (Reply(354, (b"go",)), "4.0.0"),
        (Reply(250, (b"2.1.0 fine",)), "2.1.0"),
    ],
)
def test_status_of_replies(reply: Reply, status: str) -> None:
    assert reply.status == status


def test_an_address_outside_ascii_needs_smtputf8_whatever_was_said() -> None:
    jose = Envelope(None, (Recipient(Address("jos\u00e9".encode(), b"x.test")),))
    with pytest.raises(Unsendable) as caught:
        for_mail(jose, b"x", {b"8BITMIME": b""})
    assert caught.value.status == "5.6.7"


def test_an_original_recipient_goes_on_in_a_form_that_the_host_takes() -> None:
    recipient = Recipient(Address(b"a", b"x.test"), {b"ORCPT": "utf-8;jos\u00e9@x.test".encode()})
    assert for_rcpt(recipient, {b"DSN": b"", b"SMTPUTF8": b""}) == " ORCPT=utf-8;jos\u00e9@x.test".encode()
    assert for_rcpt(recipient, {b"DSN": b""}) == b" ORCPT=utf-8;jos\\x{E9}@x.test"
