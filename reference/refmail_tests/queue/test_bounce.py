"""Outcome reports, read by the standard library (RFC 3464, RFC 6522)."""

from __future__ import annotations

import email
import email.message
import email.policy
import re
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from refmail.message.envelope import Address, Envelope, Parameters, Recipient
from refmail.queue.bounce import Outcome, Reporter, wants_report
from refmail.queue.client import Result, Verdict
from refmail.queue.returned import RETURN_LIMIT

MESSAGE = b"Subject: hello\r\nX-Folded: a\r\n\tb\r\n\r\nbody\r\n"
ARRIVED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW = datetime(2026, 1, 7, 3, 4, 5, tzinfo=UTC)
REFUSED = Result(Verdict.FAILED, "5.1.1", "550 5.1.1 nobody here", "mx.d.test", 550)


def report(
    octets: bytes = MESSAGE,
    *,
    parameters: Parameters | None = None,
    recipient: Recipient | None = None,
    result: Result = REFUSED,
) -> bytes:
    recipient = recipient or Recipient(Address(b"a", b"d.test"))
    envelope = Envelope(Address(b"s", b"c.test"), (recipient,), parameters or {})
    reporter = Reporter("mail.test", Random(1))
    return reporter.report(envelope, [Outcome(recipient, result)], octets, arrived=ARRIVED, now=NOW)


def parts(octets: bytes) -> tuple[email.message.EmailMessage, list[email.message.EmailMessage]]:
    message = email.message_from_bytes(octets, _class=email.message.EmailMessage, policy=email.policy.default)
    found = list(message.iter_parts())
    assert not message.defects
    assert all(isinstance(part, email.message.EmailMessage) for part in found)
    return message, [part for part in found if isinstance(part, email.message.EmailMessage)]


def test_header_and_structure() -> None:
    octets = report()
    message, found = parts(octets)

    assert message["To"].addresses[0].addr_spec == "s@c.test"
    assert message["From"].addresses[0].addr_spec == "postmaster@mail.test"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Date"].datetime == NOW
    assert re.fullmatch(r"<[0-9a-f]+@mail\.test>", message["Message-ID"])
    assert message.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in found] == ["text/plain", "message/delivery-status", "message/rfc822"]
    assert MESSAGE in octets


def test_status_fields() -> None:
    octets = report()

    assert (
        b"Reporting-MTA: dns; mail.test\r\n"
        b"Arrival-Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n"
        b"\r\n"
        b"Final-Recipient: rfc822; a@d.test\r\n"
        b"Action: failed\r\n"
        b"Status: 5.1.1\r\n"
        b"Remote-MTA: dns; mx.d.test\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 nobody here\r\n"
        b"Last-Attempt-Date: Wed, 07 Jan 2026 03:04:05 +0000\r\n"
    ) in octets


def test_a_local_decision_names_no_remote_host() -> None:
    octets = report(result=Result(Verdict.FAILED, "5.1.10", "556 5.1.10 null MX", code=556))

    assert b"Remote-MTA" not in octets
    assert b"Diagnostic-Code: smtp; 556" in octets


def test_envelope_id_and_original_recipient_come_back_decoded() -> None:
    recipient = Recipient(Address(b"new", b"d.test"), {b"ORCPT": b"rfc822;Old+2Bx@d.test"})
    octets = report(parameters={b"ENVID": b"Id+3D7"}, recipient=recipient)

    assert b"Original-Envelope-Id: Id=7\r\n" in octets
    assert b"Original-Recipient: rfc822; Old+x@d.test\r\nFinal-Recipient: rfc822; new@d.test\r\n" in octets


def test_only_the_header_comes_back_where_it_is_asked_or_the_message_is_large() -> None:
    for octets in (
        report(parameters={b"RET": b"HDRS"}),
        report(MESSAGE + b"x" * RETURN_LIMIT),
    ):
        _, found = parts(octets)
        assert found[2].get_content_type() == "text/rfc822-headers"
        assert b"X-Folded: a\r\n\tb\r\n" in octets
        assert b"body" not in octets.partition(b"X-Folded")[2]


def test_8bit_content_is_declared() -> None:
    message, found = parts(report(MESSAGE + b"\xe4\r\n"))

    assert message["Content-Transfer-Encoding"] == "8bit"
    assert found[2]["Content-Transfer-Encoding"] == "8bit"
    assert parts(report())[0]["Content-Transfer-Encoding"] is None


@given(st.text(), st.binary(max_size=30))
def test_nothing_that_a_host_says_breaks_the_report(text: str, local_part: bytes) -> None:
    recipient = Recipient(Address(local_part.replace(b"\r", b"").replace(b"\n", b""), b"d.test"))
    octets = report(recipient=recipient, result=Result(Verdict.FAILED, "5.0.0", text, "mx.d.test", 550))

    _, found = parts(octets)
    assert len(found) == 3
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", octets)


def test_notify_decides() -> None:
    for value, wanted in ((None, True), (b"NEVER", False), (b"SUCCESS,failure", True), (b"DELAY", False)):
        recipient = Recipient(Address(b"a", b"d.test"), {} if value is None else {b"NOTIFY": value})
        assert wants_report(recipient) is wanted


def test_a_report_to_an_address_outside_ascii_is_international() -> None:
    """RFC 6533: the media types, and addresses as they are."""
    jose = Address("jos\u00e9".encode(), b"x.test")
    message = "Subject: \u00fc\r\n\r\nbody\r\n".encode()
    envelope = Envelope(jose, (), {b"SMTPUTF8": None})
    outcome = Outcome(Recipient(jose, {b"ORCPT": b"utf-8;jos\\x{E9}@y.test"}), Result(Verdict.FAILED, "5.1.1", "no"))
    octets = Reporter("mail.test", Random(1)).report(envelope, [outcome], message, arrived=ARRIVED, now=NOW)
    assert b"Content-Type: message/global-delivery-status\r\n" in octets
    assert b"Final-Recipient: utf-8; " + jose.to_wire() + b"\r\n" in octets
    assert b"Original-Recipient: utf-8; " + "jos\u00e9@y.test".encode() in octets
    assert b"Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + message in octets


def test_a_report_to_an_ascii_address_needs_no_smtputf8() -> None:
    jose = Address("jos\u00e9".encode(), b"x.test")
    message = "Subject: \u00fc\r\n\r\nbody\r\n".encode()
    envelope = Envelope(Address(b"a", b"b.test"), (), {b"SMTPUTF8": None})
    outcome = Outcome(Recipient(jose), Result(Verdict.FAILED, "5.6.7", "no"))
    octets = Reporter("mail.test", Random(1)).report(envelope, [outcome], message, arrived=ARRIVED, now=NOW)
    assert octets.isascii()
    assert b"Final-Recipient: utf-8; jos\\x{E9}@x.test\r\n" in octets
    assert b"Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n" in octets
