"""What the relay client says to a host that offers more than the lab's hosts do: another refmail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import cast

import pytest

from refmail.blueprint import Blueprint
from refmail.embed import ServerThread
from refmail.message.envelope import Address, Envelope, Parameters, Recipient
from refmail.queue.client import RelayClient, Result, Verdict
from refmail.queue.router import Hop
from refmail.smtp.session import SmtpSession
from refmail.variants import by_name

ALICE = Address(b"alice", b"example.test")
BINARY = (
    b"MIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    + bytes(range(256)) * 300
    + b"\r\n.\r\nQUIT\r\n"
)

#: Sends a message through and returns the result, and the envelope and octets that arrived.
Relay = Callable[..., tuple[Result, Envelope | None, bytes]]


@pytest.fixture
def relay() -> Iterator[Relay]:
    with ExitStack() as stack:

        def send(
            octets: bytes, parameters: Parameters, of_rcpt: Parameters, variant: str = ""
        ) -> tuple[Result, Envelope | None, bytes]:
            blueprint = by_name(variant).apply(Blueprint()) if variant else Blueprint()
            session = cast("type[SmtpSession]", blueprint.parts.get("smtp", SmtpSession))
            arrived: list[tuple[Envelope, bytes]] = []

            class Watched(session):  # type: ignore[valid-type, misc]  # a class chosen by the test
                """Notes what it accepts."""

                def stamped(self, envelope: Envelope, content: bytes) -> bytes:
                    arrived.append((envelope, content))
                    octets: bytes = super().stamped(envelope, content)
                    return octets

            server = stack.enter_context(ServerThread(blueprint=blueprint.with_part("smtp", Watched)))
            client = RelayClient("client.test", dial={"192.0.2.1": f"127.0.0.1:{server.ports['smtp']}"})
            envelope = Envelope(Address(b"s", b"c.test"), (Recipient(ALICE, of_rcpt),), parameters)
            results = asyncio.run(client.deliver([Hop("mx.test", "192.0.2.1", 10)], envelope, octets))
            taken, content = arrived[0] if arrived else (None, b"")
            return results[ALICE], taken, content

        yield send


def test_binary_goes_on_as_it_is(relay: Relay) -> None:
    result, envelope, octets = relay(BINARY, {b"BODY": b"BINARYMIME"}, {})
    assert result.verdict is Verdict.DELIVERED
    assert envelope is not None
    assert envelope.parameters == {b"SIZE": b"%d" % len(BINARY), b"BODY": b"BINARYMIME"}
    assert octets == BINARY


def test_binary_is_encoded_for_a_host_that_does_not_take_it(relay: Relay) -> None:
    result, envelope, octets = relay(BINARY, {b"BODY": b"BINARYMIME"}, {}, "smtp-without-extensions")
    assert result.verdict is Verdict.DELIVERED
    assert envelope is not None
    assert envelope.parameters == {}
    assert b"Content-Transfer-Encoding: base64\r\n" in octets
    assert not re.search(rb"[\x00\x80-\xff]", octets)


def test_wishes_for_reports_go_on_unchanged(relay: Relay) -> None:
    of_mail = {b"RET": b"Hdrs", b"ENVID": b"a+2Bb"}
    of_rcpt = {b"NOTIFY": b"SUCCESS,failure", b"ORCPT": b"rfc822;Alice+40x"}
    result, envelope, _ = relay(b"x\r\n", of_mail, of_rcpt)
    assert result.reports
    assert envelope is not None
    assert envelope.parameters == {b"SIZE": b"3", **of_mail}
    assert envelope.recipients[0].parameters == of_rcpt


def test_a_host_without_dsn_hears_nothing_of_them(relay: Relay) -> None:
    result, envelope, _ = relay(b"x\r\n", {b"RET": b"HDRS"}, {b"NOTIFY": b"SUCCESS"}, "smtp-without-extensions")
    assert not result.reports
    assert envelope is not None
    assert envelope.parameters == {}
    assert envelope.recipients[0].parameters == {}
