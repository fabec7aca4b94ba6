"""Each IMAP variant is still a server with which mail can be read, and differs from the reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from refmail.blueprint import Blueprint, WireFilter
from refmail.imap.session import ImapSession
from refmail.machine import Machine, Output, Send
from refmail.services import Peer, Services
from refmail.store.memory import MemoryStore
from refmail.variants import all_variants, by_name

Talk = Callable[..., bytes]

NAMES = [variant.name for variant in all_variants() if variant.name.startswith("imap-")]

MESSAGE = (
    b"Content-Type: text/plain; charset=us-ascii\r\nSubject: one\r\nFrom: <a@b.test>\r\n"
    b"Date: Mon, 2 Jan 2006 15:04:05 +0000\r\n\r\nbody\r\n"
)

BEFORE = (
    b"t1 LOGIN fred secret\r\n"
    b"t2 APPEND INBOX {%d}\r\n%b\r\nt3 APPEND INBOX {%d}\r\n%b\r\n"
    b'u4 FROBNICATE\r\nt5 CREATE box\r\nt6 LIST "" *\r\nt7 STATUS INBOX (MESSAGES)\r\nt8 SELECT INBOX\r\n'
    b"t9 FETCH 1:2 (UID ENVELOPE INTERNALDATE BODY[TEXT]<0.3>)\r\n"
    b"u10 SEARCH CHARSET X-NOBODYS ALL\r\nt11 CAPABILITY\r\n"
) % (len(MESSAGE), MESSAGE, len(MESSAGE), MESSAGE)
AFTER = b"t12 CHECK\r\nt13 LOGOUT\r\n"

#: What some servers lose their patience over.
ERRORS = b"".join(b"u%d FETCH 1 FLAGS\r\n" % number for number in range(1, 6))


class Filtered:
    """A machine whose Sends go through wire filters."""

    def __init__(self, machine: Machine, filters: Sequence[WireFilter]) -> None:
        self._machine = machine
        self._filters = filters

    def __getattr__(self, name: str) -> Callable[..., list[Output]]:
        method = getattr(self._machine, name)
        return lambda *arguments: [self._filtered(output) for output in method(*arguments)]

    def _filtered(self, output: Output) -> Output:
        if not isinstance(output, Send):
            return output
        octets = output.octets
        for rewrite in self._filters:
            octets = rewrite(octets)
        return Send(octets)


@pytest.fixture
def talk(services: Services, client_type: Any) -> Talk:
    """Hold the same dialogue with a variant, or with the reference for None, and return what it sent."""

    def held(name: str | None, before: bytes = BEFORE) -> bytes:
        blueprint = Blueprint() if name is None else by_name(name).apply(Blueprint())
        session = cast("type[ImapSession]", blueprint.parts.get("imap", ImapSession))
        filters = [make() for make in blueprint.filters.get("imap", ())]
        store = MemoryStore(now=services.now)
        machine = session(replace(services, store=store), Peer("127.0.0.1", 40000, "127.0.0.1", 143, "imap"))
        client = client_type(Filtered(machine, filters))
        client.feed(before)
        inbox = store.open("fred", "INBOX")
        inbox.add(MESSAGE)
        inbox.expunge([inbox.messages()[0].uid])
        client.feed(AFTER)
        assert client.closed
        return bytes(client.received)

    return held


@pytest.mark.parametrize("name", NAMES)
def test_variant_serves_mail(talk: Talk, name: str) -> None:
    ends = re.findall(rb"(?m)^([tu])[0-9]+ (\w+) ", talk(name))
    assert len(ends) == 13
    assert all((status.upper() == b"OK") == (kind == b"t") for kind, status in ends), ends


@pytest.mark.parametrize("name", NAMES)
def test_variant_differs(talk: Talk, name: str) -> None:
    assert talk(name) != talk(None) or talk(name, ERRORS) != talk(None, ERRORS)
